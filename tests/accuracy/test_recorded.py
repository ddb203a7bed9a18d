"""The network-free collection used for grading equals a run through HTTP and processes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from collector.bundle import load_bundle
from collector.model import Bundle
from collector.resources import incidents
from tests.accuracy.recorded import bundle_of
from tests.hostile.run import diagnose, recorded


def told(bundle: Bundle) -> Iterator[tuple[Any, ...]]:
    """Return each item with everything rules may use, except when LiteFS was queried by this machine's clock."""
    for one in sorted(bundle.results):
        data = (
            {key: value for key, value in one.data.items() if key not in {"date_at", "date_within"}}
            if isinstance(one.data, dict)
            else one.data
        )
        attempts = [
            (a.rung, a.status, a.reason, a.cause, a.code, *(e.partition("?")[0] for e in a.endpoints if e.startswith("GET")))
            for a in one.attempts
        ]
        yield one.id, one.target, one.status, one.rung, one.reason, data, attempts


@pytest.mark.parametrize("name", incidents())
def test_grading_uses_the_same_data_as_a_run(name: str) -> None:
    run = load_bundle(io.BytesIO(diagnose(name, deadline="30s").files["bundle.json"]), name)
    assert list(told(bundle_of(recorded(name)))) == list(told(run))
