"""What one rule finds by itself: it costs a hundredth of a whole analysis, and tells where a broken rule cannot matter."""

from __future__ import annotations

from collector import analyze
from collector.analyze.engine import Engine
from collector.model import Bundle
from collector.observe import TOPICS
from collector.rulebook.rule import Rule

Found = tuple[list[tuple[object, ...]], list[tuple[object, ...]]]


def codes_found(bundle: Bundle) -> set[str]:
    """The causes and symptoms of which all rules find something, whatever explains what, or rules it out."""
    report = analyze.analyze(bundle)
    return {one.code for one in (*report.findings, *report.ruled_out)}


def found(rule: Rule | None, bundle: Bundle) -> Found:
    """On which subjects, for what observations; and what its `unless` keeps from being found. Of no rule nothing."""
    if rule is None:
        return [], []
    hits, dropped = Engine(analyze.observe(bundle).observations, TOPICS).run([rule])
    seen = [(hit.subject.scope, [*map(id, hit.match.observations)], [*map(id, hit.match.quiet)], hit.match.captures) for hit in hits]
    return seen, [(one.subject.scope, one.because) for one in dropped]
