"""What Nomad says: instances and their events, what keeps the scheduler waiting, deployments, counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from collector.model import JSON, Result
from collector.observe.checks import Check
from collector.observe.instances import Instance, own_exits, slot
from collector.observe.observation import Observation, scope
from collector.observe.world import World

OPEN_EVALUATION = {"blocked", "pending"}


def observe_instances(world: World, checks: Sequence[Check], litefs: Mapping[str, JSON]) -> Iterator[Observation]:
    """One observation per allocation that counts. `litefs` holds the allocations that LiteFS was asked for in."""
    by_alloc: dict[str, list[Check]] = {}
    for check in checks:
        if check.row.get("alloc"):
            by_alloc.setdefault(check.row["alloc"], []).append(check)
    for one in world.instances:
        fields = instance_fields(one, by_alloc.get(one.id, []), has_litefs=one.id in litefs or one.node in litefs)
        task = one.troubled["name"] if one.troubled else None
        yield Observation(
            "instance",
            scope(node=one.node, alloc=one.id, task=task),
            fields,
            quote=_state(one, fields),
            source=f"Nomad's allocation {one.id[:8]} on {one.node}",
            item=world.alloc_items.get(one.id, ""),
            at=_since(one),
        )


def instance_fields(one: Instance, checks: Sequence[Check], *, has_litefs: bool) -> dict[str, JSON]:
    """The fields of one instance, except its log's."""
    last = one.exits[-1] if one.exits else {}
    critical = sum(check.row["status"] == "critical" for check in checks)
    return {
        "client_status": one.status,
        "desired_status": one.alloc["desired_status"],
        "group": one.alloc["group"],
        "restarts": one.alloc["restarts"],
        "restarting": one.restarting,
        "failed": one.status == "failed",
        "lost": one.status in {"lost", "unknown"},
        "ended": one.over,
        "never_started": one.never_started,
        "running": one.running,
        "young": one.young,
        "age": one.age,
        "healthy": one.alloc["healthy"],
        "exit_code": last.get("exit_code"),
        "exit_signal": last.get("signal"),
        "self_exits": len(one.exits),
        "oom_killed": bool(last.get("oom_killed")),
        "checks_critical": critical,
        "checks": len(checks),
        "well": one.running and not one.restarting and not critical,
        "has_litefs": has_litefs,
        "driver": _driver(one),
        "memory_mb": one.alloc["memory_mb"],
    }


def observe_events(world: World, wells: Mapping[str, bool]) -> Iterator[Observation]:
    """Task events of the allocations that count, newest first. `wells` says which of them are well."""
    for one in world.instances:
        for task in one.tasks:
            itself = {id(event) for event in own_exits(task["events"])}
            started = max((event["time"] for event in task["events"] if event["type"] == "Started"), default=0.0)
            for event in sorted(task["events"], key=lambda known: -known["time"]):
                current = not wells.get(one.id, False) or event["time"] > started
                yield _event(world, one, task, event, itself=id(event) in itself, current=current)


def _event(world: World, one: Instance, task: Mapping[str, JSON], event: Mapping[str, JSON], *, itself: bool, current: bool) -> Observation:
    return Observation(
        "task_event",
        scope(node=one.node, alloc=one.id, task=task["name"]),
        {
            "type": event["type"],
            "message": event["message"],
            "exit_code": event["exit_code"],
            "signal": event["signal"],
            "oom_killed": bool(event["oom_killed"]),
            "itself": itself,
            "current": current,
        },
        quote=f"{event['type']}: {event['message']}",
        source=f"task event of {one.id[:8]}, task {task['name']}",
        item=world.alloc_items.get(one.id, ""),
        at=event["time"],
    )


def observe_job(world: World) -> Iterator[Observation]:
    """The job itself, and the counts of its groups."""
    for result in world.results("nomad_job"):
        job = result.data
        yield Observation(
            "job",
            {},
            {
                "id": job["id"],
                "exists": True,
                "stopped": job["stopped"],
                "status": job["status"],
                "description": job["status_description"] or "",
            },
            quote=f"job {job['id']}: status {job['status']}" + (", stopped" if job["stopped"] else ""),
            source="Nomad's job",
            item=result.id,
        )
        if not job["stopped"] and world.seen_allocations():
            yield from (_group(world, result, group) for group in job["groups"])
    yield from _expected(world)


def _expected(world: World) -> Iterator[Observation]:
    """The number of instances that the spec itself expects, whatever the job says."""
    wanted = world.bundle.expect.get("instances")
    if wanted is None or not world.seen_allocations():
        return
    live = sum(not one.over for one in world.instances)
    fields = {"group": "of the spec", "job": "", "expected": wanted, "live": live, "missing": max(0, wanted - live), "none_left": not live}
    yield Observation("group", {}, fields, quote=f"{live} of {wanted} instances that the spec expects live", source="the spec's expect")


def group_counts(world: World, job: Mapping[str, JSON], group: Mapping[str, JSON]) -> tuple[int | None, int, int]:
    """Expected, live and missing instances of a group.

    A system job has no count: there what is missing are the nodes whose last instance was moved away or lost.
    """
    mine = [one for one in world.instances if one.alloc["job"] == job["id"] and one.alloc["group"] == group["name"]]
    live = {slot(one) for one in mine if not one.over}
    failed = {slot(one) for one in mine if one.status == "failed"} - live
    if job["type"] in {"batch", "sysbatch"} or job["periodic"] or job["parameterized"]:
        return None, len(live), 0
    if job["type"] == "system":
        gone = {one.node for one in mine if one.status == "lost"} | {a["node"] for a in migrated(world) if a["group"] == group["name"]}
        return None, len(live), len(gone - {one.node for one in mine if not one.over})
    return group["count"], len(live), max(0, group["count"] - len(live) - len(failed))


