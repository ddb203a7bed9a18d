"""A pattern of `-l` that matches no node is reported, and one that may match is accepted."""

from __future__ import annotations

import pytest

from collector.collect.limit import check_limit
from collector.errors import UsageError
from collector.model import JSON, Result, Status, Target


def result(kind: str, data: JSON, *, node: str | None = None, status: Status = Status.OK) -> Result:
    return Result(kind, kind, kind, Target(node=node), status, data=data if status is Status.OK else None)


CLIENTS = result("nomad_nodes", [{"name": f"odroid{n}"} for n in (6, 7, 8)])
MEMBERS = result("consul_members", [{"name": "consul1"}])
ALLOCATIONS = result("nomad_allocations", [{"node": "gone1"}, {"node": None}])
CHECKS = result("consul_checks", {"instances": [{"node": "lost1"}], "checks": []})
LITEFS = result("litefs_status", {}, node="only-here")
UNREAD = result("nomad_nodes", None, status=Status.TIMEOUT)

FIT = [
    ("no limit", [], [CLIENTS]),
    ("a Nomad client", ["odroid6"], [CLIENTS]),
    ("a pattern", ["odroid[67]"], [CLIENTS]),
    ("a Consul member", ["consul1"], [CLIENTS, MEMBERS]),
    ("a node of an allocation alone", ["gone1"], [CLIENTS, ALLOCATIONS]),
    ("a node of an instance in Consul alone", ["lost1"], [CLIENTS, CHECKS]),
    ("a node that was asked", ["only-here"], [CLIENTS, LITEFS]),
    ("a node that is expected", ["missing1"], [CLIENTS]),
    ("no list was read", ["odroid9"], [UNREAD, ALLOCATIONS]),
    ("names are redacted", ["odroid9"], [result("nomad_nodes", [{"name": "<redacted:own:1>"}])]),
    ("a list that is hidden", ["odroid9"], [result("nomad_nodes", None)]),
    ("no list was asked for", ["odroid9"], [ALLOCATIONS]),
]
UNFIT = [
    ("a typing error", ["odriod6"], [CLIENTS], '-l odriod6 (did you mean "odroid6"? there are: missing1, odroid6, odroid7, odroid8)'),
    ("another name", ["web*"], [CLIENTS], "-l web* (there are: missing1, odroid6, odroid7, odroid8)"),
    ("one of two", ["odroid6", "web*"], [CLIENTS], "-l web*"),
    ("capital letters", ["ODROID*"], [CLIENTS], "-l ODROID*"),
    ("one list of two was read", ["web1"], [UNREAD, MEMBERS], "-l web1 (there are: consul1, missing1)"),
    ("many nodes", ["web*"], [result("nomad_nodes", [{"name": f"n{n:02}"} for n in range(30)])], "n18 and 11 more)"),
]


@pytest.mark.parametrize(("limit", "results"), [case[1:] for case in FIT], ids=[case[0] for case in FIT])
def test_a_limit_that_may_match_is_accepted(limit: list[str], results: list[Result]) -> None:
    check_limit(limit, results, {"nodes": ["missing1"]})


@pytest.mark.parametrize(("limit", "results", "says"), [case[1:] for case in UNFIT], ids=[case[0] for case in UNFIT])
def test_a_pattern_that_matches_no_node_is_refused_with_the_known_nodes(limit: list[str], results: list[Result], says: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_limit(limit, results, {"nodes": ["missing1"]})
    assert "no node fits -l " in str(refused.value)
    assert says in str(refused.value)


def test_a_number_of_expected_nodes_names_none() -> None:
    with pytest.raises(UsageError, match="there are: odroid6"):
        check_limit(["x"], [CLIENTS], {"nodes": 3})
