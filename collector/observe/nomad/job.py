"""The job, its instances, and how many are expected and missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from collector.model import JSON, Result, count
from collector.observe.checks.health import Check
from collector.observe.nomad.again import again_fields
from collector.observe.observation import Observation, scope
from collector.observe.world.instances import BATCH, Instance
from collector.observe.world.runs import executor_gone
from collector.observe.world.successors import group_of, standing
from collector.observe.world.survey import World

DRAINED = re.compile(r"migrat|node is tainted")
"""How Nomad's schedulers describe allocations stopped by a drain; system jobs differ (scheduler/scheduler_system.go, util.go)."""

SIGNALLED = 128
ENDING_SIGNALS = frozenset({4, 5, 6, 7, 8, 9, 11, 13, 15, 31})
"""Signals that end a process by default, among those that are sent or that a crash causes (signal(7))."""


def observe_instances(world: World, checks: Sequence[Check], litefs: set[str], registered: Mapping[str, bool]) -> Iterator[Observation]:
    """Yield one observation per current allocation. `litefs` has the allocations (or nodes) where LiteFS was to be queried.

    `registered` says whether Consul has all of an allocation's services.
    """
    by_alloc: dict[str, list[Check]] = {}
    for check in checks:
        if check.row.get("alloc"):
            by_alloc.setdefault(check.row["alloc"], []).append(check)
    over = [one for one in world.instances if one.over]
    ids, successors = {one.id for one in over}, {one.alloc["next"] for one in over}
    for one in world.instances:
        fields = instance_fields(one, by_alloc.get(one.id, []), has_litefs=one.id in litefs or one.node in litefs)
        fields |= again_fields(world, one)
        fields |= {"registered": registered.get(one.id), "stands_in": one.id in successors or one.alloc["previous"] in ids}
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


LAPSED = 1800.0
"""Seconds for which an exit is news about an instance that runs again."""
UNDECIDED = 600.0
"""Seconds that a deployment may wait for an allocation to become healthy (default of `progress_deadline`)."""


def instance_fields(one: Instance, checks: Sequence[Check], *, has_litefs: bool) -> dict[str, JSON]:
    """Return an instance's fields, except those of its log and of Consul's catalog."""
    critical = sum(check.row["status"] == "critical" and not check.text.over for check in checks)
    return {
        "client_status": one.status,
        "desired_status": one.alloc["desired_status"],
        "group": one.alloc["group"],
        "restarts": one.alloc["restarts"],
        "restarting": one.restarting,
        "failed": one.status == "failed",
        "failing": one.restarting or one.status == "failed" or one.quit,
        "lost": one.status in {"lost", "unknown"},
        "ended": one.over,
        "never_started": one.never_started,
        "running": one.running,
        "stopped": one.stopped,
        "waits_for": one.waits_for,
        "restarted_for": one.restarted_for,
        "rerendered": one.rerendered,
        "requested": one.requested,
        "young": one.young,
        "fresh": one.fresh,
        "starting": (starting := one.starting(_longest_interval(checks))),
        "settling": (settling := starting or one.restarted_ago is not None),
        "up": one.running and not one.restarting and not settling,
        "fetching": one.fetching,
        "restarted_ago": one.restarted_ago,
        "restarted_by": one.restarted_by,
        "age": round(one.age),
        "healthy": one.alloc["healthy"],
        **_exit_fields(one),
        "checks_critical": critical,
        "checks": len(checks),
        "well": one.running and not one.restarting and not one.restarted_for and not critical,
        "has_litefs": has_litefs,
        "driver": _driver(one),
        "memory_mb": one.alloc["memory_mb"],
    }


def _exit_fields(one: Instance) -> dict[str, JSON]:
    """Return how its process last exited by itself, and how often."""
    last = one.exits[-1] if one.exits else {}
    ago = one.clock - last["time"] if last else None
    return {
        "exit_code": last.get("exit_code"),
        "exit_signal": last.get("signal") or _signal_of(last.get("exit_code")),
        "executor_gone": bool(last) and executor_gone(last) is not None,
        "self_exits": len(one.exits),
        "recurs": one.recurs,
        "last_exit": ago,
        "lapsed": one.running and not one.restarting and ago is not None and ago < LAPSED,
        "oom_killed": bool(last.get("oom_killed")),
    }


def _signal_of(code: int | None) -> int | None:
    """Return the signal encoded in an exit code by Docker and shells (128 + n); None for other codes."""
    signal = (code or 0) - SIGNALLED
    return signal if signal in ENDING_SIGNALS else None


def _longest_interval(checks: Sequence[Check]) -> float:
    """Return the longest interval of its failing checks: their results may be that old."""
    return max((check.row.get("interval") or 0.0 for check in checks if check.row["status"] == "critical"), default=0.0)


def observe_job(world: World) -> Iterator[Observation]:
    """Yield the job and the counts of its groups."""
    for result in world.results("nomad_job"):
        job = result.data
        yield Observation(
            "job",
            {},
            {
                "id": job["id"],
                "stopped": job["stopped"],
                "status": job["status"],
                "description": job["status_description"] or "",
                "litefs_yml": job["litefs_yml"][0] if job["litefs_yml"] else None,
                "unlooked": (kind := _unlooked(world, job)),
            },
            quote=f"job {job['id']}: status {job['status']}" + (", stopped" if job["stopped"] else "") + (f", {kind}" if kind else ""),
            source="Nomad's job",
            item=result.id,
        )
        if not job["stopped"] and world.seen_allocations():
            yield from (_group(world, result, group) for group in job["groups"])
    yield from _expected(world)


