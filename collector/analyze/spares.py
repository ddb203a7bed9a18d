"""Instances that are not missed: their critical findings become warnings, and root causes on a canary are labelled as the canary's."""

from __future__ import annotations

from collections.abc import Sequence

from collector.analyze.causes import Causes
from collector.analyze.hits import Hit
from collector.model import Finding, Severity
from collector.observe import Observation, Observed

SPARE = "It is a canary: the old version has all its instances, all healthy, and keeps serving. The deployment waits, or fails."
CANARY = "It is a canary, which a deployment runs beside the old version."


def downgraded(hits: Sequence[Hit], seen: Observed) -> list[Hit]:
    """Return the hits with their severity lowered for spare instances, and for evaluations that wait only for spare ones."""
    (whole,) = seen.observations.of("cluster")
    leaderless = bool(whole.fields["leaderless"])
    spare = {one.scope["alloc"] for one in seen.observations.of("instance") if _is_spare(one, leaderless=leaderless)}
    return [_downgraded(hit) if hit.subject.scope.get("alloc") in spare or _only_spares_wait(hit) else hit for hit in hits]


def _is_spare(one: Observation, *, leaderless: bool) -> bool:
    """A canary beside a complete old version, or an instance that restarts at once, unless it was the only primary."""
    return bool(one.fields["spare"] or (one.fields["returns"] and not leaderless))


def _only_spares_wait(hit: Hit) -> bool:
    """True if every blocked evaluation behind this hit is for instances that nobody needs."""
    waiting = [one for one in hit.match.observations if one.topic == "evaluation"]
    return bool(waiting) and all(one.fields["spare"] for one in waiting)


def _downgraded(hit: Hit) -> Hit:
    return hit._replace(rule=hit.rule._replace(severity=Severity.WARNING)) if hit.rule.severity is Severity.CRITICAL else hit


def marked_as_canaries(causes: Causes, seen: Observed) -> Causes:
    """Return the causes with each root cause on a canary labelled as the canary's."""
    words = {
        one.scope["alloc"]: SPARE if one.fields["spare"] else CANARY for one in seen.observations.of("instance") if one.fields["canary"]
    }
    return causes.with_roots(_marked(root, words[root.alloc]) if root.alloc in words else root for root in causes.roots)


def _marked(root: Finding, words: str) -> Finding:
    return root._replace(title=f"the canary: {root.title}", detail=f"{words} {root.detail}".strip())
