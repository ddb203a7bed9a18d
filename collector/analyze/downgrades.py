"""What is critical about an instance that nothing lacks, or that is back within seconds, is a warning."""

from __future__ import annotations

from collections.abc import Sequence

from collector.analyze.hits import Hit
from collector.model import Severity
from collector.observe import Observation, Observed


def downgraded(hits: Sequence[Hit], seen: Observed) -> list[Hit]:
    """The hits; what is critical about an instance that is not needed now is a warning, and so is that a canary cannot be placed."""
    (whole,) = seen.observations.of("cluster")
    leaderless = bool(whole.fields["leaderless"])
    spare = {one.scope["alloc"] for one in seen.observations.of("instance") if _is_spare(one, leaderless=leaderless)}
    return [_downgraded(hit) if hit.subject.scope.get("alloc") in spare or _only_spares_wait(hit) else hit for hit in hits]


def _is_spare(one: Observation, *, leaderless: bool) -> bool:
    """A canary beside the old version, or what comes back at once, unless there is no primary without it."""
    return bool(one.fields["spare"] or (one.fields["returns"] and not leaderless))


def _only_spares_wait(hit: Hit) -> bool:
    """All that the scheduler waits with, by this hit, is what nothing lacks."""
    waiting = [one for one in hit.match.observations if one.topic == "evaluation"]
    return bool(waiting) and all(one.fields["spare"] for one in waiting)


def _downgraded(hit: Hit) -> Hit:
    return hit._replace(rule=hit.rule._replace(severity=Severity.WARNING)) if hit.rule.severity is Severity.CRITICAL else hit
