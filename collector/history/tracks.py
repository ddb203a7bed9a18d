"""Tracks findings across runs: new, worse, better, unchanged, resolved, flapping, or unseen this time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from collector.history.run import Run, Sighting, Track
from collector.model import RANK

WINDOW = 10
"""Number of runs considered for flapping."""

FLAPS = 3
"""Number of changes within these runs from which a finding is flapping."""

LOST = frozenset({"down", "disconnected"})
"""Nomad's statuses for a node out of contact."""

SEEN, ABSENT, BLIND = "1", "0", "?"

NEWS = frozenset({"new", "worse", "resolved"})
"""States that are news for a reader who asked for changes; flapping is news only when it starts."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A finding's transition between two runs; `state` is None if it was absent before and still is."""

    old: Track | None
    new: Track
    state: str | None


def follow(before: Mapping[str, Track], run: Run) -> dict[str, Transition]:
    """Update the tracks with one run; the transitions are keyed by fingerprint."""
    tracks = {key: _seen(before.get(key), sighting, run) for key, sighting in run.findings.items()}
    tracks |= {key: _absent(track, run) for key, track in before.items() if key not in run.findings}
    return {key: Transition(before.get(key), track, _state(before.get(key), track)) for key, track in tracks.items()}


def remembered(transitions: Mapping[str, Transition]) -> dict[str, Track]:
    """Return the tracks that the next run needs: open ones, and those resolved recently."""
    return {key: transition.new for key, transition in transitions.items() if transition.new.open or SEEN in transition.new.marks}


def _seen(old: Track | None, sighting: Sighting, run: Run) -> Track:
    marks = _marks(old, SEEN)
    again = old is not None and (old.open or _flaps(marks))
    return Track(
        sighting,
        first_seen=old.first_seen if old and again else run.started_at,
        runs=old.runs + 1 if old and again else 1,
        marks=marks,
        open=True,
        flapping=_flaps(marks),
        blind=_blind(sighting.node, run),
    )


def _absent(old: Track, run: Run) -> Track:
    unseen = old.open and _cannot_be_seen(old, run)
    marks = _marks(old, BLIND if unseen else ABSENT)
    return Track(old.sighting, old.first_seen, old.runs, marks, open=unseen, flapping=_flaps(marks), blind=old.blind)


def _cannot_be_seen(old: Track, run: Run) -> bool:
    """True if the finding may still exist: the run saw too little, not its node, or less of the node than when it was found.

    A node that Nomad has since lost is not queried any more: its allocations are lost as well.
    """
    node = old.sighting.node
    lost = node is not None and node in run.nodes and run.nodes[node].nomad in LOST
    return run.verdict == "unknown" or node in run.unseen or lost or _blind(node, run) > old.blind


def _blind(node: str | None, run: Run) -> int:
    """Count the gaps that could hide the finding; a cluster-wide one depends on all gaps."""
    return run.gaps.get(node, 0) if node else sum(run.gaps.values())


def _marks(old: Track | None, mark: str) -> str:
    return ((old.marks if old else "") + mark)[-WINDOW:]


def _flaps(marks: str) -> bool:
    visible = marks.replace(BLIND, "")
    return sum(one != other for one, other in pairwise(visible)) >= FLAPS


def _state(old: Track | None, new: Track) -> str | None:
    """Return the state to report; None for a finding that was absent before and still is."""
    if new.marks.endswith(BLIND):
        return "unseen"
    if old and old.open and new.open and (state := _step(old, new)):
        return state
    if new.flapping:
        return "flapping"
    if new.open:
        return "unchanged" if old and old.open else "new"
    return "resolved" if old and (old.open or old.flapping) else None


def _step(old: Track, new: Track) -> str | None:
    step = RANK[old.sighting.severity] - RANK[new.sighting.severity]
    return "worse" if step > 0 else "better" if step < 0 else None


def is_news(transition: Transition) -> bool:
    """True for roots that are new or changed with at least warning severity; flapping is news only when it starts."""
    sighting = transition.new.sighting
    if not sighting.root or RANK[sighting.severity] > RANK["warning"]:
        return False
    return transition.state in NEWS or (transition.state == "flapping" and not (transition.old and transition.old.flapping))
