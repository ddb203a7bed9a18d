"""The verdict and its coverage, by the rules of docs/verdict.md; what should have been seen is the denominator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from collector.model import HIDDEN, Bundle, Coverage, Finding, Result, Severity, Status, Verdict
from collector.observe import Observed
from collector.observe.cluster.expected import missing_nodes
from collector.observe.cluster.gaps import DECISIVE
from collector.observe.litefs.states import elsewhere

ON_THE_NODE = {"litefs_status", "check_output", "nomad_logs"}
"""Kinds that ask a node itself, directly or through its Nomad client."""


def coverage(seen: Observed, given_up: Iterable[Result] = ()) -> Coverage:
    """What was planned and what was seen; `given_up` are rules, as results that are not there.

    A skipped item was not planned; a failure that the spec ignores is no gap.
    """
    planned = [result for result in (*seen.world.bundle.results, *given_up) if result.status is not Status.SKIPPED]
    gaps = [r for r in planned if r.status is not Status.OK and not r.ignore_errors and not elsewhere(seen.world, r)]
    return Coverage(
        planned=len(planned),
        collected=sum(result.status is Status.OK for result in planned),
        unseen_nodes=tuple(sorted(_unseen(seen))),
        gaps=tuple({"item": r.id, "target": str(r.target), "status": str(r.status), "reason": r.reason} for r in gaps),
    )


def judge(roots: Sequence[Finding], bundle: Bundle, covered: Coverage) -> Verdict:
    """The verdict.

    critical: a root cause is critical. unknown: none is, and what decides was not seen. warning: a lesser root cause, or a gap.
    ok: everything that was planned was seen, and nothing is wrong.
    """
    severities = {root.severity for root in roots}
    if Severity.CRITICAL in severities:
        return Verdict.CRITICAL
    if blind(bundle.results) or not covered.collected or bundle.interrupted:
        return Verdict.UNKNOWN
    return Verdict.WARNING if Severity.WARNING in severities or covered.gaps or covered.unseen_nodes else Verdict.OK


def blind(results: Iterable[Result]) -> list[Result]:
    """The decisive results that are not there: without them nobody knows whether instances live and pass their checks."""
    decisive = (r for r in results if r.kind in DECISIVE and not r.ignore_errors)
    return [r for r in decisive if r.status not in {Status.OK, Status.SKIPPED} or r.reason == HIDDEN]


def _unseen(seen: Observed) -> set[str]:
    """Nodes that were asked and never answered, and nodes that the spec expects and nobody knows."""
    asked: dict[str, bool] = {}
    for result in seen.world.bundle.results:
        node = seen.world.node(result.target.node)
        if node and result.kind in ON_THE_NODE and result.status is not Status.SKIPPED:
            asked[node] = asked.get(node, False) or result.status is Status.OK
    missing = missing_nodes(seen.world, seen.nodes)
    return {node for node, answered in asked.items() if not answered} | (set() if isinstance(missing, int) else set(missing))
