"""Which allocations count now, and what state each is in.

An allocation counts when it is live (wanted and not over), or when it is over against the wish (failed, lost) and no sound successor has
taken its place. Everything else is history: replaced, updated away, stopped on purpose.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from collector.model import JSON

YOUNG = 10.0
"""Seconds below which a first start is not judged: Nomad's own default for `min_healthy_time` is 10 s."""
LOOP_WINDOW = 120.0
"""A process that ended by itself at least twice, the last time within these seconds, is in a loop though it may run right now."""
LOOP_SPACING = 600.0
"""Ends further apart than this (Nomad's default delay between restarts is 15 s) are two stories, not a loop."""
LIVE = {"pending", "running", "unknown"}
OVER = {"failed", "lost", "unknown"}

Allocation = Mapping[str, JSON]


@dataclass(frozen=True)
class Instance:
    """One allocation that counts, with what follows from its task states. `job` is None where the job was not seen."""

    alloc: Allocation
    job: Mapping[str, JSON] | None
    now: float

    @property
    def id(self) -> str:
        """Full ID of the allocation."""
        return str(self.alloc["id"])

    @property
    def node(self) -> str:
        """Name of its node."""
        return str(self.alloc["node"])

    @property
    def status(self) -> str:
        """Nomad's client status."""
        return str(self.alloc["client_status"])

    @cached_property
    def tasks(self) -> Sequence[Mapping[str, JSON]]:
        """Task states, the main ones first: those that run for the allocation's whole life."""
        return sorted(self.alloc["tasks"], key=lambda task: (not self._is_main(task["name"]), task["name"]))

    @cached_property
    def troubled(self) -> Mapping[str, JSON] | None:
        """The task that is worst off, else the first main one; None when no task state is there."""
        return max(self.tasks, key=_trouble, default=None)

    @cached_property
    def exits(self) -> list[Mapping[str, JSON]]:
        """`Terminated` events of the troubled task that Nomad had not asked for, oldest first."""
        return own_exits(self.troubled["events"]) if self.troubled else []

    @property
    def running(self) -> bool:
        """All main tasks run."""
        main = [task for task in self.tasks if self._is_main(task["name"])]
        return self.status == "running" and bool(main) and all(task["state"] == "running" for task in main)

    @property
    def never_started(self) -> bool:
        """No task of it ever started."""
        return not any(task["started_at"] for task in self.tasks)

    @property
    def age(self) -> float:
        """Seconds since it was created."""
        return max(0.0, self.now - (self.alloc["create_time"] or self.now))

    @property
    def young(self) -> bool:
        """Too early to judge: neither old enough nor restarted."""
        return self.age < YOUNG and not self.alloc["restarts"] and self.status in LIVE

    @cached_property
    def restarting(self) -> bool:
        """In a restart loop: its process ended by itself and waits to be started, or has done so repeatedly just now."""
        if not self.exits or self.status not in LIVE or (self.troubled and done(self.troubled)):
            return False
        last = self.exits[-1]
        events = self.troubled["events"] if self.troubled else []
        if not any(event["type"] == "Started" and event["time"] > last["time"] for event in events):
            return True
        return len(self.exits) > 1 and self.now - last["time"] < LOOP_WINDOW and last["time"] - self.exits[-2]["time"] < LOOP_SPACING

    @property
    def over(self) -> bool:
        """It does not live any more."""
        return self.status not in LIVE

    @cached_property
    def lasting(self) -> frozenset[str]:
        """Names of the tasks that run as long as the allocation: main ones and sidecars. Of a job that was not seen all."""
        return frozenset(task["name"] for task in self.tasks if (hook := self._hook(task["name"])) == "" or hook.endswith(" sidecar"))

    def _is_main(self, task: str) -> bool:
        return not self._hook(task)

    def _hook(self, task: str) -> str:
        """At what point of the allocation's life the task starts, and whether it stays; empty for a main one."""
        for group in (self.job or {}).get("groups", ()):
            for known in group["tasks"]:
                if known["name"] == task and group["name"] == self.alloc["group"]:
                    return str(known["lifecycle"] or "")
        return ""


