"""Determines whether LiteFS has since reached what its log complains about: Consul for its lease, a primary for its stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from collector.loglines.litefs import PARTING, STREAM
from collector.model import JSON


class Reached(NamedTuple):
    """`settled`: primary or in sync; `held`: has a primary and waits for a local lock; `receives`: gets transactions."""

    settled: bool
    held: bool
    receives: bool


def reached(litefs: Mapping[str, JSON]) -> Reached:
    """Derive it from the fields of one LiteFS."""
    held = bool(litefs["knows_primary"] and litefs["held_by"])
    return Reached(bool(litefs["settled"]), held, bool(litefs["receives"]))


def has_reached(line: Mapping[str, JSON], now: Reached | None) -> bool:
    """True if the problem in the log message (its fields) is over. LiteFS does not log when a broken stream resumes."""
    message = line["message"]
    if PARTING.match(message) and line["harmless"]:
        return True
    if now is None or not (line["asks_for_lease"] or STREAM.match(message)):
        return False
    connects = "connect to primary:" in message
    return now.settled or (now.held and (connects or "next frame:" in message)) or (now.receives and connects)
