"""Analysis grows with the number of nodes and no faster: counted in function calls, so that no clock decides."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from collector.analyze import analyze
from tests.analysis.bundles import bundle

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


def calls(nodes: int, sick: dict[str, Any]) -> int:
    """How many functions analysing a cluster of that size calls."""
    names = [f"n{number}" for number in range(1, nodes + 1)]
    made = bundle({"names": names, "nodes": dict.fromkeys(names[1::2], sick)})
    counted = 0

    def count(_frame: Any, event: str, _arg: Any) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        analyze(made)
    finally:
        sys.setprofile(before)
    return counted


@pytest.mark.parametrize("says", SICK)
def test_four_times_the_nodes_take_four_times_the_calls(says: str) -> None:
    calls(4, SICK[says])  # what is made once, is
    few, many = calls(25, SICK[says]), calls(25 * FACTOR, SICK[says])
    assert many < ROOM * FACTOR * few
