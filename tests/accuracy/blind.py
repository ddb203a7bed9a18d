"""Tests partial visibility: every decided incident again with one kind of item removed at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from collector.analyze import analyze
from collector.model import Bundle, Report, Result, Severity, Status, Verdict
from collector.rulebook.rule import UNKNOWN
from tests.analysis.bundles import bundle
from tests.decided.incidents import bundle_of, incidents
from tests.rules.test_cases import CASES

HIDDEN = (
    ("nomad_logs",),
    ("litefs_status",),
    ("nomad_logs", "litefs_status"),
    ("check_output",),
    ("nomad_nodes", "consul_members"),
    ("nomad_evaluations", "nomad_deployments"),
    ("consul_lease",),
    ("nomad_job",),
    ("nomad_allocations",),
    ("consul_checks",),
)
WHY = ((Status.DENIED, "HTTP 403: Permission denied"), (Status.TIMEOUT, "did not answer in time"))
OF_THE_BLINDNESS = ("access.", "nomad.server.", "nomad.no-leader", "consul.server.", "consul.no-leader")
"""Causes that say why something was not seen; they are what is to be said."""


@dataclass(slots=True)
class Count:
    """Number of runs, of new critical roots compared with full visibility, and of verdicts ok despite missing data."""

    runs: int = 0
    accused: int = 0
    well: int = 0


def seen_in_part() -> list[str]:
    """Return the section for docs/accuracy.md."""
    counts = {kinds: Count() for kinds in HIDDEN}
    for whole in [*(bundle_of(case) for case in incidents().values()), *map(bundle, CASES)]:
        full = analyze(whole)
        for kinds in HIDDEN:
            for why in WHY:
                _add(counts[kinds], full, analyze(_without(whole, kinds, *why)))
    return _lines(counts)


def _without(whole: Bundle, kinds: Iterable[str], status: Status, reason: str) -> Bundle:
    def of(result: Result) -> Result:
        hidden = result.kind in kinds and result.data is not None
        return result._replace(status=status, data=None, reason=reason, rung=None) if hidden else result

    return whole._replace(results=tuple(map(of, whole.results)))


def _add(count: Count, full: Report, part: Report) -> None:
    hinted = {(finding.code, finding.node) for finding in full.findings}
    critical = {(root.code, root.node) for root in part.root_causes if root.severity is Severity.CRITICAL}
    new = {one for one in critical - hinted if one[0] != UNKNOWN and not one[0].startswith(OF_THE_BLINDNESS)}
    count.runs += 1
    count.accused += bool(new)
    count.well += part.verdict is Verdict.OK and full.verdict is not Verdict.OK


def _lines(counts: dict[tuple[str, ...], Count]) -> list[str]:
    runs, accused, well = (sum(getattr(count, what) for count in counts.values()) for what in ("runs", "accused", "well"))
    return [
        "## Seen in part",
        "",
        "Each of these incidents, and each case of tests/rules, once more for each kind of item that is taken away, refused and out of",
        f"time in turn: {runs} analyses. {well} call a cluster ok that is not, and {accused} ({accused / runs:.1%}) name a critical cause",
        "that nothing hinted at when all was seen (some of these are right: with less to see, the next thing is said).",
        "",
        "| not seen | analyses | another critical cause | ok, and is not |",
        "|---|---|---|---|",
        *(f"| {', '.join(kinds)} | {count.runs} | {count.accused} | {count.well} |" for kinds, count in counts.items()),
    ]
