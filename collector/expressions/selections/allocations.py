"""Which of a job's allocations are current, which may have a running process, and which look unhealthy.

Nomad keeps ended allocations for hours. `desired_status`, `client_status`, the chain of `previous`/`next` and `modify_index` decide
(recordings/README.md: "Pick by ModifyIndex and DesiredStatus").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from collector.expressions.selections.registered import BAD, members, turns
from collector.kinds.nomad_allocations import LIVE
from collector.model import JSON

Allocation = Mapping[str, JSON]

BROKEN = frozenset({"failed", "lost"})
RECENT_RESTART = 600.0
"""Seconds within which a restart counts as a problem."""
YOUNG = 60.0
"""Seconds below which an allocation is too young to have logged what is wrong."""


def current(allocs: Sequence[Allocation] | None, nodes: Sequence[Mapping[str, JSON]] | None = None) -> list[Allocation]:
    """Return one allocation per place: the newest live one, else the last failed or lost one that was not replaced.

    A place is a node (by ID) and an allocation's name, since the allocations of a system job share one name. If a group has neither, as in
    a stopped or finished job, its newest ended ones are returned. With `nodes`, an allocation without an address gets its node's. Sorted by
    node and name.
    """
    chosen: list[Allocation] = []
    for group in _grouped(allocs or (), "namespace", "job", "group"):
        live = _newest_of_each_place(alloc for alloc in group if _is_live(alloc))
        replaced = _replaced(group)
        broken = _newest_of_each_place(alloc for alloc in group if alloc["client_status"] in BROKEN and alloc["id"] not in replaced)
        chosen += [*live, *broken] or _newest_of_each_place(group)
    return _with_addresses(sorted(chosen, key=lambda alloc: (alloc["node"], alloc["name"])), nodes)


def with_task(allocs: Sequence[Allocation] | None, task: str, *, required: bool = False) -> list[Allocation]:
    """Return the allocations that have a task of this name (other groups may not), or whose tasks are not known yet.

    Raises ValueError if `required` and none has it: with a wrong name, a problem would go unnoticed.
    """
    found = [alloc for alloc in allocs or () if not alloc["tasks"] or any(one["name"] == task for one in alloc["tasks"])]
    if required and allocs and not found:
        names = sorted({one["name"] for alloc in allocs for one in alloc["tasks"]})
        raise ValueError(f"no allocation of the job has a task {task!r}; there are: {', '.join(names)}")
    return found


def other_tasks(allocs: Sequence[Allocation] | None, task: str) -> list[dict[str, JSON]]:
    """Return a nomad_logs loop item, `{id, node, namespace, task}`, for each further task of these allocations.

    Omits tasks that never started, which have no log, and those that ended well, such as prestart tasks.
    """
    return [
        {"id": alloc["id"], "node": alloc["node"], "namespace": alloc["namespace"], "task": one["name"]}
        for alloc in allocs or ()
        for one in alloc["tasks"]
        if one["name"] != task and one["started_at"] and (one["state"] != "dead" or one["failed"] or one["restarts"])
    ]


def running(allocs: Sequence[Allocation] | None, nodes: Sequence[Mapping[str, JSON]] | None = None) -> list[Allocation]:
    """Return the current allocations whose process may exist.

    That includes lost and unknown ones: a client that has lost its connection to Nomad does not stop its tasks, and they may still answer.
    """
    return [alloc for alloc in current(allocs, nodes) if alloc["client_status"] in LIVE | {"lost"}]


def suspect(
    allocs: Sequence[Allocation] | None,
    checks: JSON = None,
    nodes: Sequence[Mapping[str, JSON]] | None = None,
    now: float | None = None,
    own: JSON = None,
    *,
    agents: JSON = None,
) -> list[Allocation]:
    """Return the allocations whose logs may explain a problem; none in a healthy cluster.

    A current allocation is suspect if it is not running or restarted recently, if one of its tasks failed, if its deployment considers it
    unhealthy, if one of its checks (Consul's or Nomad's) or its node's is not passing, or if it lacks a service that others of its group
    have. A suspect that is too young to judge is joined by its failed predecessor. `checks` is what a consul_checks task registered,
    `agents` what one that queries nodes' own agents did, `own` what a nomad_checks task did. "Recently" is relative to `now`, or else to
    the allocations' newest event.
    """
    everything = allocs or ()
    now = max(now or 0.0, _latest(everything))
    accused = _accused(checks) | _accused(agents) | _failing(own)
    unseen = _unseen(everything, checks)
    here = current(everything)
    chosen = [alloc for alloc in here if _is_unhealthy(alloc, now) or {alloc["id"], alloc["node"]} & accused or alloc["id"] in unseen]
    known = {alloc["id"] for alloc in chosen}
    before = _predecessors([alloc for alloc in chosen if _is_young(alloc, now)], everything)
    return _with_addresses(chosen + [old for old in before if old["id"] not in known], nodes)


def _grouped(allocs: Iterable[Allocation], *keys: str) -> list[list[Allocation]]:
    groups: dict[tuple[JSON, ...], list[Allocation]] = {}
    for alloc in allocs:
        groups.setdefault(tuple(alloc[key] for key in keys), []).append(alloc)
    return list(groups.values())


def _newest_of_each_place(allocs: Iterable[Allocation]) -> list[Allocation]:
    return [max(place, key=lambda alloc: alloc["modify_index"]) for place in _grouped(allocs, "node_id", "name")]


def _is_live(alloc: Allocation) -> bool:
    return alloc["desired_status"] == "run" and alloc["client_status"] in LIVE


def _replaced(group: Sequence[Allocation]) -> set[JSON]:
    """Return IDs of replaced allocations: by a successor in the chain, or by a live one of their name, there or of a later version."""
    followed = {alloc["previous"] for alloc in group}
    live = [alloc for alloc in group if _is_live(alloc)]
    places = {(alloc["name"], alloc["node"]) for alloc in live}
    versions: dict[JSON, int] = {}
    for alloc in live:
        versions[alloc["name"]] = max(versions.get(alloc["name"], 0), alloc["job_version"] or 0)
    return {
        alloc["id"]
        for alloc in group
        if alloc["next"]
        or alloc["id"] in followed
        or (alloc["name"], alloc["node"]) in places
        or (alloc["job_version"] or 0) < versions.get(alloc["name"], 0)
    }


def _with_addresses(allocs: list[Allocation], nodes: Sequence[Mapping[str, JSON]] | None) -> list[Allocation]:
    """Add node addresses, found by the node's ID since names need not be unique, else by its name."""
    by_id = {node["id"]: node["address"] for node in nodes or ()}
    by_name = {same[0]["name"]: same[0]["address"] for same in _grouped(nodes or (), "name") if len(same) == 1}
    if not by_id:
        return allocs
    return [
        alloc if alloc["address"] else {**alloc, "address": by_id.get(alloc["node_id"]) or by_name.get(alloc["node"])} for alloc in allocs
    ]


