"""Reads what a task registered: with a loop a list of {"item", "status", "data"}, else its data, or None if it failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.model import JSON

BAD = ("warning", "critical")
"""Statuses of a failing Consul check."""


def turns(registered: JSON) -> list[Mapping[str, JSON]]:
    """Return the iterations of a loop, in order."""
    return list(registered) if isinstance(registered, Sequence) and not isinstance(registered, str) else []


def answers(registered: JSON) -> list[JSON]:
    """Return the data of every successful iteration; for a task without a loop, its data."""
    if isinstance(registered, Mapping):
        return [registered]
    return [turn["data"] for turn in turns(registered) if turn.get("data") is not None]


def members(registered: JSON, key: str) -> list[Mapping[str, JSON]]:
    """Concatenate the lists under `key` of all answers: all `checks`, all `instances`."""
    return [member for answer in answers(registered) for member in answer.get(key) or []]
