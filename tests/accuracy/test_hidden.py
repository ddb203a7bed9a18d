"""Whatever is hidden, nothing untrue is accused and nothing unseen is called healthy."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector import resources
from collector.analyze import analyze
from collector.model import Attempt, Result, Severity, Status, Verdict
from collector.replay.recording import Recording
from tests.accuracy.recorded import bundle_of
from tests.accuracy.variants import plain

MAY_BE_NAMED = {"unknown", "access.denied"}


@cache
def known(incident):
    recording = Recording.load(resources.incident(incident))
    return bundle_of(recording), {(code, node) for code, where in plain(incident, recording).expected for node in where}


def hidden(result: Result, status: Status) -> Result:
    code = 403 if status is Status.DENIED else None
    attempts = [one._replace(status=status, cause="", code=code, reason="hidden") for one in result.attempts]
    return result._replace(
        status=status, data=None, rung=None, reason="hidden", attempts=tuple(attempts or [Attempt("api", status, "hidden", 0.0)])
    )


@pytest.mark.parametrize("incident", resources.incidents())
@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_untrue_is_accused_when_items_are_missing(incident, data):
    bundle, true = known(incident)
    status = data.draw(st.sampled_from([Status.DENIED, Status.BUDGET, Status.INVALID]))
    missing = data.draw(st.sets(st.integers(0, len(bundle.results) - 1)))
    report = analyze(bundle._replace(results=tuple(hidden(r, status) if i in missing else r for i, r in enumerate(bundle.results))))
    critical = {(root.code, root.node) for root in report.root_causes if root.severity is Severity.CRITICAL}
    assert not {(code, node) for code, node in critical - true if code not in MAY_BE_NAMED}
    if missing or true:
        assert report.verdict is not Verdict.OK
