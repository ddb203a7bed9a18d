"""A job's allocations: where its instances run, and their states."""

from __future__ import annotations

import json
from collections.abc import Iterable

from collector.kinds import asking, shapes
from collector.kinds.kind import AWAITED, JOB, NAMESPACE, Args, Kind
from collector.kinds.nomad_job import mapped
from collector.kinds.nomad_tasks import tasks
from collector.kinds.shapes import Obj
from collector.model import JSON, Query, Rung

LIVE = frozenset({"pending", "running", "unknown"})
"""Client statuses of allocations that have not ended; an `unknown` one has lost contact but may still run."""
UNSPECIFIED = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, never bound to


def api(args: Args) -> Rung:
    """Request the list of all allocations, filtered by Nomad (since 1.2) and again here. Only this list has the ports."""
    rich: Query = {**asking.within(args.get("namespace")), "resources": "true", "task_states": "true"}
    wanted: Query = {"filter": f"JobID == {json.dumps(args['job'], ensure_ascii=False)}", "per_page": asking.PER_PAGE}
    rows = yield from asking.paged("/v1/allocations", [{**rich, **wanted}, rich], lambda row: _of_job(row, args["job"]))
    return newest_first(row for row in rows if row)


def job(args: Args) -> Rung:
    """Request the job's own list: without ports and resources, but available in every version of Nomad."""
    path = f"/v1/job/{asking.segment(args['job'])}/allocations"
    return newest_first((yield from asking.paged(path, [asking.within(args.get("namespace"))], allocation)))


def newest_first(rows: Iterable[dict[str, JSON]]) -> JSON:
    """Sort allocations, newest first.

    Nomad's client derives `running` from the tasks' states (client/allocrunner): if no allocation has any, the answer is incomplete.
    """
    rows = list(rows)
    running = [row for row in rows if row["client_status"] == "running"]
    if running and not any(row["tasks"] for row in running):
        raise shapes.invalid('the allocations that run have no "TaskStates": the answer is not whole')
    return sorted(rows, key=lambda row: (row["create_index"], row["name"], row["id"]), reverse=True)


def _of_job(row: Obj, job: str) -> dict[str, JSON] | None:
    """Parse an allocation of this job; None for another job's, which a server without filters returns too."""
    return allocation(row) if shapes.text(row, "JobID") == job else None


def allocation(row: Obj) -> dict[str, JSON]:
    """Parse an allocation stub. Source: Nomad's API documentation, "Allocations", "List Allocations"."""
    ports, states, health = _ports(row), tasks(row), shapes.mapping(row, "DeploymentStatus")
    return {
        "id": shapes.identity(row, "ID"),
        "name": shapes.text(row, "Name"),
        "namespace": shapes.maybe_text(row, "Namespace") or "default",
        "job": shapes.text(row, "JobID"),
        "job_version": shapes.whole(row, "JobVersion"),
        "group": shapes.text(row, "TaskGroup"),
        "node": shapes.text(row, "NodeName"),
        "node_id": shapes.text(row, "NodeID"),
        "address": next((port["host"] for port in ports if port["host"]), None),
        "ports": ports,
        "client_status": shapes.text(row, "ClientStatus"),
        "client_description": shapes.text(row, "ClientDescription"),
        "desired_status": shapes.text(row, "DesiredStatus"),
        "desired_description": shapes.text(row, "DesiredDescription"),
        "healthy": shapes.maybe_flag(health, "Healthy"),
        "canary": shapes.flag(health, "Canary"),
        "create_time": shapes.nanoseconds(row, "CreateTime"),
        "modify_time": shapes.nanoseconds(row, "ModifyTime"),
        "create_index": shapes.whole(row, "CreateIndex"),
        "modify_index": shapes.whole(row, "ModifyIndex"),
        "previous": shapes.maybe_text(row, "PreviousAllocation"),
        "next": shapes.maybe_text(row, "NextAllocation"),
        "followup_eval": shapes.maybe_text(row, "FollowupEvalID"),
        "reschedules": len(shapes.objects(shapes.mapping(row, "RescheduleTracker"), "Events")),
        "restarts": sum(task["restarts"] for task in states),
        "memory_mb": _memory(row),
        "tasks": states,
    }


def _ports(row: Obj) -> list[dict[str, JSON]]:
    """Return the ports of the group's network, and those of tasks, which Nomad had before 0.12 and keeps for old jobs."""
    resources = shapes.mapping(row, "AllocatedResources")
    ports = [
        _port(port, shapes.text(port, "HostIP"))
        for port in shapes.objects(shapes.mapping(resources, "Shared"), "Ports")
    ]  # fmt: skip
    for _name, task in shapes.named(resources, "Tasks"):
        for network in shapes.objects(task, "Networks"):
            own = shapes.objects(network, "ReservedPorts") + shapes.objects(network, "DynamicPorts")
            ports += [_port(port, shapes.text(network, "IP")) for port in own]
    return ports


def _port(port: Obj, host: str) -> dict[str, JSON]:
    return {
        "label": shapes.text(port, "Label"),
        "host": None if host in UNSPECIFIED else host,
        "port": shapes.whole(port, "Value"),
        "to": mapped(port),
    }


def _memory(row: Obj) -> int | None:
    asked = [
        shapes.maybe_whole(shapes.mapping(task, "Memory"), "MemoryMB")
        for _name, task in shapes.named(shapes.mapping(row, "AllocatedResources"), "Tasks")
    ]
    return sum(mb for mb in asked if mb) or None


KIND = Kind(
    name="nomad_allocations",
    summary="the job's allocations: placement, ports, task states and events",
    rungs={"api": api, "job": job, "stale": asking.of_any_server(api)},
    default_ladder=(("api", None), ("stale", None), ("job", None)),
    arguments={"job": JOB, "namespace": NAMESPACE},
    capabilities=("nomad: namespace read-job",),
    timeout=AWAITED,
    shows=("instances",),
    nodes=lambda rows: [row["node"] for row in rows],
    inventory=True,
)
