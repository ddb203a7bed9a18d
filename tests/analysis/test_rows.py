"""A cluster with many unhealthy nodes is scanned once, not once per node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from collector.analyze import analyze
from collector.analyze.rows import details, rows
from collector.observe import observe
from collector.render import report_document
from collector.render.nodes import node_rows
from tests.analysis.bundles import NOW, bundle

SICK = {"checks": {"ping": {"status": "critical", "output": "500"}}, "log": ["FATAL: no"], "litefs": {"lag_seconds": 20.0}}


class Counted(list[Any]):
    """A list that counts how often it is iterated."""

    times = 0

    def __iter__(self) -> Iterator[Any]:
        self.times += 1
        return super().__iter__()


class CountedValues(dict[Any, Any]):
    """A mapping that counts how often it is iterated."""

    times = 0

    def values(self) -> Any:
        self.times += 1
        return super().values()


def sick(number: int) -> Any:
    names = tuple(f"n{index}" for index in range(1, number + 1))
    return names, bundle({"names": names, "nodes": dict.fromkeys(names, SICK)})


@pytest.mark.parametrize("number", [3, 12])
def test_the_number_of_scans_does_not_depend_on_the_number_of_nodes(number: int) -> None:
    names, one = sick(number)
    seen = observe(one)
    counted = seen._replace(checks=Counted(seen.checks), logs=Counted(seen.logs), litefs=CountedValues(seen.litefs))
    for show in (lambda: rows(counted, ()), lambda: details(counted, names)):
        assert len(show()) == number
    assert (counted.checks.times, counted.logs.times, counted.litefs.times) == (2, 1, 2)
    assert details(counted, names) == details(seen, names)


@pytest.mark.parametrize("number", [3, 12])
def test_the_number_of_scans_of_findings_does_not_depend_on_the_number_of_rows(number: int) -> None:
    document = report_document(analyze(sick(number)[1]))
    findings = Counted(document["findings"])
    shown = node_rows({**document, "findings": findings}, verbose=0)
    assert len(shown["rows"]) == number
    assert findings.times == 2


def test_a_node_without_a_primary_to_follow_shows_no_lag() -> None:
    alone = {"role": "unknown", "is_primary": False, "primary_hostname": None, "lag_seconds": 0.0}
    document = report_document(analyze(bundle({"nodes": {"n2": {"litefs": alone}}})))
    assert {row["name"]: row["lag_seconds"] for row in document["nodes"]}["n2"] is None


def test_the_latest_events_of_a_node_are_shown_whichever_of_its_tasks_they_are_of():
    quiet = [{"type": "Template", "ago": ago, "message": "re-rendered"} for ago in range(1000, 1012)]
    broken = {"worker": {"state": "dead", "failed": True, "events": [{"type": "Terminated", "ago": 20, "exit_code": 1}]}}
    seen = observe(bundle({"nodes": {"n2": {"events": quiet, "more": broken}}}))
    (detail,) = details(seen, ["n2"])
    assert [event["at"] for event in detail.events] == sorted((event["at"] for event in detail.events), reverse=True)
    assert detail.events[0]["type"] == "Terminated"


AHEAD = 95.0
"""Seconds: a node whose clock is ahead stamps its task events so."""


def test_a_tasks_uptime_is_by_its_nodes_clock():
    litefs = {"date": NOW + AHEAD, "date_at": NOW, "started_at": None, "uptime_seconds": None}
    seen = observe(bundle({"nodes": {"n2": {"litefs": litefs, "events": [{"type": "Started", "ago": 105}]}}}))
    (row,) = [row for row in rows(seen, ()) if row.name == "n2"]
    assert row.uptime_seconds == 105 + AHEAD


def test_a_nomad_check_shows_in_nomads_column() -> None:
    """Consul does not know the check, so there the node passes."""
    fails = [
        {
            "id": "a1",
            "service": "wiki",
            "name": "ping",
            "status": "failure",
            "code": None,
            "output": "dial tcp 10.1.0.12:8080: connect: connection refused",
        }
    ]
    document = report_document(analyze(bundle({"nodes": {"n2": {"checks": {}, "registered": False, "nomad_checks": fails}}})))
    shown = {row["name"]: [cell["text"] for cell in row["cells"][1:3]] for row in node_rows(document, verbose=0)["rows"]}
    assert shown == {"n1": ["passing", "ready"], "n2": ["passing", "CRITICAL"], "n3": ["passing", "ready"]}