def _unlooked(world: World, job: Mapping[str, JSON]) -> str | None:
    """Return what makes each of its runs a separate job (periodic, parameterized), if none of them was queried."""
    kind = next((kind for kind in ("periodic", "parameterized") if job[kind]), None)
    return None if job["stopped"] or world.allocations or not world.seen_allocations() else kind


def _expected(world: World) -> Iterator[Observation]:
    """Yield the number of instances that the spec expects as a group of its own."""
    wanted = world.bundle.expect.get("instances")
    if wanted is None or not world.seen_allocations():
        return
    live = sum(not one.over for one in world.instances)
    fields = {
        "group": "that the spec expects",
        "job": "",
        "expected": wanted,
        "live": live,
        "missing": max(0, wanted - live),
        "none_left": not live,
    }
    yield Observation("group", {}, fields, quote=f"{live} of {wanted} instances that the spec expects live", source="the spec's expect")


def group_counts(world: World, job: Mapping[str, JSON], group: Mapping[str, JSON]) -> tuple[int | None, int, int]:
    """Return the expected, live and missing instances of a group.

    A system job has no count: there, missing are nodes whose last instance was moved away or lost. An instance about which Nomad no longer
    knows anything (`unknown`, on a disconnected client) is not live.
    """
    mine = [one for one in world.instances if _is_of(one.alloc, job, group)]
    live = len(standing(mine))
    failed = sum((one.status == "failed" or one.quit) and not one.alloc["canary"] for one in mine)
    if job["type"] in BATCH or job["periodic"] or job["parameterized"]:
        return None, live, 0
    if job["type"] == "system":
        gone = {one.node for one in mine if one.status == "lost"} | {a["node"] for a in migrated(world) if _is_of(a, job, group)}
        return None, live, len(gone - {one.node for one in mine if not one.over})
    return group["count"], live, max(0, group["count"] - live - failed)


def _is_of(alloc: Mapping[str, JSON], job: Mapping[str, JSON], group: Mapping[str, JSON]) -> bool:
    return group_of(alloc) == (job["namespace"], job["id"], group["name"])


def migrated(world: World) -> list[Mapping[str, JSON]]:
    """Return the newest allocation of each node and group, if a drain moved it away."""
    newest: dict[tuple[str, ...], Mapping[str, JSON]] = {}
    for alloc in world.allocations:
        key = (alloc["node"], *group_of(alloc))
        if key not in newest or newest[key]["create_index"] < alloc["create_index"]:
            newest[key] = alloc
    return [a for a in newest.values() if a["desired_status"] == "stop" and DRAINED.search(a["desired_description"] or "")]


def missing_total(world: World) -> int:
    """Return the total number of instances that the jobs lack."""
    if not world.seen_allocations():
        return 0
    return sum(group_counts(world, job, group)[2] for job in world.jobs.values() if not job["stopped"] for group in job["groups"])


def emptied(world: World, moved: Sequence[Mapping[str, JSON]]) -> set[str]:
    """Return nodes that lost an instance of a group that lacks some now. Such a node may still run the job's other groups."""
    every = [(job, group) for job in world.jobs.values() if not job["stopped"] for group in job["groups"]]
    lacking = [pair for pair in every if group_counts(world, *pair)[2] > 0]
    still = {one.node for one in world.instances if not one.over and any(_is_of(one.alloc, *pair) for pair in lacking)}
    return {alloc["node"] for alloc in moved if any(_is_of(alloc, *pair) for pair in lacking)} - still


def _group(world: World, result: Result, group: Mapping[str, JSON]) -> Observation:
    expected, live, missing = group_counts(world, result.data, group)
    running = [one for one in world.instances if _is_of(one.alloc, result.data, group) and one.running]
    wanted = f" of {expected}" if expected is not None else ""
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
        quote=f"group {group['name']}: {live}{wanted} instances live, {missing} missing",
        source="Nomad's job and its allocations",
        item=result.id,
    )


def _driver(one: Instance) -> str | None:
    known = one.defined(one.troubled["name"]) if one.troubled else None
    return str(known["driver"]) if known else None


def _since(one: Instance) -> float | None:
    """Return when its trouble began, if any: at creation if it was never healthy, else the earliest exit that still counts.

    Nomad judges an allocation's health once, and only in a deployment; an old allocation keeps that verdict.
    """
    created: float | None = one.alloc["create_time"]
    if one.over:
        ended: float | None = one.alloc["modify_time"]
        return ended
    if one.alloc["healthy"] is False or (one.alloc["healthy"] is None and one.age < UNDECIDED):
        return created
    return float(one.exits[0]["time"]) - one.ahead if one.restarting or one.restarted_by == "exit" else None


def _state(one: Instance, fields: Mapping[str, JSON]) -> str:
    parts = [f"client status {one.status}"]
    if one.alloc["client_description"]:
        parts.append(str(one.alloc["client_description"]))
    if one.alloc["desired_status"] != "run" and one.alloc["desired_description"]:
        parts.append(str(one.alloc["desired_description"]))
    if one.alloc["restarts"]:
        parts.append(count(one.alloc["restarts"], "restart"))
    if fields["exit_code"] is not None:
        parts.append(f"last exit code {fields['exit_code']}")
    return ", ".join(parts)