def done(task: Mapping[str, JSON]) -> bool:
    """It has ended well and is not started again: a `prestart` or `poststart` task that has done its work."""
    return task["state"] == "dead" and not task["failed"]


def stayed_up(task: Mapping[str, JSON], now: float) -> bool:
    """It runs, and has for so long that what was before its last start is another story."""
    started = max((event["time"] for event in task["events"] if event["type"] == "Started"), default=now)
    return bool(task["state"] == "running" and now - started > LOOP_WINDOW)


def ends_since(task: Mapping[str, JSON], now: float) -> float:
    """When the ends of a task began to follow each other closely; never, where it has stayed up since the last one."""
    first = math.inf
    for event in sorted(task["events"], key=lambda one: -one["time"]):
        if event["type"] == "Terminated" and (first == math.inf or first - event["time"] < LOOP_SPACING):
            first = event["time"]
    return math.inf if stayed_up(task, now) else first


def own_exits(events: Iterable[Mapping[str, JSON]]) -> list[Mapping[str, JSON]]:
    """The `Terminated` events that no `Killing` or requested restart came before; the executor's own death (-1 of a killed one) is none.

    An OOM kill is the kernel's, so it counts.
    """
    found, asked = [], False
    for event in sorted(events, key=lambda one: one["time"]):
        if event["type"] == "Started":
            asked = False
        elif event["type"] in {"Killing", "Restart Signaled", "Signaling"}:
            asked = True
        elif event["type"] == "Terminated" and not asked:
            found.append(event)
    return found


def current(allocations: Sequence[Allocation], jobs: Mapping[str, Mapping[str, JSON]], now: float) -> list[Instance]:
    """Those that count, by node and group, newest last."""
    every = [Instance(alloc, jobs.get(alloc["job"]), now) for alloc in allocations]
    sound = _newest_sound(every)
    newest = _newest(every)
    kept = [one for one in every if _live(one) or (_over_against_the_wish(one) and not _replaced(one, sound, newest))]
    return sorted(kept, key=lambda one: (one.node, one.alloc["group"], one.alloc["create_index"]))


def _live(one: Instance) -> bool:
    return one.alloc["desired_status"] == "run" and one.status in LIVE


def _over_against_the_wish(one: Instance) -> bool:
    return one.status in OVER and (one.alloc["desired_status"] == "run" or one.status == "lost" or bool(one.alloc["next"]))


def slot(one: Instance) -> tuple[str, str, str]:
    """Which place of the job it fills: its name is unique there, except for system jobs, where each node is a place."""
    system = (one.job or {}).get("type") in {"system", "sysbatch"}
    return str(one.alloc["namespace"]), str(one.alloc["name"]), one.node if system else ""


def _newest_sound(every: Iterable[Instance]) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = {}
    for one in every:
        if _live(one) and one.running and not one.restarting and not one.young:
            found[slot(one)] = max(found.get(slot(one), 0), one.alloc["create_index"])
    return found


def _newest(every: Iterable[Instance]) -> dict[tuple[str, str, str], Instance]:
    found: dict[tuple[str, str, str], Instance] = {}
    for one in every:
        if slot(one) not in found or found[slot(one)].alloc["create_index"] < one.alloc["create_index"]:
            found[slot(one)] = one
    return found


def _replaced(one: Instance, sound: Mapping[tuple[str, str, str], int], newest: Mapping[tuple[str, str, str], Instance]) -> bool:
    """A sound successor is there; or one of a newer job version; or one that has had its own failures since."""
    if sound.get(slot(one), -1) > one.alloc["create_index"]:
        return True
    last = newest[slot(one)]
    if last is one:
        return False
    return last.alloc["job_version"] > one.alloc["job_version"] or last.restarting or last.over or not last.young


def _trouble(task: Mapping[str, JSON]) -> tuple[bool, bool, int, bool]:
    return not done(task), bool(task["failed"]), task["restarts"] or 0, task["state"] != "running"
