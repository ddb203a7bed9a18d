"""Task events, and which of them are relevant now."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence

from collector.loglines.addresses import in_use_by_event
from collector.loglines.meanings import meanings_of_event
from collector.model import JSON
from collector.observe.observation import Observation, scope
from collector.observe.world.instances import FAILS, Instance
from collector.observe.world.runs import ends_since, executor_gone, own_exits
from collector.observe.world.survey import World

STEPS = {"Failed Artifact Download": 1, "Template": 2, "Driver Failure": 3, "Setup Failure": 3}
"""Event types that show how far a task got before it started, in the order of Nomad's steps (task_runner_hooks.go)."""
LED = "Leader Task Dead"
"""The type of event of the tasks that Nomad stops because their group's leader has ended (client/allocrunner/alloc_runner.go)."""
_VARYING = re.compile(r"\b[0-9a-f]{8,}\b|\d+")


def observe_events(world: World, wells: Mapping[str, bool]) -> Iterator[Observation]:
    """Yield task events of current allocations, newest first. `wells` are the healthy allocations."""
    for one in world.instances:
        end = _leaders_end(one)
        for task in one.tasks:
            itself = {id(event) for event in own_exits(task["events"])}
            started = max((event["time"] for event in task["events"] if event["type"] == "Started"), default=0.0)
            over = _over(task["events"])
            ending = math.inf if wells.get(one.id, False) else ends_since(task, one.clock)
            for event in sorted(task["events"], key=lambda known: -known["time"]):
                # A failure to start is over once the task started; an exit is over once the task has stayed up since.
                current = event["time"] > started or (event["type"] == "Terminated" and event["time"] >= ending)
                current = current and id(event) not in over
                fields = {"itself": id(event) in itself, "leader_end": event is end, "current": current}
                yield _event(world, one, task, event, fields)


def _leaders_end(one: Instance) -> Mapping[str, JSON] | None:
    """Return the exit for which Nomad stopped the allocation's other tasks, each of which has an event that says so."""
    told = [event["time"] for task in one.tasks for event in task["events"] if event["type"] == LED]
    others = (task["events"] for task in one.tasks if not any(event["type"] == LED for event in task["events"]))
    ends = (event for events in others for event in own_exits(events) if event["time"] <= max(told, default=0.0))
    return max(ends, key=lambda event: event["time"], default=None)


def _over(events: Sequence[Mapping[str, JSON]]) -> set[int]:
    """Return the identities of events that are over: the task later got further, or failed differently."""
    found, furthest, newest = set(), 0, None
    for event in sorted((event for event in events if event["type"] in STEPS), key=lambda known: -known["time"]):
        step, words = STEPS[event["type"]], _words(event)
        newest = newest or (words if event["type"] in FAILS else None)
        if step < furthest or (event["type"] in FAILS and words != newest):
            found.add(id(event))
        furthest = max(furthest, step)
    return found


def _words(event: Mapping[str, JSON]) -> str:
    """Return an event's message without IDs, ports and times."""
    return f"{event['type']}: {_VARYING.sub('#', event['message'] or '')}"


def _event(world: World, one: Instance, task: Mapping[str, JSON], event: Mapping[str, JSON], standing: Mapping[str, JSON]) -> Observation:
    return Observation(
        "task_event",
        scope(node=one.node, alloc=one.id, task=task["name"]),
        {
            "type": event["type"],
            "message": event["message"],
            "exit_code": event["exit_code"],
            "signal": event["signal"],
            "oom_killed": bool(event["oom_killed"]),
            "worst": task is one.troubled,
            "executor_gone": executor_gone(event),
            **meanings_of_event(event["message"] or ""),
            **in_use_by_event(event["message"] or ""),
            "unstarted": not task["started_at"],
            **standing,
        },
        quote=f"{event['type']}: {event['message']}",
        source=f"task event of {one.id[:8]}, task {task['name']}",
        item=world.alloc_items.get(one.id, ""),
        at=event["time"] - one.ahead,
    )
