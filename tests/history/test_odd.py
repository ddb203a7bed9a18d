"""A report from somewhere else: what fits the schema can be compared and shown, whatever is missing or odd in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from collector.analyze import analyze
from collector.history import compare
from collector.render import changes_text, report_document
from collector.validate import schema_problems
from tests.analysis.bundles import bundle

SICK = {"checks": {"ping": {"status": "critical", "output": "500"}}, "log": ["FATAL: no"], "litefs": {"lag_seconds": 20.0}}
GONE = object()


def document() -> Any:
    report = analyze(bundle({"nodes": {"n2": SICK}}))
    return json.loads(json.dumps(report_document(report._replace(spec={**report.spec, "sha256": "0" * 64}))))


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands, of a list its first entry."""
    if at:
        yield at
    for key in value if isinstance(value, dict) else range(len(value[:1])) if isinstance(value, list) else ():
        yield from places(value[key], (*at, key))


def changed(whole: Any, at: tuple[Any, ...], odd: Any) -> Any:
    whole = deepcopy(whole)
    inner = whole
    for key in at[:-1]:
        inner = inner[key]
    if odd is GONE:
        del inner[at[-1]]
    else:
        inner[at[-1]] = odd
    return whole


@pytest.mark.parametrize(
    "odd", [GONE, None, "x", 7, [], {}, "2026-02-30T00:00:00Z"], ids=["gone", "null", "text", "number", "list", "object", "no moment"]
)
def test_what_fits_the_schema_can_be_compared_and_shown(odd: Any) -> None:
    sound = document()
    assert not schema_problems("report", sound)
    for one in (changed(sound, at, odd) for at in places(sound)):
        if not schema_problems("report", one):
            assert compare(one, sound)
            assert changes_text({**one, "changes": compare(sound, one)})
