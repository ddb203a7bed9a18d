"""Evaluates a single rule: a hundred times faster than an analysis, and shows where a mutation cannot matter."""

from __future__ import annotations

from collector import analyze
from collector.analyze.engine import Engine
from collector.model import Bundle
from collector.observe import TOPICS
from collector.rulebook.rule import Rule

Found = tuple[list[tuple[object, ...]], list[tuple[object, ...]]]


def codes_found(bundle: Bundle) -> set[str]:
    """Return the codes of which all rules together find something, explained, ruled out or not."""
    report = analyze.analyze(bundle)
    return {one.code for one in (*report.findings, *report.ruled_out)}


def found(rule: Rule | None, bundle: Bundle) -> Found:
    """Return the subjects and observations it matches, and what its `unless` suppresses. Nothing without a rule."""
    if rule is None:
        return [], []
    hits, dropped = Engine(analyze.observe(bundle).observations, TOPICS).run([rule])
    seen = [(hit.subject.scope, [*map(id, hit.match.observations)], [*map(id, hit.match.quiet)], hit.match.captures) for hit in hits]
    return seen, [(one.subject.scope, one.because) for one in dropped]
