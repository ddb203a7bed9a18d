"""The report's first root cause is what the recording's `meta` says."""

from __future__ import annotations

import pytest

from collector.model import Severity, Verdict
from collector.resources import incidents
from tests.e2e.incidents import recording, report

MANY = {"all", "replicas"}


@pytest.mark.parametrize("name", [name for name in incidents() if recording(name).meta["cause"]])
def test_the_first_root_cause_is_the_injected_one_on_its_node_with_evidence(name: str) -> None:
    meta = recording(name).meta
    first = report(name).root_causes[0]
    assert first.code == meta["cause"]
    if meta["node"] in MANY:
        assert first.node is not None
    else:
        assert first.node == meta["node"]
    assert all(evidence.quote for evidence in first.evidence)
    assert first.evidence


@pytest.mark.parametrize("name", incidents())
def test_nothing_else_is_accused(name: str) -> None:
    meta = recording(name).meta
    accused = {finding.code for finding in report(name).root_causes if finding.severity is Severity.CRITICAL}
    assert accused <= {meta["cause"]}


def test_a_healthy_cluster_is_ok_and_nothing_is_found() -> None:
    healthy = report("healthy")
    assert (healthy.verdict, healthy.root_causes, healthy.coverage.gaps) == (Verdict.OK, (), ())
