"""What happened to tasks, as Nomad tells it: their events, and which of them count now."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence

from collector.loglines.meanings import meanings_of_event
from collector.model import JSON
from collector.observe.instances import FAILS, Instance
from collector.observe.observation import Observation, scope
from collector.observe.runs import ends_since, executor_gone, in_order, own_exits
from collector.observe.world import World

_VARYING = re.compile(r"\b[0-9a-f]{8,}\b|\d+")


def observe_events(world: World, wells: Mapping[str, bool]) -> Iterator[Observation]:
    """Task events of the allocations that count, newest first. `wells` says which of them are well."""
    for one in world.instances:
        for task in one.tasks:
            itself = {id(event) for event in own_exits(task["events"])}
            started = max((event["time"] for event in task["events"] if event["type"] == "Started"), default=0.0)
            over = _over(task["events"])
            ending = math.inf if wells.get(one.id, False) else ends_since(task, one.clock)
            for event in sorted(task["events"], key=lambda known: -known["time"]):
                # What kept a task from starting is over with its start; an end is over when the task has stayed up since.
                current = event["time"] > started or (event["type"] == "Terminated" and event["time"] >= ending)
                current = current and id(event) not in over
                yield _event(world, one, task, event, itself=id(event) in itself, current=current)


def _over(events: Sequence[Mapping[str, JSON]]) -> set[int]:
    """The failures to start that a later try did not meet: it came as far as another one."""
    failures = [event for event in in_order(events) if event["type"] in FAILS]
    newest = _words(failures[-1]) if failures else ""
    return {id(event) for event in failures if _words(event) != newest}


def _words(event: Mapping[str, JSON]) -> str:
    """What an event says, but for IDs, ports and times."""
    return f"{event['type']}: {_VARYING.sub('#', event['message'] or '')}"


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
            "executor_gone": executor_gone(event),
            **meanings_of_event(event["message"] or ""),
            "unstarted": not task["started_at"],
            "current": current,
        },
        quote=f"{event['type']}: {event['message']}",
        source=f"task event of {one.id[:8]}, task {task['name']}",
        item=world.alloc_items.get(one.id, ""),
        at=event["time"] - one.ahead,
    )
