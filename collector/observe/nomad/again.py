"""What Nomad will do next by itself about an instance that is not running: when it restarts the task, or that it has given up."""

from __future__ import annotations

import math
import re

from collector.model import JSON
from collector.observe.world.instances import STARTING, YOUNG, Instance
from collector.observe.world.runs import LOOP_WINDOW, in_order, runs
from collector.observe.world.successors import is_system
from collector.observe.world.survey import World

NANOSECONDS = 1e9
DELAY = re.compile(r"[0-9]{1,15}")
"""Nomad's notation of a delay, in nanoseconds; more digits (eleven days) are not a configured delay."""


def again_fields(world: World, one: Instance) -> dict[str, JSON]:
    """Return whether a manual restart works, when Nomad starts the task again, and whether it has given up."""
    until = _waits_until(one)
    return {
        # "Task not running", as long as it waits (client/allocrunner/taskrunner/lifecycle.go).
        "restartable": None if one.over or until is not None else one.id,
        "starts_in": None if until is None else max(0.0, until - one.clock),
        "returns": until is not None and -YOUNG < until - one.clock < STARTING and _ran_long(one),
        "given_up": _given_up(world, one),
        "system": is_system(one),
    }


def _waits_until(one: Instance) -> float | None:
    """Return when Nomad restarts the worst task, a past time if it does not say; None if the task does not wait for a restart."""
    events = in_order(one.troubled["events"]) if one.live and one.troubled else []
    if not events or (last := events[-1])["type"] != "Restarting":
        return None
    delay = last["details"].get("start_delay", "")
    return float(last["time"] + int(delay) / NANOSECONDS) if DELAY.fullmatch(delay) else -math.inf


def _ran_long(one: Instance) -> bool:
    """True if the last complete run was too long for a restart loop."""
    lasted = runs(one.troubled["events"], one.clock) if one.troubled and one.exits else []
    return len(lasted) > 1 and lasted[-2] >= LOOP_WINDOW


def _given_up(world: World, one: Instance) -> str | None:
    """Return whether a failed instance will be placed again: `later` (an evaluation is pending), if `asked`, or `never`; else None."""
    if one.status != "failed" or one.alloc["desired_status"] != "run" or one.alloc["next"]:
        return None
    if one.alloc["followup_eval"] and not _is_of_a_failed_deployment(world, one):
        return "later"
    return "asked" if one.job is None or is_system(one) else "never"


def _is_of_a_failed_deployment(world: World, one: Instance) -> bool:
    """True if its version's deployment failed: Nomad places no more of it, even on request (scheduler/reconciler, `deploymentFailed`)."""
    rows = (row for result in world.results("nomad_deployments") for row in result.data)
    return any(row["status"] == "failed" and row["job_version"] == one.alloc["job_version"] for row in rows)
