"""What blocks Nomad's scheduler, which nodes accept allocations, and the newest deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from collector.model import JSON, Result, first_of
from collector.observe.nomad.job import migrated
from collector.observe.observation import Observation
from collector.observe.world.survey import World

COLLISION = "reserved port collision"
SHORTCUT = "computed class ineligible"
NO_DRIVER = "missing drivers"
PREEMPTION = "preemption"
"""The trigger for placing again what was displaced by a job of higher priority (structs.EvalTriggerPreemption).

Its own node then counts among those that have an instance, and not among those without room.
"""
FORGOTTEN = "queued-allocs"
"""The trigger of a blocked evaluation. The original one may be gone: completed ones are garbage-collected after an hour
(`eval_gc_threshold`)."""
OPEN_EVALUATION = {"blocked", "pending"}


def observe_evaluations(world: World) -> Iterator[Observation]:
    """Yield what blocks the scheduler now: the newest blocked evaluation, unless a later one placed everything."""
    for result in world.results("nomad_evaluations"):
        rows = sorted(result.data, key=lambda row: -row["modify_index"])
        waiting = next((row for row in rows if row["status"] in OPEN_EVALUATION and row["failed_groups"]), None)
        if waiting is None:
            continue
        if any(_placed(row) and row["modify_index"] > waiting["modify_index"] for row in rows):
            continue
        origin = next((row for row in rows if row is not waiting and row["failed_groups"]), waiting)
        for group in waiting["failed_groups"]:
            yield _evaluation(world, result, waiting, origin, group)


def _placed(row: Mapping[str, JSON]) -> bool:
    return row["status"] == "complete" and not row["failed_groups"] and row["triggered_by"] in {"queued-allocs", "job-register"}


def _evaluation(
    world: World, result: Result, row: Mapping[str, JSON], origin: Mapping[str, JSON], group: Mapping[str, JSON]
) -> Observation:
    every = [*group["dimension_exhausted"], *group["class_exhausted"], *group["quota_exhausted"]]
    constraints = _constraints(world, group, next((one for one in origin["failed_groups"] if one["group"] == group["group"]), group))
    others = [text for text in every if COLLISION not in text]
    its_own = _own_ports(world, group)
    own = its_own if constraints or others or lost_nodes(world) else set()
    dimensions = [text for text in every if text not in own]
    preempted = origin["triggered_by"] == PREEMPTION
    exhausted = preempted or bool(dimensions) or group["nodes_exhausted"] > sum(group["dimension_exhausted"][text] for text in own)
    queued = origin["queued"].get(group["group"]) or row["queued"].get(group["group"]) or 1 + (group["coalesced_failures"] or 0)
    text = _placement(group, every, constraints)
    forgotten = origin["triggered_by"] == FORGOTTEN and queued <= _lost_with_nodes(world, group["group"])
    lost = forgotten or _by_node_loss(world, origin["triggered_by"], dimensions, constraints)
    outside = _outside(world)
    return Observation(
        "evaluation",
        {},
        {
            "group": group["group"],
            "queued": queued,
            "exhausted": exhausted,
            "dimension": ", ".join(dimensions) or None,
            "own_ports": bool(dimensions) and its_own.issuperset(dimensions) if world.seen_allocations() else None,
            "constraint": None if exhausted else ", ".join(constraints) or _where_it_looks(world),
            "quota": ", ".join(group["quota_exhausted"]) or None,
            "trigger": origin["triggered_by"],
            "by_node_loss": lost,
            "outside": outside,
        },
        quote=f"evaluation {row['id'][:8]} is {row['status']}: {text}{_lost_words(world) if lost else ''}"
        + (f"; ready, but in no datacenter of the job: {outside}" if outside else ""),
        source=f"Nomad's evaluations ({origin['triggered_by']})",
        item=result.id,
        at=origin["create_time"],
    )


def _own_ports(world: World, group: Mapping[str, JSON]) -> set[str]:
    """Return static ports occupied by the group's own instances.

    They explain why no second instance fits on those nodes, but not why one is missing.
    """
    collisions = {text: count for text, count in group["dimension_exhausted"].items() if COLLISION in text}
    if not world.seen_allocations():
        return set(collisions)  # plausible, and nothing shows otherwise
    nodes = {one.node for one in world.instances if one.alloc["group"] == group["group"] and not one.over}
    passed_over = sum(count for text, count in group["constraint_filtered"].items() if "distinct_hosts" in text)
    left = len(nodes) - passed_over
    return {text for text, count in collisions.items() if count <= left}


def _constraints(world: World, group: Mapping[str, JSON], origin: Mapping[str, JSON]) -> list[str]:
    """Return what filters nodes out, with their number, in words that name it.

    Besides constraints, Nomad reports that a class of nodes need not be looked at again, or that a node already has an instance. If nothing
    else is reported, an earlier evaluation's reason, or else the job's own constraints, may apply.
    """
    filtered = group["constraint_filtered"]
    for shortcut in (SHORTCUT, "distinct_hosts"):
        filtered = {text: count for text, count in filtered.items() if text != shortcut} or filtered
    if list(filtered) == [SHORTCUT]:
        filtered = (
            {text: count for text, count in origin["constraint_filtered"].items() if text != SHORTCUT}
            or _required(world, group)
            or filtered
        )
    return [_named(world, group, text) for text in sorted(filtered, key=lambda text: -filtered[text])]


def _required(world: World, group: Mapping[str, JSON]) -> dict[str, int]:
    """Return what the job's group itself requires of a node."""
    return {f"one of its constraints ({', '.join(one['constraints'])})": 0 for one in _groups(world, group) if one["constraints"]}


