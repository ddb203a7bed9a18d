"""Reconciles clocks: Nomad's servers stamp allocations, each node its task events, LiteFS and agents their answers.

A node's time is taken from the `Date` of its own answers. Without one, it follows from an allocation: the servers stamp it (`modify_time`)
when they receive its newest event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from collector.model import JSON, THRESHOLDS, Bundle, Result, Status
from collector.observe.world.runs import LOOP_SPACING

SKEW = THRESHOLDS["skew_warning"]
"""Clock offset in seconds that is tolerated when calculating ages, whatever a spec's thresholds."""
SETTLING = 900.0
"""Seconds after a job's registration during which servers stamp its allocations for other reasons: in-place updates, health."""
LONG_AGO = 3600.0
"""An offset in seconds between servers and collector that shows that the answers are from a recording."""
APART = 45.0
"""Seconds by which parallel answers may differ in a replayed recording, since recording waited for hanging servers and replaying does not:
at most 40 s in the recorded incidents (those with a frozen LiteFS)."""
LOOP = 3
"""Number of exits in quick succession from which a task exits again and again."""


class Reading(NamedTuple):
    """How far a node's clock was ahead of the collector's (plus or minus `within` seconds), and the answer it was measured by."""

    ahead: float
    within: float
    result: Result


def readings(results: Sequence[Result]) -> Iterator[tuple[Result, Reading]]:
    """Return the clock readings from nodes' own answers.

    An item may take much longer than the answer with its date, so LiteFS's data includes when it was requested. Otherwise, and for an
    agent's answers, the date lies somewhere within the item.
    """
    for result in results:
        if result.status is not Status.OK:
            continue
        if result.kind == "litefs_status":
            date = result.data["date"] if result.data["date"] is not None else result.date
            if date is not None:
                yield result, _reading(result, date, result.data["date_at"], result.data["date_within"])
        elif result.kind == "check_output" and result.rung == "agent" and result.date is not None and result.started_at:
            yield result, _reading(result, result.date, None, None)


def _reading(result: Result, date: float, at: float | None, within: float | None) -> Reading:
    half = result.seconds / 2
    return Reading(date - (result.started_at + half if at is None else at), half if within is None else within, result)


def servers_ahead(bundle: Bundle, now: float) -> float:
    """Return how far the clock of Nomad's servers is ahead of the collector's. A date cannot be later than the end of its item."""
    dated = [r for r in bundle.results if r.kind.startswith("nomad_") and r.date is not None and r.started_at]
    offsets = [r.date - (r.started_at + r.seconds) for r in dated if r.date is not None]
    return max(offsets, default=now - (bundle.started_at + bundle.seconds))


def asked_apart(bundle: Bundle, now: float) -> float:
    """Return the seconds by which parallel answers may differ: none, except in a recording (or if the collector's clock is far off)."""
    return APART if abs(servers_ahead(bundle, now)) > LONG_AGO else 0.0


def ahead_by_node(bundle: Bundle, now: float, node: Callable[[str | None], str | None]) -> dict[str, float]:
    """Map each node to the seconds its clock is ahead of Nomad's servers; 0 if that is within network latency."""
    servers, apart = servers_ahead(bundle, now), asked_apart(bundle, now)
    found: dict[str, float] = {}
    for result, reading in readings(bundle.results):
        name = node(result.target.node)
        if name and name not in found:
            ahead = reading.ahead - servers
            found[name] = ahead if abs(ahead) - reading.within > max(SKEW, apart) else 0.0
    return found


def ahead_by_events(alloc: Mapping[str, JSON], job: Mapping[str, JSON] | None) -> float:
    """Return the same from one allocation. An event later than the servers' stamp proves a clock that is ahead.

    A clock that is behind looks like a stamp with another cause, so it is only assumed for a task that exits again and again.
    """
    events = [event["time"] for task in alloc["tasks"] for event in task["events"]]
    if not events or not alloc["modify_time"]:
        return 0.0
    ahead = float(max(events) - alloc["modify_time"])
    if ahead > SKEW or (ahead < -SKEW and _ends_again_and_again(alloc) and _stamped_for_its_events(alloc, job)):
        return ahead
    return 0.0


def _ends_again_and_again(alloc: Mapping[str, JSON]) -> bool:
    return any(_closely(sorted(event["time"] for event in task["events"] if event["type"] == "Terminated")) for task in alloc["tasks"])


def _closely(ends: Sequence[float]) -> bool:
    last = ends[-LOOP:]
    return len(last) == LOOP and all(later - earlier < LOOP_SPACING for earlier, later in pairwise(last))


def _stamped_for_its_events(alloc: Mapping[str, JSON], job: Mapping[str, JSON] | None) -> bool:
    """True if nothing else is known to have made the servers stamp it: no in-place update, no change of health."""
    registered = float((job or {}).get("submit_time") or 0.0)
    created = float(alloc["create_time"] or 0.0)
    settling = max(registered, created) + SETTLING
    updated_in_place = registered > created and alloc["modify_time"] < settling
    return not updated_in_place and (alloc["healthy"] is not True or alloc["modify_time"] >= settling)


def _median(values: Sequence[float]) -> float:
    """Like `statistics.median`, whose import takes as long as everything else about clocks."""
    ranked, half = sorted(values), len(values) // 2
    return (ranked[half] + ranked[~half]) / 2


def usual(bundle: Bundle, now: float, found: Sequence[Reading]) -> tuple[float, bool]:
    """Return the majority's clock offset, and whether it is decisive; of two, the one that agrees with Nomad's servers is right."""
    middle = _median([reading.ahead for reading in found])
    if len(found) > 2:  # noqa: PLR2004 - a majority needs three
        return middle, True
    dated = any(result.kind.startswith("nomad_") and result.date is not None for result in bundle.results)
    servers = servers_ahead(bundle, now)
    agreed = [
        reading.ahead
        for reading in found
        if dated and reading.within <= SKEW and abs(reading.ahead - servers) <= max(SKEW, asked_apart(bundle, now))
    ]
    return (agreed[0], True) if len(agreed) == 1 else (middle, False)
