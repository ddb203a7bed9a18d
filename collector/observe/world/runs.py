"""When a task ran, from its events: its starts, its exits, and which exits nobody requested."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from collector.model import JSON

LOOP_WINDOW = 120.0
"""Seconds since the last of at least two exits within which a process is in a restart loop, even if it runs right now."""
LOOP_SPACING = 600.0
"""Exits further apart than this (in seconds) are not a loop; Nomad's default delay between restarts is 15 s."""
OUTLIVED = 20.0
OUTLIVED_TIMES = 5
"""A process has recovered if it has run for `OUTLIVED` seconds and this many times as long as each of its last two runs."""
REGULAR = 3
REGULAR_TIMES = 2
"""At least `REGULAR` runs are regular if the longest is at most this many times the shortest; a run this many times the longest breaks
that."""
LEAST = OUTLIVED / 2
"""Minimum seconds of a run that breaks the regularity, if it is also `OUTLIVED_TIMES` the longest."""
RESTARTED_FOR = 'healthcheck: check "'
"""Nomad's reason for a restart by `check_restart`; the check's name follows (check_watcher.go)."""
_EXECUTOR = re.compile(r'executor: error waiting on process: (?:rpc error: code = \w+ desc = )?([^"]+)')
"""Messages of the exec, java, raw_exec and qemu drivers for an exit that was not observed because the executor is gone (handleWait)."""
SIGNAL_ENDS = 10.0
"""Seconds after a signal from Nomad within which it explains an exit: a template's SIGHUP half an hour ago does not."""

Event = Mapping[str, JSON]


def stayed_up(task: Mapping[str, JSON], clock: float) -> bool:
    """True if it is running, and has for so long that earlier events are unrelated."""
    started = max((event["time"] for event in task["events"] if event["type"] == "Started"), default=clock)
    return bool(task["state"] == "running" and clock - started > LOOP_WINDOW)


def got_over(task: Mapping[str, JSON], clock: float) -> bool:
    """True if it is running, and has never exited by itself or has outlived that."""
    return bool(task["state"] == "running" and (not own_exits(task["events"]) or outlived(task["events"], clock)))


def ends_since(task: Mapping[str, JSON], clock: float) -> float:
    """Return when the task's exits began to follow each other closely; never if it has stayed up since the last one."""
    first = math.inf
    for event in sorted(task["events"], key=lambda one: -one["time"]):
        if event["type"] == "Terminated" and (first == math.inf or first - event["time"] < LOOP_SPACING):
            first = event["time"]
    return math.inf if stayed_up(task, clock) else first


def runs(events: Iterable[Event], now: float) -> list[float]:
    """Return how long each run of a task lasted, oldest first; the last one until now, which is 0 if it has ended."""
    lasted: list[float] = []
    since: float | None = None
    for event in in_order(events):
        if event["type"] == "Started":
            since = event["time"]
        elif event["type"] == "Terminated" and since is not None:
            lasted.append(event["time"] - since)
            since = None
    return [*lasted, 0.0 if since is None else now - since]


def outlived(events: Iterable[Event], now: float) -> bool:
    """True if it has run much longer than before its last two exits; if all runs were about equally long, longer than each."""
    *ended, present = runs(events, now)
    if _regular(ended):
        return present >= min(max(OUTLIVED, REGULAR_TIMES * max(ended)), max(LEAST, OUTLIVED_TIMES * max(ended)))
    return present >= max(OUTLIVED, OUTLIVED_TIMES * max(ended[-2:], default=math.inf))


def _regular(lasted: Sequence[float]) -> bool:
    return len(lasted) >= REGULAR and max(lasted) <= REGULAR_TIMES * min(lasted)


def own_exits(events: Iterable[Event]) -> list[Event]:
    """Return the `Terminated` events not preceded by `Killing` or a requested restart.

    An OOM kill is the kernel's, so it counts. A signal sent by Nomad explains an exit that follows at once.
    """
    found: list[Event] = []
    asked_until = -math.inf
    for event in in_order(events):
        if event["type"] == "Started":
            asked_until = -math.inf
        elif event["type"] in {"Killing", "Restart Signaled"}:
            asked_until = math.inf
        elif event["type"] == "Signaling":
            asked_until = max(asked_until, event["time"] + SIGNAL_ENDS)
        elif event["type"] == "Terminated" and event["time"] > asked_until:
            found.append(event)
    return found


def asked_start(events: Iterable[Event]) -> float | None:
    """Return when the task last started for a requested restart, other than by a failing check.

    While such a restart is in progress, return its latest step: Nomad waits before it starts the task again.
    """
    ordered = in_order(events)
    steps = [event for event in ordered if event["type"] in {"Started", "Restart Signaled"}][-2:]
    requested = [event for event in steps if event["type"] == "Restart Signaled"]
    if not requested or for_a_check(requested[-1]):
        return None
    return float((steps[-1] if steps[-1]["type"] == "Started" else ordered[-1])["time"])


def in_order(events: Iterable[Event]) -> list[Event]:
    """Return the events in chronological order."""
    return sorted(events, key=lambda one: one["time"])


def for_a_check(event: Event) -> bool:
    """True if a failing check requested the restart."""
    return event["type"] == "Restart Signaled" and RESTARTED_FOR in event["message"]


def executor_gone(event: Event) -> str | None:
    """Say why the process' exit was not observed, if the executor that should have observed it is gone."""
    found = _EXECUTOR.search(event["message"] or "")
    return found[1] if found else None


def done(task: Mapping[str, JSON]) -> bool:
    """True if it exited successfully and is not restarted: a `prestart` or `poststart` task that has completed."""
    return task["state"] == "dead" and not task["failed"]
