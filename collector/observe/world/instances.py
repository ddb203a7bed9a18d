"""The state of a current allocation.

Which allocations are current is decided in successors.py.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from collector.kinds.nomad_allocations import LIVE
from collector.model import JSON
from collector.observe.world.runs import (
    LOOP_SPACING,
    LOOP_WINDOW,
    RESTARTED_FOR,
    Event,
    asked_start,
    done,
    executor_gone,
    for_a_check,
    in_order,
    outlived,
    own_exits,
)

YOUNG = 10.0
"""Seconds below which a first start is not judged: Nomad's default for `min_healthy_time` is 10 s."""
STARTING = 2 * YOUNG
SERIES = 3
"""Number of restarts that make a series."""
REQUESTED = "User requested"
"""The prefix of Nomad's reason for a restart requested through its API (client/alloc_endpoint.go)."""
RERENDERED = "Template with change_mode restart re-rendered"
"""Nomad's reason for a restart because of a template (taskrunner/template/template.go)."""
BATCH = {"batch", "sysbatch"}
FETCH = re.compile(r"(?i)\b(?:downloading|pulling)\b|\bimage pull progress\b")
"""Messages of Nomad's client and drivers while fetching artifacts (structs.go) or an image (drivers/docker; others differ)."""
FETCHING = {"Driver", "Downloading Artifacts"}
"""Types of these events."""
FAILS = {"Driver Failure", "Failed Artifact Download", "Setup Failure"}
"""Types of events that say why a task could not be started."""

Allocation = Mapping[str, JSON]


