"""Determines since when a check has had its status, as far as one run can tell.

Neither Consul nor Nomad stores when a status changed; docs/history.md lists what has a time, and which bounds follow from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from collector.model import JSON, Began
from collector.observe.world.runs import RESTARTED_FOR
from collector.observe.world.survey import World

PREFIX = "_nomad-task-"
GIVEN_UP_FOR = "Services not healthy by deadline: "
"""Nomad's reason for a deployment to give up an allocation; the services' names follow (client/allochealth/tracker.go)."""

UNCHANGED = "it has not changed since it was registered"
OF_ALLOCATION = "it is not older than its allocation"
OF_START = "it was registered again when its task started"


def since(world: World, row: Mapping[str, JSON]) -> Began:
    """Return the bounds for one check of the catalog or of Nomad.

    Consul raises a check's ModifyIndex with every change of status: if it equals the CreateIndex, the status is the first one.
    """
    unchanged = bool(row.get("create_index")) and row.get("create_index") == row.get("modify_index")
    alloc = world.alloc.get(row.get("alloc") or "")
    if alloc is None:
        return Began(since_source=UNCHANGED if unchanged else None)
    instance = world.instance.get(alloc["id"])
    ahead = instance.ahead if instance else 0.0
    not_before, words = _registered(world, row, alloc, ahead)
    by = _registered_by(world, row, alloc) if unchanged else None
    by = None if by is None else by - ahead
    if by is not None and not_before is not None:
        not_before = min(not_before, by)  # one is by the servers' clock, the other by the node's, which is known to within seconds at best
    return Began(by, not_before, f"{words}; {UNCHANGED}" if unchanged else words)


def tells_of_check(event: Mapping[str, JSON]) -> bool:
    """True if a task event (its `message`) reports a failed check."""
    return RESTARTED_FOR in event["message"] or GIVEN_UP_FOR in event["message"]


def _registered(world: World, row: Mapping[str, JSON], alloc: Mapping[str, JSON], ahead: float) -> tuple[float | None, str]:
    """Return a time before the check was registered, and its name: a group's checks begin with the allocation, a task's with each start.

    For an instance in a restart loop, or restarted because of this check, the allocation's creation is used instead.
    """
    started = _last_start(row, alloc)
    instance = world.instance.get(alloc["id"])
    if started is None or (instance and instance.restarting) or _restarted_for(row, alloc):
        return alloc["create_time"], OF_ALLOCATION
    return started - ahead, OF_START


def _registered_by(world: World, row: Mapping[str, JSON], alloc: Mapping[str, JSON]) -> float | None:
    """Return a time by which the check was registered: the last start of its task, or any task's first since a requested restart.

    A group's services stay registered over restarts by its policy; a requested restart may register them anew. None if the allocation is
    older than its job version: it was updated in place, and its checks may be younger than any start.
    """
    job = world.job_of(alloc)
    if job is None or job["version"] != alloc["job_version"] or (job["submit_time"] or 0.0) > (alloc["create_time"] or 0.0):
        return None
    asked = max(_times(alloc["tasks"], "Restart Signaled"), default=0.0)
    return _last_start(row, alloc) or min((start for start in _times(alloc["tasks"], "Started") if start > asked), default=None)


def _last_start(row: Mapping[str, JSON], alloc: Mapping[str, JSON]) -> float | None:
    """Return when the task of this check's service last started; None for a service of the whole group."""
    own = str(row.get("service_id") or "").removeprefix(f"{PREFIX}{alloc['id']}-")
    if own.startswith(f"group-{alloc['group']}-"):
        return None
    # `web-` is also a prefix for a task `web-proxy`: the longest matching name is the task's.
    mine = max((task for task in alloc["tasks"] if own.startswith(f"{task['name']}-")), key=lambda task: len(task["name"]), default=None)
    return max(_times([mine], "Started"), default=None) if mine else None


def _times(tasks: Iterable[Mapping[str, JSON]], kind: str) -> Iterator[float]:
    for task in tasks:
        yield from (event["time"] for event in task["events"] if event["type"] == kind)


def _restarted_for(row: Mapping[str, JSON], alloc: Mapping[str, JSON]) -> bool:
    return any(f'{RESTARTED_FOR}{row["name"]}"' in event["message"] for task in alloc["tasks"] for event in task["events"])
