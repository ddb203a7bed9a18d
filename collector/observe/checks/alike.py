"""Finds checks that fail at one instance and pass at another, anywhere or at a replica in the same state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from collector.observe.checks.health import Check
from collector.observe.litefs.positions import State

LONG = 30.0
"""Seconds without a heartbeat after which all of a replica's checks have been run, unless they run rarely."""


def passing_alike(every: Sequence[Check], litefs: Iterable[State]) -> dict[tuple[str, str], str]:
    """Map each failing check (node, ID) to a node where the same check passes, with the same data and equally long without a primary."""
    waiting = {state.alloc: _data(state) for state in litefs if _waits(state)}
    passes = {
        (_identity(check), waiting[_alloc(check)]): check.node
        for check in every
        if _has_status(check, "passing") and _alloc(check) in waiting
    }
    failing = [check for check in every if _has_status(check, "critical") and _alloc(check) in waiting]
    beside = {(check.node, str(check.row["check_id"])): passes.get((_identity(check), waiting[_alloc(check)])) for check in failing}
    return {check: node for check, node in beside.items() if node}


def passing(every: Iterable[Check]) -> dict[tuple[str | None, str], set[str]]:
    """Return the nodes on which a check (service, name) passes."""
    found: dict[tuple[str | None, str], set[str]] = {}
    for check in every:
        if _has_status(check, "passing"):
            found.setdefault(_identity(check), set()).add(check.node)
    return found


def _waits(state: State) -> bool:
    """True for a replica that has data and has had no heartbeat from a primary for at least LONG seconds."""
    data: Mapping[str, object] = state.data or {}
    lag = data.get("lag_seconds")
    return not state.primary and bool(data.get("databases")) and isinstance(lag, float | int) and lag >= LONG


def _data(state: State) -> frozenset[tuple[str, int]]:
    return frozenset((database["name"], database["txid"]) for database in (state.data or {}).get("databases", ()))


def _has_status(check: Check, status: str) -> bool:
    return bool(check.row["status"] == status)


def _alloc(check: Check) -> str:
    return str(check.row.get("alloc") or "")


def _identity(check: Check) -> tuple[str | None, str]:
    return check.row["service"], check.row["name"]
