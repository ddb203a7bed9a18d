"""Which of a job's allocations stand for it now, where a process can be, and which look wrong.

Nomad keeps ended allocations for hours. What counts is told by `desired_status`, `client_status`, the chain of `previous`/`next` and
`modify_index` (recordings/README.md: "Pick by ModifyIndex and DesiredStatus").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from collector.model import JSON
from collector.selections.registered import BAD, members

Allocation = Mapping[str, JSON]

LIVE = frozenset({"running", "pending", "unknown"})
BROKEN = frozenset({"failed", "lost"})
RECENT_RESTART = 600.0
"""Seconds within which a restart still counts as trouble."""
YOUNG = 60.0
"""Seconds under which an allocation is too young to have said what is wrong with it."""


def current(allocs: Sequence[Allocation] | None, nodes: Sequence[Mapping[str, JSON]] | None = None) -> list[Allocation]:
    """One allocation for each place: the newest live one, or where none is live the last that failed or was lost and was not replaced.

    A place is a node with an allocation's name, so that system jobs, whose allocations share one name, have one on each node.
    Where a group has neither, as of a stopped or finished job, its newest ended ones are all there is to see.
    With `nodes` an allocation without an address gets its node's. Sorted by node and name.
    """
    chosen: list[Allocation] = []
    for group in _grouped(allocs or (), "namespace", "job", "group"):
        live = _newest_of_each_place(alloc for alloc in group if _is_live(alloc))
        broken = _newest_of_each_place(alloc for alloc in group if alloc["client_status"] in BROKEN and not _is_replaced(alloc, group))
        chosen += [*live, *broken] or _newest_of_each_place(group)
    return _with_addresses(sorted(chosen, key=lambda alloc: (alloc["node"], alloc["name"])), nodes)


def running(allocs: Sequence[Allocation] | None, nodes: Sequence[Mapping[str, JSON]] | None = None) -> list[Allocation]:
    """Of the current ones, those whose process can be there.

    That includes lost and unknown ones: a client that Nomad no longer hears of does not stop its tasks, and they may still answer.
    """
    return [alloc for alloc in current(allocs, nodes) if alloc["client_status"] in LIVE | {"lost"}]


def suspect(
    allocs: Sequence[Allocation] | None, checks: JSON = None, nodes: Sequence[Mapping[str, JSON]] | None = None
) -> list[Allocation]:
    """Those allocations whose logs may tell what is wrong; none of a healthy cluster.

    A current allocation is suspect when it does not run or restarted lately, when a task of it failed, when its deployment calls it
    unhealthy, when a Consul check of it or of its node is not passing, or when it lacks a service that others of its group have. A live
    one that is too young to say brings the broken one before it along. `checks` is what a consul_checks task registered.
    """
    everything = allocs or ()
    now = _latest(everything)
    accused = _accused(checks)
    unseen = _unseen(everything, checks)
    here = current(everything)
    chosen = [alloc for alloc in here if _ails(alloc, now) or {alloc["id"], alloc["node"]} & accused or alloc["id"] in unseen]
    known = {alloc["id"] for alloc in chosen}
    before = [old for alloc in here if _is_young(alloc, now) for old in _predecessors(alloc, everything) if old["id"] not in known]
    return _with_addresses(chosen + before, nodes)


def _grouped(allocs: Iterable[Allocation], *keys: str) -> list[list[Allocation]]:
    groups: dict[tuple[JSON, ...], list[Allocation]] = {}
    for alloc in allocs:
        groups.setdefault(tuple(alloc[key] for key in keys), []).append(alloc)
    return list(groups.values())


def _newest_of_each_place(allocs: Iterable[Allocation]) -> list[Allocation]:
    return [max(place, key=lambda alloc: alloc["modify_index"]) for place in _grouped(allocs, "node", "name")]


def _is_live(alloc: Allocation) -> bool:
    return alloc["desired_status"] == "run" and alloc["client_status"] in LIVE


def _is_replaced(alloc: Allocation, group: Sequence[Allocation]) -> bool:
    """Does another allocation stand in for this one: its successor in the chain, or a live one of its name, here or of a later version?"""
    return bool(alloc["next"]) or any(other["previous"] == alloc["id"] or _displaces(other, alloc) for other in group)


def _displaces(other: Allocation, alloc: Allocation) -> bool:
    newer = (other["job_version"] or 0) > (alloc["job_version"] or 0)
    return other["name"] == alloc["name"] and _is_live(other) and (newer or other["node"] == alloc["node"])


def _with_addresses(allocs: list[Allocation], nodes: Sequence[Mapping[str, JSON]] | None) -> list[Allocation]:
    addresses = {node["name"]: node["address"] for node in nodes or ()}
    return [alloc if alloc["address"] or not addresses else {**alloc, "address": addresses.get(alloc["node"])} for alloc in allocs]


def _latest(allocs: Iterable[Allocation]) -> float:
    """The newest time that the data knows: its own clock, so that the same data selects the same allocations whenever it is read."""
    times = [alloc["modify_time"] for alloc in allocs]
    times += [task[key] for alloc in allocs for task in alloc["tasks"] for key in ("started_at", "finished_at", "last_restart")]
    return max((time for time in times if time), default=0.0)


def _ails(alloc: Allocation, now: float) -> bool:
    tasks = alloc["tasks"]
    return (
        alloc["client_status"] not in ("running", "complete")
        or alloc["healthy"] is False
        or any(task["failed"] for task in tasks)
        or any(task["restarts"] and (task["state"] != "running" or now - (task["last_restart"] or 0.0) < RECENT_RESTART) for task in tasks)
    )


def _accused(checks: JSON) -> set[JSON]:
    """IDs of allocations that a check accuses; names of nodes where the check is the node's own or its instance no allocation's."""
    return {check["alloc"] or check["node"] for check in members(checks, "checks") if check["status"] in BAD}


def _unseen(allocs: Sequence[Allocation], checks: JSON) -> set[JSON]:
    """IDs of running allocations without an instance in Consul of a service that another live one of their group has."""
    held: dict[JSON, set[JSON]] = {}
    for instance in members(checks, "instances"):
        held.setdefault(instance["alloc"], set()).add(instance["service"])
    unseen: set[JSON] = set()
    for group in _grouped(allocs, "namespace", "job", "group"):
        live = [alloc["id"] for alloc in group if _is_live(alloc)]
        expected = set().union(*(held.get(alloc, set()) for alloc in live))
        unseen |= {alloc for alloc in live if expected - held.get(alloc, set())}
    return unseen


def _is_young(alloc: Allocation, now: float) -> bool:
    starts = [task["started_at"] for task in alloc["tasks"] if task["started_at"]]
    return not starts or now - min(starts) < YOUNG


def _predecessors(alloc: Allocation, allocs: Sequence[Allocation]) -> list[Allocation]:
    """The newest broken allocation that this one came after, if any."""
    older = [other for other in allocs if other["client_status"] in BROKEN and _came_before(other, alloc)]
    return sorted(older, key=lambda other: other["modify_index"])[-1:]


def _came_before(other: Allocation, alloc: Allocation) -> bool:
    chained = other["next"] == alloc["id"] or alloc["previous"] == other["id"]
    namesake = (other["name"], other["node"]) == (alloc["name"], alloc["node"])
    return other["create_index"] < alloc["create_index"] and (chained or namesake)