def _named(world: World, group: Mapping[str, JSON], text: str) -> str:
    """Add the names of drivers, which Nomad omits (scheduler/feasible.go, FilterConstraintDrivers)."""
    wanted = sorted({task["driver"] for one in _groups(world, group) for task in one["tasks"]}) if text == NO_DRIVER else []
    lacking = [driver for driver in wanted if any(_usable(row) and not _has(row, driver) for _, row in world.clients.values())]
    return f"{text} ({', '.join(lacking or wanted)})" if wanted else text


def _groups(world: World, group: Mapping[str, JSON]) -> Iterator[Mapping[str, JSON]]:
    return (one for job in world.jobs.values() for one in job["groups"] if one["name"] == group["group"])


def _has(row: Mapping[str, JSON], driver: str) -> bool:
    return any(one["name"] == driver and one["healthy"] for one in row["drivers"])


def _where_it_looks(world: World) -> str:
    """Name what restricts the candidate nodes besides constraints."""
    names = ", ".join(sorted({name for job in world.jobs.values() for name in job["datacenters"]}))
    return "its datacenters" + (f" ({names})" if names else "") + " and node pool"


def _outside(world: World) -> str | None:
    """Name ready nodes whose datacenter the job does not list (an entry may be a pattern), at most three."""
    wanted = [name for job in world.jobs.values() for name in job["datacenters"]]
    names = [
        f"{name} ({row['datacenter']})"
        for name, (_, row) in world.clients.items()
        if _usable(row) and not any(fnmatchcase(row["datacenter"], one) for one in wanted)
    ]
    return first_of(names, 3) if wanted and names else None


def _placement(group: Mapping[str, JSON], dimensions: Sequence[str], constraints: Sequence[str]) -> str:
    parts = [f"{group['nodes_evaluated']} nodes evaluated"]
    if group["nodes_filtered"]:
        parts.append(f"{group['nodes_filtered']} filtered ({', '.join(constraints) or 'class'})")
    if group["nodes_exhausted"]:
        parts.append(f"{group['nodes_exhausted']} exhausted ({', '.join(dimensions)})")
    if group["quota_exhausted"]:
        parts.append(f"the namespace's quota is used up ({', '.join(group['quota_exhausted'])})")
    if not group["nodes_evaluated"]:
        parts.append(f"available by datacenter: {group['nodes_available'] or 'none'}")
    return f"group {group['group']} cannot be placed: " + ", ".join(parts)


def _by_node_loss(world: World, trigger: str, dimensions: Sequence[str], constraints: Sequence[str]) -> bool:
    lost = lost_nodes(world) or not world.results("nomad_nodes")
    hosts_only = bool(constraints) and all("distinct_hosts" in text for text in constraints) and not dimensions
    return bool(lost) and (
        trigger.startswith("node-") or trigger == "max-disconnect-timeout" or hosts_only or (not constraints and not dimensions)
    )


def _lost_with_nodes(world: World, group: str) -> int:
    """Count the nodes that accept no allocations and whose instance of the group was lost or moved away without a replacement."""
    gone = {one.node for one in world.instances if one.status == "lost" and one.alloc["group"] == group}
    gone |= {alloc["node"] for alloc in migrated(world) if alloc["group"] == group and not alloc["next"]}
    return len(gone.intersection(lost_nodes(world)))


def _lost_words(world: World) -> str:
    """Name up to three of the nodes that accept no allocations now."""
    names = lost_nodes(world)
    return f"; taking nothing now: {first_of(names, 3)}" if names else ""


def lost_nodes(world: World) -> list[str]:
    """Return nodes that are down, draining or ineligible. Without a node list, those of lost allocations."""
    if not world.results("nomad_nodes"):
        return sorted({one.node for one in world.instances if one.status == "lost"})
    return [name for name, (_, row) in world.clients.items() if not _usable(row)]


def ready_nodes(world: World) -> list[str]:
    """Return nodes that accept allocations."""
    return [name for name, (_, row) in world.clients.items() if _usable(row)]


def _usable(row: Mapping[str, JSON]) -> bool:
    return row["status"] == "ready" and row["eligibility"] != "ineligible" and not row["draining"]


def observe_deployments(world: World) -> Iterator[Observation]:
    """Yield the newest deployment of each job."""
    for result in world.results("nomad_deployments"):
        if not result.data:
            continue
        row = max(result.data, key=lambda known: known["modify_index"])
        unhealthy = sum(group["unhealthy"] for group in row["groups"])
        fields = {
            "status": row["status"],
            "description": row["status_description"],
            "unhealthy": unhealthy,
            "healthy": sum(group["healthy"] for group in row["groups"]),
            "desired": sum(group["desired"] for group in row["groups"]),
            "failing": row["status"] == "failed" or (row["status"] not in {"successful", "cancelled"} and unhealthy > 0),
        }
        words = f"deployment {row['id'][:8]} is {row['status']}: {row['status_description']}"
        yield Observation("deployment", {}, fields, quote=words, source="Nomad's deployments", item=result.id, at=row["create_time"])