def _latest(allocs: Iterable[Allocation]) -> float:
    """Return the newest time found in the allocations."""
    times = [alloc["modify_time"] for alloc in allocs]
    times += [task[key] for alloc in allocs for task in alloc["tasks"] for key in ("started_at", "finished_at", "last_restart")]
    return max((time for time in times if time), default=0.0)


def _is_unhealthy(alloc: Allocation, now: float) -> bool:
    tasks = alloc["tasks"]
    return (
        alloc["client_status"] not in ("running", "complete")
        or alloc["healthy"] is False
        or any(task["failed"] for task in tasks)
        or any(task["restarts"] and (task["state"] != "running" or now - (task["last_restart"] or 0.0) < RECENT_RESTART) for task in tasks)
    )


def _accused(checks: JSON) -> set[JSON]:
    """Return IDs of allocations with a failing check, and names of nodes whose own check, or an instance without allocation, fails."""
    return {check["alloc"] or check["node"] for check in members(checks, "checks") if check["status"] in BAD}


def _failing(own: JSON) -> set[JSON]:
    """Return IDs of the allocations for which one of Nomad's checks fails. The loop's item is the allocation or its ID."""
    identified = [turn for turn in turns(own) if "item" in turn]
    items = [turn["item"] for turn in identified if any(check["status"] == "failure" for check in turn["data"] or ())]
    return {item["id"] if isinstance(item, Mapping) else item for item in items}


def _unseen(allocs: Sequence[Allocation], checks: JSON) -> set[JSON]:
    """Return IDs of running allocations that lack an instance in Consul of a service that another live one of their group has."""
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


def _predecessors(young: Sequence[Allocation], allocs: Sequence[Allocation]) -> list[Allocation]:
    """Return the newest failed allocation before each of these: in its chain, or of the same name on the same node."""
    ended: dict[tuple[JSON, ...], list[Allocation]] = {}
    for alloc in allocs:
        if alloc["client_status"] in BROKEN:
            for key in (("before", alloc["next"]), ("id", alloc["id"]), ("place", alloc["name"], alloc["node"])):
                ended.setdefault(key, []).append(alloc)
    found: dict[JSON, Allocation] = {}
    for alloc in young:
        keys = (("before", alloc["id"]), ("id", alloc["previous"]), ("place", alloc["name"], alloc["node"]))
        older = [old for key in keys for old in ended.get(key, ()) if old["create_index"] < alloc["create_index"]]
        if older:
            last = max(older, key=lambda old: old["modify_index"])
            found[last["id"]] = last
    return list(found.values())