def migrated(world: World) -> list[Mapping[str, JSON]]:
    """The newest allocation of every node and group, where a drain moved it away."""
    newest: dict[tuple[str, str, str], Mapping[str, JSON]] = {}
    for alloc in world.allocations:
        key = (alloc["node"], alloc["job"], alloc["group"])
        if key not in newest or newest[key]["create_index"] < alloc["create_index"]:
            newest[key] = alloc
    return [a for a in newest.values() if a["desired_status"] == "stop" and "migrat" in (a["desired_description"] or "")]


def missing_total(world: World) -> int:
    """Instances that the jobs lack."""
    if not world.seen_allocations():
        return 0
    return sum(group_counts(world, job, group)[2] for job in world.jobs.values() if not job["stopped"] for group in job["groups"])


def _group(world: World, result: Result, group: Mapping[str, JSON]) -> Observation:
    expected, live, missing = group_counts(world, result.data, group)
    running = [one for one in world.instances if one.alloc["group"] == group["name"] and one.running]
    count = f" of {expected}" if expected is not None else ""
    return Observation(
        "group",
        {},
        {
            "group": group["name"],
            "job": result.data["id"],
            "expected": expected,
            "live": live,
            "missing": missing,
            "none_left": not running,
        },
        quote=f"group {group['name']}: {live}{count} instances live, {missing} missing",
        source="Nomad's job and its allocations",
        item=result.id,
    )


def observe_evaluations(world: World) -> Iterator[Observation]:
    """What keeps the scheduler waiting now: the newest blocked evaluation, unless a later one placed everything."""
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
    dimensions = [*group["dimension_exhausted"], *group["class_exhausted"], *group["quota_exhausted"]]
    constraints = sorted(group["constraint_filtered"], key=lambda text: -group["constraint_filtered"][text])
    queued = origin["queued"].get(group["group"]) or row["queued"].get(group["group"]) or 1 + (group["coalesced_failures"] or 0)
    text = _placement(group, dimensions, constraints)
    return Observation(
        "evaluation",
        {},
        {
            "group": group["group"],
            "queued": queued,
            "exhausted": bool(dimensions) or group["nodes_exhausted"] > 0,
            "dimension": ", ".join(dimensions) or None,
            "filtered": not dimensions and not group["nodes_exhausted"],
            "constraint": ", ".join(constraints) or "no node in its datacenters and node pool",
            "trigger": origin["triggered_by"],
            "by_node_loss": _by_node_loss(world, origin["triggered_by"], dimensions, constraints),
        },
        quote=f"evaluation {row['id'][:8]} is {row['status']}: {text}",
        source=f"Nomad's evaluations ({origin['triggered_by']})",
        item=result.id,
        at=origin["create_time"],
    )


def _placement(group: Mapping[str, JSON], dimensions: Sequence[str], constraints: Sequence[str]) -> str:
    parts = [f"{group['nodes_evaluated']} nodes evaluated"]
    if group["nodes_filtered"]:
        parts.append(f"{group['nodes_filtered']} filtered ({', '.join(constraints) or 'class'})")
    if group["nodes_exhausted"]:
        parts.append(f"{group['nodes_exhausted']} exhausted ({', '.join(dimensions)})")
    if not group["nodes_evaluated"]:
        parts.append(f"available by datacenter: {group['nodes_available'] or 'none'}")
    return f"group {group['group']} cannot be placed: " + ", ".join(parts)


def _by_node_loss(world: World, trigger: str, dimensions: Sequence[str], constraints: Sequence[str]) -> bool:
    lost = lost_nodes(world)
    hosts_only = bool(constraints) and all("distinct_hosts" in text for text in constraints) and not dimensions
    return bool(lost) and (
        trigger.startswith("node-") or trigger == "max-disconnect-timeout" or hosts_only or (not constraints and not dimensions)
    )


def lost_nodes(world: World) -> list[str]:
    """Nodes that take no allocation now: down, draining or ineligible."""
    return [name for name, (_, row) in world.clients.items() if not _usable(row)]


def ready_nodes(world: World) -> list[str]:
    """Nodes that take allocations."""
    return [name for name, (_, row) in world.clients.items() if _usable(row)]


def _usable(row: Mapping[str, JSON]) -> bool:
    return row["status"] == "ready" and row["eligibility"] != "ineligible" and not row["draining"]


def observe_deployments(world: World) -> Iterator[Observation]:
    """The newest deployment of each job."""
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


def _driver(one: Instance) -> str | None:
    for group in (one.job or {}).get("groups", ()):
        for task in group["tasks"]:
            if group["name"] == one.alloc["group"] and one.troubled and task["name"] == one.troubled["name"]:
                return str(task["driver"])
    return None


def _since(one: Instance) -> float | None:
    """When its trouble began, if it has any: at its creation where it never was healthy, else as far back as its events go."""
    created: float | None = one.alloc["create_time"]
    if one.over:
        ended: float | None = one.alloc["modify_time"]
        return ended
    if one.alloc["healthy"] is not True:
        return created
    return float(one.exits[0]["time"]) if one.exits else None


def _state(one: Instance, fields: Mapping[str, JSON]) -> str:
    parts = [f"client status {one.status}"]
    if one.alloc["client_description"]:
        parts.append(str(one.alloc["client_description"]))
    if one.alloc["desired_status"] != "run" and one.alloc["desired_description"]:
        parts.append(str(one.alloc["desired_description"]))
    if one.alloc["restarts"]:
        parts.append(f"{one.alloc['restarts']} restarts")
    if fields["exit_code"] is not None:
        parts.append(f"last exit code {fields['exit_code']}")
    return ", ".join(parts)
