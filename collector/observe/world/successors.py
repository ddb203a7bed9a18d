"""Determines which allocations are current.

An allocation is current if it is live (wanted and not over), or if it ended against the job's intention (failed, lost) and has not been
replaced. All others are history: replaced, updated away, stopped on purpose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from collector.model import JSON
from collector.observe.world.instances import Instance

OVER = {"failed", "lost", "unknown"}
SYSTEM = {"system", "sysbatch"}
RESCHEDULED = "alloc was rescheduled because it failed"
"""Nomad's description of a failed allocation that it will place elsewhere; set before a new place is found."""

Slot = tuple[str, str, str]
Group = tuple[str, str, str]


class _Places(NamedTuple):
    """All allocations by their place in the job, newest last; and the number of live ones per group."""

    slots: Mapping[Slot, Sequence[Instance]]
    live: Mapping[Group, int]


def current(every: Sequence[Instance]) -> list[Instance]:
    """Return the current ones, sorted by node and group, newest last."""
    places = _places(every)
    kept = [one for one in every if one.live or (_over_against_the_wish(one, places) and not _replaced(one, places))]
    return sorted(kept, key=lambda one: (one.node, one.alloc["group"], one.alloc["create_index"]))


def _over_against_the_wish(one: Instance, places: _Places) -> bool:
    if one.quit:
        return places.live.get(group_of(one.alloc), 0) < (_count(one) or 0)
    looked_for = bool(one.alloc["next"]) or one.alloc["desired_description"] == RESCHEDULED
    return one.status in OVER and (one.alloc["desired_status"] == "run" or one.status == "lost" or looked_for)


def _places(every: Iterable[Instance]) -> _Places:
    slots: dict[Slot, list[Instance]] = {}
    live: dict[Group, int] = {}
    for one in sorted(every, key=lambda known: known.alloc["create_index"]):
        slots.setdefault(_slot(one), []).append(one)
        live[group_of(one.alloc)] = live.get(group_of(one.alloc), 0) + one.live
    return _Places(slots, live)


def _slot(one: Instance) -> Slot:
    """Return its place in the job; a system job has one per node. The name alone is not unique: Nomad has assigned one twice."""
    return str(one.alloc["namespace"]), str(one.alloc["name"]), one.node if is_system(one) else ""


def group_of(alloc: Mapping[str, JSON]) -> Group:
    """Return its group, qualified by namespace and job."""
    return str(alloc["namespace"]), str(alloc["job"]), str(alloc["group"])


def is_system(one: Instance) -> bool:
    """True if its job runs one instance per node."""
    return (one.job or {}).get("type") in SYSTEM


def _replaced(one: Instance, places: _Places) -> bool:
    """True if its replacement is healthy; or if the newest is of a newer job version, or has failed itself since."""
    newer = [other for other in places.slots[_slot(one)] if other.alloc["create_index"] > one.alloc["create_index"]]
    after = [other for other in newer if _stands_in(other, one, places)]
    if not after:
        return False
    last = after[-1]
    return any(other.sound for other in after) or _newer(last, one) or last.restarting or last.over or not last.young


def _stands_in(other: Instance, one: Instance, places: _Places) -> bool:
    """True if a later allocation of the same name replaces this one: by Nomad's chain, version or node, or because none is missing."""
    chained = one.alloc["next"] or other.alloc["previous"] == one.id
    if other.over or is_system(one) or chained or _newer(other, one) or other.node == one.node:
        return True
    wanted = _count(one)
    return wanted is None or places.live.get(group_of(one.alloc), 0) >= wanted


def _newer(other: Instance, one: Instance) -> bool:
    return bool(other.alloc["job_version"] > one.alloc["job_version"])


def _count(one: Instance) -> int | None:
    return one.group["count"] if one.group else None


def standing(instances: Iterable[Instance]) -> list[Instance]:
    """Return those that fill a place in the job's count: live, on a known node, and not a canary, which is additional."""
    return [one for one in instances if not one.over and one.status != "unknown" and not one.alloc["canary"]]