@dataclass(frozen=True)
class Instance:
    """One current allocation, with what follows from its task states. `job` is None if the job was not seen.

    `now` is the servers' time, which stamps allocations; `clock` its node's, which stamps events (clocks.py).
    """

    alloc: Allocation
    job: Mapping[str, JSON] | None
    now: float
    clock: float

    @property
    def id(self) -> str:
        """The allocation's full ID."""
        return str(self.alloc["id"])

    @property
    def node(self) -> str:
        """Its node's name."""
        return str(self.alloc["node"])

    @property
    def status(self) -> str:
        """Nomad's client status."""
        return str(self.alloc["client_status"])

    @cached_property
    def group(self) -> Mapping[str, JSON] | None:
        """Its group in the current job; None if the job has no such group, or was not seen."""
        groups = self.job["groups"] if self.job else ()
        return next((group for group in groups if group["name"] == self.alloc["group"]), None)

    def defined(self, task: str) -> Mapping[str, JSON] | None:
        """Return a task's definition in the current job."""
        return next((known for known in self.group["tasks"] if known["name"] == task), None) if self.group else None

    @cached_property
    def tasks(self) -> Sequence[Mapping[str, JSON]]:
        """Task states, main tasks first (those that run for the allocation's whole life)."""
        return sorted(self.alloc["tasks"], key=lambda task: (not self._is_main(task["name"]), task["name"]))

    @cached_property
    def troubled(self) -> Mapping[str, JSON] | None:
        """The worst task, else the first main one; None without task states."""
        return max(self.tasks, key=self._trouble, default=None)

    @cached_property
    def exits(self) -> list[Mapping[str, JSON]]:
        """`Terminated` events of the worst task that Nomad had not requested, oldest first."""
        return own_exits(self.troubled["events"]) if self.troubled else []

    @property
    def ahead(self) -> float:
        """Seconds by which its node's clock is ahead of the servers'; subtracted from the node's time stamps."""
        return self.clock - self.now

    @property
    def running(self) -> bool:
        """True if all main tasks run."""
        main = [task for task in self.tasks if self._is_main(task["name"])]
        return self.status == "running" and bool(main) and all(task["state"] == "running" for task in main)

    @property
    def never_started(self) -> bool:
        """True if none of its tasks ever started."""
        return not any(task["started_at"] for task in self.tasks)

    @property
    def fetching(self) -> bool:
        """True while nothing has started because an image or artifact is being downloaded, and nothing has failed."""
        events = [event for task in self.tasks for event in task["events"]]
        fetched = any(event["type"] in FETCHING and FETCH.search(event["message"] or "") for event in events)
        return self.status == "pending" and self.never_started and fetched and not any(event["type"] in FAILS for event in events)

    @property
    def age(self) -> float:
        """Seconds since its creation; very large if unknown, so that a fault is not taken for a normal start."""
        return max(0.0, self.now - (self.alloc["create_time"] or 0.0))

    @property
    def young(self) -> bool:
        """True if it is too early to judge: not old enough, and not restarted."""
        return self.age < YOUNG and not self.alloc["restarts"] and self.status in LIVE

    @property
    def fresh(self) -> bool:
        """True if it has only just been started or restarted: too early to judge what it does not do yet."""
        return self.young or self.restarted_ago is not None

    def starting(self, interval: float) -> bool:
        """True if it may still be starting for the first time: Nomad has not called it healthy, and its default wait has not passed.

        A failing check with a long `interval` may have run before the process listened.
        """
        return self.age < max(STARTING, interval + YOUNG) and self.alloc["healthy"] is not True and not self.restarting

    @cached_property
    def restarting(self) -> bool:
        """True in a restart loop: its process exited by itself and waits for a restart, or has done so repeatedly in a short time."""
        if not self.exits or self.status not in LIVE or (self.troubled and done(self.troubled)):
            return False
        last = self.exits[-1]
        events = self.troubled["events"] if self.troubled else []
        if not any(event["type"] == "Started" and event["time"] > last["time"] for event in events):
            return True
        return self._follows_closely(self.exits) and self.clock - last["time"] < LOOP_WINDOW and self.recurs

    @staticmethod
    def _follows_closely(exits: Sequence[Event]) -> bool:
        """True if the last exit came soon after the previous one. A lost executor is not the process' own exit."""
        if len(exits) < 2:  # noqa: PLR2004 - needs two exits
            return False
        before, last = exits[-2:]
        alike = (executor_gone(before) is None) == (executor_gone(last) is None)
        return bool(alike and last["time"] - before["time"] < LOOP_SPACING)

    @cached_property
    def recurs(self) -> bool:
        """True if its process exited by itself, and has not yet run much longer than before its last two exits."""
        return bool(self.exits and self.troubled and not outlived(self.troubled["events"], self.clock))

    @cached_property
    def restarted_for(self) -> str | None:
        """The check for which Nomad has recently restarted one of its tasks repeatedly."""
        return None if self.over else next(filter(None, map(self._restarted_for, self.tasks)), None)

    def _restarted_for(self, task: Mapping[str, JSON]) -> str | None:
        """The same for one task. Restarts further back than one and a half intervals are over, as are those the task has outlived."""
        asked = [event for event in in_order(task["events"]) if for_a_check(event)]
        if not self._in_a_spell(asked, LOOP_SPACING) or outlived(task["events"], self.clock):
            return None
        return str(asked[-1]["message"]).split(RESTARTED_FOR)[1].split('"')[0]

    @cached_property
    def rerendered(self) -> bool:
        """True if Nomad has recently restarted one of its tasks repeatedly because a template changed."""
        return self._restarted_repeatedly(RERENDERED)

    @property
    def requested(self) -> bool:
        """True if somebody has recently requested a restart of one of its tasks repeatedly."""
        return self._restarted_repeatedly(REQUESTED)

    def _restarted_repeatedly(self, why: str) -> bool:
        """True if Nomad was asked repeatedly to restart a task for a reason with this prefix, and the task has not outlived it."""
        lasting = (task["events"] for task in self.tasks if not outlived(task["events"], self.clock))
        asked = ([event for event in in_order(events) if event["message"].startswith(why)] for events in lasting)
        # Two may be somebody changing a value and changing it back: over once a third one is overdue.
        least = LOOP_WINDOW if self.alloc["restarts"] >= SERIES else 0.0
        return not self.over and any(self._in_a_spell(events, LOOP_WINDOW, least) for events in asked)

    def _in_a_spell(self, asked: Sequence[Event], spacing: float, least: float = LOOP_WINDOW) -> bool:
        """True if requested restarts follow each other closely, until `least` seconds ago. A single one may have fixed its cause."""
        if len(asked) < 2:  # noqa: PLR2004
            return False
        spell = asked[-1]["time"] - asked[-2]["time"]
        return bool(spell < spacing and self.clock - asked[-1]["time"] < max(least, 1.5 * spell))

    @cached_property
    def restarted_ago(self) -> int | None:
        """Seconds since one of its tasks restarted, outside a restart loop; None if that is long enough ago to judge."""
        ago, least = self.clock - self._restart[0], STARTING if self._restart[1] == "request" else YOUNG
        return round(ago) if ago < least and self.live else None

    @property
    def restarted_by(self) -> str | None:
        """Why it restarted; None if that is long ago."""
        return self._restart[1] if self.restarted_ago is not None else None

    @cached_property
    def _restart(self) -> tuple[float, str]:
        """Return when a task last restarted, and why: `request` (also by a template) or `exit`."""
        asked = max(filter(None, (asked_start(task["events"]) for task in self.tasks)), default=-math.inf)
        return max((asked, "request"), (self._returned, "exit"))

    @property
    def _returned(self) -> float:
        """Return when the worst task restarted after its last own exit; -inf if it has not, or if it exits again and again."""
        if self.restarting or not self.exits or self.troubled is None:
            return -math.inf
        return max((float(event["time"]) for event in self.troubled["events"] if event["type"] == "Started"), default=-math.inf)

    @cached_property
    def stopped(self) -> str | None:
        """The first main task that is not running, although its allocation is live and has run something; None if there is none."""
        if self.status not in {"pending", "running"} or self.never_started:
            return None
        return next((str(task["name"]) for task in self.tasks if self._is_main(task["name"]) and self._is_stopped(task)), None)

    @cached_property
    def waits_for(self) -> str | None:
        """The prestart task that has not ended while no main task has ever started; None if there is none."""
        if self.over or any(task["started_at"] for task in self.tasks if self._is_main(task["name"])):
            return None
        before = (task for task in self.tasks if self._hook(task["name"]) == "prestart")
        return next((str(task["name"]) for task in before if task["state"] == "running"), None)

    @property
    def sound(self) -> bool:
        """True if it is healthy, and has been for a while."""
        return self.live and self.running and not self.restarting and not self.restarted_for and not self.young

    @property
    def live(self) -> bool:
        """True if it is wanted and not over."""
        return self.alloc["desired_status"] == "run" and self.status in LIVE

    @property
    def over(self) -> bool:
        """True if it has ended."""
        return self.status not in LIVE

    @property
    def quit(self) -> bool:
        """True if all its tasks exited successfully, though Nomad wants the service to run (a leader task stops the others)."""
        serves = self.job is not None and self.job["type"] not in BATCH
        return self.status == "complete" and self.alloc["desired_status"] == "run" and serves

    @cached_property
    def lasting(self) -> frozenset[str]:
        """Names of the tasks that run as long as the allocation: main ones and sidecars; all if the job was not seen."""
        return frozenset(task["name"] for task in self.tasks if (hook := self._hook(task["name"])) == "" or hook.endswith(" sidecar"))

    def _is_main(self, task: str) -> bool:
        return not self._hook(task)

    def _may_end(self, task: str) -> bool:
        """True for a batch job's task, or one that the current job does not have and that may have been a hook."""
        return self.job is None or self.job["type"] in BATCH or self.defined(task) is None

    def _is_stopped(self, task: Mapping[str, JSON]) -> bool:
        """True if it is not running, was not just stopped or restarted, and has not completed its work."""
        if task["state"] == "running" or (done(task) and self._may_end(task["name"])):
            return False
        return self.clock - max((event["time"] for event in task["events"]), default=-math.inf) >= YOUNG

    def _hook(self, task: str) -> str:
        """Return the task's lifecycle hook and whether it is a sidecar; empty for a main task."""
        known = self.defined(task)
        return str(known["lifecycle"] or "") if known else ""

    def _trouble(self, task: Mapping[str, JSON]) -> tuple[bool, bool, bool, int, bool, bool]:
        """Sort key: a problem a task has overcome weighs less than another task's present one, however often it restarted."""
        ends, restarts = bool(own_exits(task["events"])), task["restarts"] or 0
        lasts = ends and not outlived(task["events"], self.clock)
        return not done(task), bool(task["failed"]), lasts, restarts, task["state"] != "running", ends
