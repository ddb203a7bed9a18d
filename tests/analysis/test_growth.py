"""Analysis and rendering scale linearly with the number of nodes, counted in function calls rather than timed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from collector.analyze import analyze
from collector.analyze.impact import impacts
from collector.model import Attempt, Bundle, Result, Status, Target
from collector.observe import observe
from collector.observe.cluster.nodes import observe_nodes
from collector.observe.cluster.servers import servers
from collector.observe.world.survey import survey
from collector.render import render
from collector.spec.schema import FORMATS
from tests.analysis.bundles import NOW, bundle

REFUSED = {"status": "critical", "output": "dial tcp 10.1.0.12:8080: connect: connection refused"}
SICK: dict[str, dict[str, Any]] = {
    "all are well": {},
    "one in two is refused": {"checks": {"ping": REFUSED}},
    "one in two does not follow": {"litefs": {"lag_seconds": 60.0}, "log": ["fatal: no theme"]},
    "one in two is silent": {"fails": {"status": "unreachable", "cause": "refused"}, "checks": {"ping": REFUSED}},
}
FACTOR = 4
"""So many times the nodes."""
ROOM = 1.05
"""What is done for every node costs a little more with long names and high numbers."""


def made(nodes: int, sick: dict[str, Any]) -> Bundle:
    """Return a cluster of that size in which every second node is unhealthy."""
    names = [f"n{number}" for number in range(1, nodes + 1)]
    return bundle({"names": names, "nodes": dict.fromkeys(names[1::2], sick)})


def calls(work: Callable[[], object]) -> int:
    """Return the number of functions called."""
    counted = 0

    def count(_frame: Any, event: str, _arg: Any) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return counted


@pytest.mark.parametrize("says", SICK)
def test_four_times_the_nodes_take_four_times_the_calls_to_analyse(says: str) -> None:
    few, many = (made(size, SICK[says]) for size in (50, 50 * FACTOR))
    analyze(few)  # excludes what is computed only once
    assert calls(lambda: analyze(many)) < ROOM * FACTOR * calls(lambda: analyze(few))


@pytest.mark.parametrize("says", SICK)
def test_a_nodes_details_do_not_depend_on_the_number_of_nodes(says: str) -> None:
    few, many = (analyze(made(size, SICK[says])).findings for size in (8, 80))
    assert {(one.code, one.title) for one in few if one.node == "n2"} == {(one.code, one.title) for one in many if one.node == "n2"}


def test_the_impact_of_many_causes_needs_no_full_scan_for_each():
    def work(size: int) -> Callable[[], object]:
        one = made(size, SICK["one in two is refused"])
        roots, seen = analyze(one).root_causes, observe(one)
        assert len(roots) == size // 2
        return lambda: impacts(roots, {}, seen)

    few, many = work(50), work(50 * FACTOR)
    assert calls(many) < ROOM * FACTOR * calls(few)


def test_a_node_that_is_not_a_member_needs_no_scan_of_all_members():
    def work(size: int) -> Callable[[], object]:
        seen = observe(made(size, {"member": None}))
        return lambda: list(observe_nodes(seen.world, seen.nodes, seen.checks, set()))

    few, many = work(50), work(50 * FACTOR)
    assert calls(many) < ROOM * FACTOR * calls(few)


def test_recovery_of_failed_items_needs_no_full_scan_for_each() -> None:
    """There is no leader, and many allocations' checks were requested in vain."""

    def work(size: int) -> Callable[[], object]:
        attempt = Attempt("api", Status.FAILED, "No cluster leader", 0.1)
        failed = [
            Result(f"c{number}", "", "nomad_checks", Target(), Status.FAILED, attempts=(attempt,), started_at=NOW + number)
            for number in range(size)
        ]
        world = survey(bundle({"gaps": {"nomad_*": {"status": "timeout", "cause": "timeout"}}})._replace(results=tuple(failed)))
        return lambda: servers(world, "nomad")

    few, many = work(50), work(50 * FACTOR)
    assert calls(many) < ROOM * FACTOR * calls(few)


@pytest.mark.parametrize("format_", FORMATS)
def test_four_times_the_nodes_take_four_times_the_calls_to_show(format_: str) -> None:
    few, many = (analyze(made(size, SICK["one in two does not follow"])) for size in (50, 50 * FACTOR))
    render(few, format_, verbose=1)
    assert calls(lambda: render(many, format_, verbose=1)) < ROOM * FACTOR * calls(lambda: render(few, format_, verbose=1))
