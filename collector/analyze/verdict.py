"""The verdict and its coverage, as defined in docs/verdict.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from collector.model import HIDDEN, Bundle, Coverage, Finding, Result, Severity, Status, Verdict
from collector.observe import Observed
from collector.observe.cluster.expected import missing_nodes
from collector.observe.cluster.gaps import DECISIVE
from collector.observe.cluster.nodes import ON_THE_NODE
from collector.observe.litefs.states import elsewhere


def coverage(seen: Observed, given_up: Iterable[Result] = ()) -> Coverage:
    """Return what was planned and what was collected; `given_up` are abandoned rules, as missing results.

    Skipped items count as not planned; failures that the spec ignores are not gaps.
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
    """Return the verdict.

    critical: a root cause is critical. unknown: none is, but a decisive result is missing. warning: a lesser root cause, or a gap.
    ok: everything planned was collected, and nothing is wrong.
    """
    severities = {root.severity for root in roots}
    if Severity.CRITICAL in severities:
        return Verdict.CRITICAL
    if blind(bundle.results) or not covered.collected or bundle.interrupted:
        return Verdict.UNKNOWN
    return Verdict.WARNING if Severity.WARNING in severities or covered.gaps or covered.unseen_nodes else Verdict.OK


def blind(results: Iterable[Result]) -> list[Result]:
    """Return the decisive results that are missing: without them it is unknown whether instances run and pass their checks."""
    decisive = (r for r in results if r.kind in DECISIVE and not r.ignore_errors)
    return [r for r in decisive if r.status not in {Status.OK, Status.SKIPPED} or r.reason == HIDDEN]


def _unseen(seen: Observed) -> set[str]:
    """Return nodes that were queried and never answered, and expected nodes that are not known."""
    asked: dict[str, bool] = {}
    for result in seen.world.bundle.results:
        node = seen.world.node(result.target.node)
        if node and result.kind in ON_THE_NODE and result.status is not Status.SKIPPED:
            asked[node] = asked.get(node, False) or result.status is Status.OK
    missing = missing_nodes(seen.world, seen.nodes)
    return {node for node, answered in asked.items() if not answered} | (set() if isinstance(missing, int) else set(missing))
