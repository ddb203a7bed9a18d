"""Grades a report against the known truth."""

from __future__ import annotations

from dataclasses import dataclass

from collector.analyze import analyze
from collector.model import Report, Severity
from collector.rulebook.rule import UNKNOWN
from tests.accuracy.recorded import bundle_of
from tests.accuracy.variants import Variant


@dataclass(frozen=True, slots=True)
class Grade:
    """A graded variant. `extra` holds wrong critical accusations, `missed` true causes that no root names."""

    name: str
    truth: str
    first: str
    cause: bool
    node: bool
    evidence: bool
    extra: tuple[str, ...]
    missed: tuple[str, ...]
    verdict: str

    @property
    def right(self) -> bool:
        """True if the first root cause is a true one, on its node, with evidence; for a healthy cluster if there is none."""
        return self.cause and self.node and self.evidence


def grade(variant: Variant) -> Grade:
    """Collect, analyze and compare."""
    return compared(variant, analyze(bundle_of(variant.recording, variant.vars)))


def compared(variant: Variant, report: Report) -> Grade:
    roots = [(root.code, root.node) for root in report.root_causes]
    true = {(code, node) for code, where in variant.expected for node in where}
    first = report.root_causes[0] if report.root_causes else None
    unsaid = variant.open and (first is None or first.code in {UNKNOWN, "access.denied"})
    critical = [(root.code, root.node) for root in report.root_causes if root.severity is Severity.CRITICAL]
    told = (first.code, first.node) if first else None
    proven = bool(first and first.evidence and all(one.quote for one in first.evidence))
    return Grade(
        name=variant.name,
        truth=", ".join(f"{code} on {_where(where)}" for code, where in variant.expected) or "healthy",
        first=f"{first.code} on {first.node or 'the cluster'}" if first else "none",
        cause=unsaid or (told[0] in {code for code, _ in true} if told else not true),
        node=unsaid or (told in true if told else not true),
        evidence=unsaid or proven or not (true or first),
        extra=tuple(
            f"{code} on {node or 'the cluster'}" for code, node in critical if (code, node) not in true and not (unsaid and code == UNKNOWN)
        ),
        missed=() if unsaid else tuple(sorted(f"{code} on {node or 'the cluster'}" for code, node in true - set(roots))),
        verdict=str(report.verdict),
    )


def _where(nodes: frozenset[str | None]) -> str:
    return ", ".join(sorted(node or "the cluster" for node in nodes))
