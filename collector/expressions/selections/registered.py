"""Reads what a task registered: with a loop a list of {"item", "status", "data"}, without one its data, None if it failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.model import JSON

BAD = ("warning", "critical")
"""Statuses of a Consul check that say that something is wrong."""


def turns(registered: JSON) -> list[Mapping[str, JSON]]:
    """The turns of a loop, in its order."""
    return list(registered) if isinstance(registered, Sequence) and not isinstance(registered, str) else []


def answers(registered: JSON) -> list[JSON]:
    """The data of every turn that has some; of a task without a loop, its data."""
    if isinstance(registered, Mapping):
        return [registered]
    return [turn["data"] for turn in turns(registered) if turn.get("data") is not None]


def members(registered: JSON, key: str) -> list[Mapping[str, JSON]]:
    """The lists under `key` of all answers, joined: all `checks`, all `instances`."""
    return [member for answer in answers(registered) for member in answer.get(key) or []]
