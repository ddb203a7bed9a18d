"""Problems of a canary alone: a warning while nothing lacks it, and reported as the canary's."""

from __future__ import annotations

from collections.abc import Sequence

from collector.analyze.causes import Causes
from collector.analyze.hits import Hit
from collector.model import Finding, Severity
from collector.observe import Observed

SPARE = "It is a canary: the old version has all its instances, all healthy, and keeps serving. The deployment waits, or fails."
CANARY = "It is a canary, which a deployment runs beside the old version."


def downgraded(hits: Sequence[Hit], seen: Observed) -> list[Hit]:
    """The hits; what is critical about a canary that nobody misses is a warning, and so is that there is no place for one."""
    spare = {one.scope["alloc"] for one in seen.observations.of("instance") if one.fields["spare"]}
    return [_downgraded(hit) if hit.subject.scope.get("alloc") in spare or _only_spares_wait(hit) else hit for hit in hits]


def _only_spares_wait(hit: Hit) -> bool:
    """All that the scheduler waits with, by this hit, is what nobody misses."""
    waiting = [one for one in hit.match.observations if one.topic == "evaluation"]
    return bool(waiting) and all(one.fields["spare"] for one in waiting)


def _downgraded(hit: Hit) -> Hit:
    return hit._replace(rule=hit.rule._replace(severity=Severity.WARNING)) if hit.rule.severity is Severity.CRITICAL else hit


def marked_as_canaries(causes: Causes, seen: Observed) -> Causes:
    """Root causes on canaries say that they are."""
    words = {
        one.scope["alloc"]: SPARE if one.fields["spare"] else CANARY for one in seen.observations.of("instance") if one.fields["canary"]
    }
    return causes.with_roots(_marked(root, words[root.alloc]) if root.alloc in words else root for root in causes.roots)


def _marked(root: Finding, words: str) -> Finding:
    return root._replace(title=f"the canary: {root.title}", detail=f"{words} {root.detail}".strip())
