"""Reports from elsewhere and modified kept runs: whatever is accepted can be compared and shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from collector import validate
from collector.analyze import analyze
from collector.history import compare, joined, outlook
from collector.history.run import dump_run, load_run
from collector.model import Report
from collector.render import changes_text, render, report_document
from tests.analysis.bundles import bundle

GONE = object()
ODD = {
    "gone": GONE,
    "null": None,
    "text": "x",
    "number": 7,
    "fraction": 0.5,
    "true": True,
    "list": [],
    "object": {},
    "no moment": "2026-02-30T00:00:00Z",
    "no zone": "2026-11-24T06:00:00",
    "the first year": "0001-01-01T00:00:00+23:59",
}
FITS = validate._validator("report").is_valid
"""Whether a report fits its schema: here the first misfit is enough, and is found in half the time."""
SICK = {"checks": {"ping": {"status": "critical", "output": "500"}}, "log": ["FATAL: no"], "litefs": {"lag_seconds": 20.0}}


def report() -> Report:
    return analyze(bundle({"nodes": {"n2": SICK}}))


def document() -> Any:
    told = report()
    return json.loads(json.dumps(report_document(told._replace(spec={**told.spec, "sha256": "0" * 64}))))


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the positions in the data; of a list only the first entry."""
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


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_what_fits_the_schema_can_be_compared_and_shown(odd: Any) -> None:
    sound = document()
    assert FITS(sound)
    for one in (changed(sound, at, odd) for at in places(sound)):
        if FITS(one):
            assert compare(one, sound)
            assert changes_text({**one, "changes": compare(sound, one)})


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_kept_run_is_refused_or_can_be_compared_and_shown(odd: Any) -> None:
    well = report_document(analyze(bundle({})))
    first = outlook(None, {**well, "started_at": "2020-01-01T00:00:00.000Z"}).run
    kept = json.loads(json.dumps(dump_run(outlook(first, document()).run)))
    assert all(kept[name] for name in ("findings", "nodes", "tracks", "series", "facts", "moments", "cluster"))
    reports = [(now, report_document(now)) for now in (report(), analyze(bundle({})))]
    for at in places(kept):
        try:
            before = load_run(changed(kept, at, odd))
        except ValueError as error:
            assert "no run of format" in str(error)  # noqa: PT017 - most are refused
            continue
        for now, shown in reports:
            told = joined(now, outlook(before, shown))
            assert render(told, "text", verbose=1)
            assert render(told, "html")
