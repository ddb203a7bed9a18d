"""The task states of an allocation: restarts and events."""

from __future__ import annotations

import re

from collector.kinds import shapes
from collector.kinds.shapes import Obj
from collector.model import JSON

EXITED = "Terminated"
NUMBER = re.compile(r"-?[0-9]{1,18}")
MESSAGES = (
    "DisplayMessage", "DriverError", "DownloadError", "SetupError", "ValidationError", "VaultError", "KillError",
    "RestartReason", "KillReason", "TaskSignalReason", "DriverMessage", "GenericSource", "Message",
)  # fmt: skip
"""Where an event's text is: since 0.9 Nomad derives DisplayMessage from one of the others."""


def tasks(row: Obj) -> list[dict[str, JSON]]:
    """Return the tasks of an allocation stub, sorted by name. Source: Nomad's API documentation, "Allocations", "Events".

    Events without a time are omitted: Nomad writes none, and they could not be ordered.
    """
    return [_task(name, state) for name, state in shapes.named(row, "TaskStates")]


def _task(name: str, state: Obj) -> dict[str, JSON]:
    return {
        "name": name,
        "state": shapes.text(state, "State"),
        "failed": shapes.flag(state, "Failed"),
        "restarts": shapes.whole(state, "Restarts"),
        "started_at": shapes.timestamp(state, "StartedAt"),
        "finished_at": shapes.timestamp(state, "FinishedAt"),
        "last_restart": shapes.timestamp(state, "LastRestart"),
        "events": [_event(event) for event in shapes.objects(state, "Events") if shapes.nanoseconds(event, "Time")],
    }


def _event(event: Obj) -> JSON:
    kind, details = shapes.text(event, "Type"), shapes.mapping(event, "Details")
    ended = kind == EXITED
    return {
        "type": kind,
        "time": shapes.nanoseconds(event, "Time"),
        "message": next((text for key in MESSAGES if (text := shapes.text(event, key))), ""),
        "details": {name: shapes.text(details, name) for name in sorted(details)},
        "exit_code": _number(event, details, "ExitCode", "exit_code") if ended else None,
        "signal": _number(event, details, "Signal", "signal") if ended else None,
        "oom_killed": {"true": True, "false": False}.get(shapes.text(details, "oom_killed")) if ended else None,
    }


def _number(event: Obj, details: Obj, field: str, detail: str) -> int | None:
    """Parse a number from `Details` (strings), which replace deprecated fields of the same meaning."""
    text = shapes.text(details, detail)
    return int(text) if NUMBER.fullmatch(text) else shapes.maybe_whole(event, field)
