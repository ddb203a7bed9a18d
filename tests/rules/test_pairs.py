"""Two faults on two nodes are two roots: findings on one node do not depend on another node that is not the primary.

Every case of `cases/` about the replica n2 only is combined with another one, moved to n3.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest

from collector.analyze import analyze
from tests.analysis.bundles import address, bundle, ident
from tests.rules.test_cases import CASES

HERE, THERE = "n2", "n3"
STRIDE = 97
"""How far from a case the one stands that is put beside it: farther than the cases of one cause go, and prime."""
ANSWER = {"code", "node", "not", "root", "says", "verdict", "title", "quote", "remedy", "also", "optional"}
OF_THE_WHOLE = {
    "the same, but the instance is two minutes old and its check runs every ten seconds",
    "the spec queries no agent, and the catalog has no output",
    "something answers on LiteFS's port, but LiteFS's own state was not seen",
    "the same, and LiteFS could be read only from inside its task",
    "two nodes say they are primary",
    "an old allocation's entry stands for a running one that is not registered itself, and its check passes",
}
"""What is found of these is no matter of one node: whether agents are asked at all, or keep what checks say, a right that is
missing, who leads, a service."""


@cache
def roots(nodes: str) -> frozenset[tuple[str, str | None, str]]:
    """Return code, node and severity of every root with these nodes (JSON) changed."""
    report = analyze(bundle({"nodes": json.loads(nodes)}))
    return frozenset((root.code, root.node, str(root.severity)) for root in report.root_causes)


def moved(change: Any) -> Any:
    """Return a change of n2 as one of n3."""
    text = json.dumps(change).replace(ident(HERE), ident(THERE)).replace(address(HERE), address(THERE))
    return json.loads(re.sub(rf"\b{HERE}\b", THERE, text.replace('"id": "old"', '"id": "old-there"')))


def _alone() -> list[dict[str, Any]]:
    about = [case for case in CASES if set(case) <= {"nodes", *ANSWER} and list(case.get("nodes", ())) == [HERE]]
    return [case for case in about if case["says"] not in OF_THE_WHOLE]


ALONE = _alone()


@pytest.mark.parametrize("place", range(len(ALONE)), ids=lambda place: ALONE[place]["says"])
def test_two_faults_on_two_nodes_are_two_roots(place: int) -> None:
    here, there = ALONE[place]["nodes"][HERE], moved(ALONE[(place + STRIDE) % len(ALONE)]["nodes"][HERE])
    alone = roots(json.dumps({HERE: here})) | roots(json.dumps({THERE: there}))
    assert roots(json.dumps({HERE: here, THERE: there})) == alone
