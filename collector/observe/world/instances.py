"""What state an allocation is in that counts now.

Which of them count, and which are history, is told in successors.py.
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
"""Seconds below which a first start is not judged: Nomad's own default for `min_healthy_time` is 10 s."""
STARTING = 2 * YOUNG
SERIES = 3
"""So many restarts are a series."""
REQUESTED = "User requested"
"""How Nomad's reason begins for a restart that somebody asked its API for (client/alloc_endpoint.go)."""
RERENDERED = "Template with change_mode restart re-rendered"
"""Nomad's reason for a restart because of a template (taskrunner/template/template.go)."""
BATCH = {"batch", "sysbatch"}
FETCH = re.compile(r"(?i)\b(?:downloading|pulling)\b|\bimage pull progress\b")
"""How Nomad's client and drivers tell that they fetch artifacts (structs.go) or an image (drivers/docker; others in words of theirs)."""
FETCHING = {"Driver", "Downloading Artifacts"}
"""Types of the events that tell it."""
FAILS = {"Driver Failure", "Failed Artifact Download", "Setup Failure"}
"""Types of the events that tell why a task could not be started."""

Allocation = Mapping[str, JSON]


@dataclass(frozen=True)
class Instance:
    """One allocation that counts, with what follows from its task states. `job` is None where the job was not seen.

    `now` is the servers' time, which stamp the allocation; `clock` its node's, which stamps the events (clocks.py).
    """

    alloc: Allocation
    job: Mapping[str, JSON] | None
    now: float
    clock: float

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
    def group(self) -> Mapping[str, JSON] | None:
        """Its task group, as the job has it now; None where the job has none of this name, or was not seen."""
        groups = self.job["groups"] if self.job else ()
        return next((group for group in groups if group["name"] == self.alloc["group"]), None)

    def defined(self, task: str) -> Mapping[str, JSON] | None:
        """A task of it, as the job has it now."""
        return next((known for known in self.group["tasks"] if known["name"] == task), None) if self.group else None

    @cached_property
    def tasks(self) -> Sequence[Mapping[str, JSON]]:
        """Task states, the main ones first: those that run for the allocation's whole life."""
        return sorted(self.alloc["tasks"], key=lambda task: (not self._is_main(task["name"]), task["name"]))

    @cached_property
    def troubled(self) -> Mapping[str, JSON] | None:
        """The task that is worst off, else the first main one; None when no task state is there."""
        return max(self.tasks, key=self._trouble, default=None)

    @cached_property
    def exits(self) -> list[Mapping[str, JSON]]:
        """`Terminated` events of the troubled task that Nomad had not asked for, oldest first."""
        return own_exits(self.troubled["events"]) if self.troubled else []

    @property
    def ahead(self) -> float:
        """Seconds that its node's clock is ahead of the servers'; what the node stamped is told by theirs, less these."""
        return self.clock - self.now

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
    def fetching(self) -> bool:
        """Nothing of it has started yet, since its image or its artifacts are being downloaded, and nothing has failed."""
        events = [event for task in self.tasks for event in task["events"]]
        fetched = any(event["type"] in FETCHING and FETCH.search(event["message"] or "") for event in events)
        return self.status == "pending" and self.never_started and fetched and not any(event["type"] in FAILS for event in events)

    @property
    def age(self) -> float:
        """Seconds since it was created; of what nobody knows when, more than any bound, since a fault is not to be taken for a start."""
        return max(0.0, self.now - (self.alloc["create_time"] or 0.0))

    @property
    def young(self) -> bool:
        """Too early to judge: neither old enough nor restarted."""
        return self.age < YOUNG and not self.alloc["restarts"] and self.status in LIVE

    @property
    def fresh(self) -> bool:
        """It has only just been started, for the first time or again: too early to judge what it does not do yet."""
        return self.young or self.restarted_ago is not None

    def starting(self, interval: float) -> bool:
        """It may still be on its first start: Nomad has not called it healthy yet, and by default waits half as long for that.

        A check that fails, and is asked again after `interval` seconds alone, may have been asked before it listened.
        """
        return self.age < max(STARTING, interval + YOUNG) and self.alloc["healthy"] is not True and not self.restarting

    @cached_property
    def restarting(self) -> bool:
        """In a restart loop: its process ended by itself and waits to be started, or has done so repeatedly just now."""
        if not self.exits or self.status not in LIVE or (self.troubled and done(self.troubled)):
            return False
        last = self.exits[-1]
        events = self.troubled["events"] if self.troubled else []
        if not any(event["type"] == "Started" and event["time"] > last["time"] for event in events):
            return True
        return self._follows_closely(self.exits) and self.clock - last["time"] < LOOP_WINDOW and self.recurs

    @staticmethod
    def _follows_closely(exits: Sequence[Event]) -> bool:
        """The last end follows the one before it closely. One that nobody saw, with its executor, is another story than one of its own."""
        if len(exits) < 2:  # noqa: PLR2004 - one follows another
            return False
        before, last = exits[-2:]
        alike = (executor_gone(before) is None) == (executor_gone(last) is None)
        return bool(alike and last["time"] - before["time"] < LOOP_SPACING)

    @cached_property
    def recurs(self) -> bool:
        """Its process has ended by itself, and does not run yet much longer than the last two times before it ended."""
        return bool(self.exits and self.troubled and not outlived(self.troubled["events"], self.clock))

    @cached_property
    def restarted_for(self) -> str | None:
        """The check that Nomad has restarted a task of it for repeatedly, just now."""
        return None if self.over else next(filter(None, map(self._restarted_for, self.tasks)), None)

    def _restarted_for(self, task: Mapping[str, JSON]) -> str | None:
        """The same of one task. What lies further back than from one such restart to the next, and half as much, is over.

        So is what it has outlived: the check lets it run for much longer than before.
        """
        asked = [event for event in in_order(task["events"]) if for_a_check(event)]
        if not self._in_a_spell(asked, LOOP_SPACING) or outlived(task["events"], self.clock):
            return None
        return str(asked[-1]["message"]).split(RESTARTED_FOR)[1].split('"')[0]

    @cached_property
    def rerendered(self) -> bool:
        """Nomad has restarted a task of it repeatedly just now, because a template of the task changed."""
        return self._asked_again(RERENDERED)

    @property
    def requested(self) -> bool:
        """Somebody has had a task of it restarted repeatedly just now."""
        return self._asked_again(REQUESTED)

    def _asked_again(self, why: str) -> bool:
        """Nomad was asked repeatedly just now to restart a task of it, for a reason that begins so, and the task has not outlived it."""
        lasting = (task["events"] for task in self.tasks if not outlived(task["events"], self.clock))
        asked = ([event for event in in_order(events) if event["message"].startswith(why)] for events in lasting)
        # Two may be somebody who has changed a value and changed it again: it is over when a third one is overdue.
        least = LOOP_WINDOW if self.alloc["restarts"] >= SERIES else 0.0
        return not self.over and any(self._in_a_spell(events, LOOP_WINDOW, least) for events in asked)

    def _in_a_spell(self, asked: Sequence[Event], spacing: float, least: float = LOOP_WINDOW) -> bool:
        """Restarts that Nomad was asked for follow each other closely, until `least` seconds ago. One may have mended what it was for."""
        if len(asked) < 2:  # noqa: PLR2004
            return False
        spell = asked[-1]["time"] - asked[-2]["time"]
        return bool(spell < spacing and self.clock - asked[-1]["time"] < max(least, 1.5 * spell))

    @cached_property
    def restarted_ago(self) -> int | None:
        """Seconds since a task of it started again, in no restart loop; None where that is long enough ago to judge."""
        ago, least = self.clock - self._restart[0], STARTING if self._restart[1] == "request" else YOUNG
        return round(ago) if ago < least and self.live else None

    @property
    def restarted_by(self) -> str | None:
        """What it started again for; None where that is long ago."""
        return self._restart[1] if self.restarted_ago is not None else None

    @cached_property
    def _restart(self) -> tuple[float, str]:
        """When a task last started again, and because somebody, or a template, asked for it, or because it had ended by itself."""
        asked = max(filter(None, (asked_start(task["events"]) for task in self.tasks)), default=-math.inf)
        return max((asked, "request"), (self._returned, "exit"))

    @property
    def _returned(self) -> float:
        """When the task that is worst off started again after its last own end; never, where it has not, or does so again and again."""
        if self.restarting or not self.exits or self.troubled is None:
            return -math.inf
        return max((float(event["time"]) for event in self.troubled["events"] if event["type"] == "Started"), default=-math.inf)

    @cached_property
    def stopped(self) -> str | None:
        """The first main task that does not run, though its allocation lives and has run something; None where nothing is to be said."""
        if self.status not in {"pending", "running"} or self.never_started:
            return None
        return next((str(task["name"]) for task in self.tasks if self._is_main(task["name"]) and self._stands(task)), None)

    @cached_property
    def waits_for(self) -> str | None:
        """The task that runs before the main ones and has not ended, while none of them has ever started; None where there is none."""
        if self.over or any(task["started_at"] for task in self.tasks if self._is_main(task["name"])):
            return None
        before = (task for task in self.tasks if self._hook(task["name"]) == "prestart")
        return next((str(task["name"]) for task in before if task["state"] == "running"), None)

    @property
    def sound(self) -> bool:
        """It lives as it should, and has for a while."""
        return self.live and self.running and not self.restarting and not self.restarted_for and not self.young

    @property
    def live(self) -> bool:
        """Wanted, and not over."""
        return self.alloc["desired_status"] == "run" and self.status in LIVE

    @property
    def over(self) -> bool:
        """It does not live any more."""
        return self.status not in LIVE

    @property
    def quit(self) -> bool:
        """All its tasks have ended well, though Nomad wants it and its job is to run for ever: a leader takes the others along."""
        serves = self.job is not None and self.job["type"] not in BATCH
        return self.status == "complete" and self.alloc["desired_status"] == "run" and serves

    @cached_property
    def lasting(self) -> frozenset[str]:
        """Names of the tasks that run as long as the allocation: main ones and sidecars. Of a job that was not seen all."""
        return frozenset(task["name"] for task in self.tasks if (hook := self._hook(task["name"])) == "" or hook.endswith(" sidecar"))

    def _is_main(self, task: str) -> bool:
        return not self._hook(task)

    def _may_end(self, task: str) -> bool:
        """A batch job's task, or one that the job does not have as it is now, and that may have been a hook."""
        return self.job is None or self.job["type"] in BATCH or self.defined(task) is None

    def _stands(self, task: Mapping[str, JSON]) -> bool:
        """It does not run, has not just been stopped or restarted, and has not done its work."""
        if task["state"] == "running" or (done(task) and self._may_end(task["name"])):
            return False
        return self.clock - max((event["time"] for event in task["events"]), default=-math.inf) >= YOUNG

    def _hook(self, task: str) -> str:
        """At what point of the allocation's life the task starts, and whether it stays; empty for a main one."""
        known = self.defined(task)
        return str(known["lifecycle"] or "") if known else ""

    def _trouble(self, task: Mapping[str, JSON]) -> tuple[bool, bool, bool, int, bool, bool]:
        """What a task has got over weighs less than what another one is in, however often that was restarted."""
        ends, restarts = bool(own_exits(task["events"])), task["restarts"] or 0
        lasts = ends and not outlived(task["events"], self.clock)
        return not done(task), bool(task["failed"]), lasts, restarts, task["state"] != "running", ends
