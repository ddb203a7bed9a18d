"""What LiteFS complains of in its log, and has reached by now: Consul for its lease, a primary for its stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from collector.loglines.litefs import PARTING, STREAM
from collector.model import JSON


class Reached(NamedTuple):
    """LiteFS is primary or in step (`settled`); or it has a primary and waits for a lock of its own (`held`); or it `receives`."""

    settled: bool
    held: bool
    receives: bool


def reached(litefs: Mapping[str, JSON]) -> Reached:
    """From the fields of one LiteFS."""
    held = bool(litefs["knows_primary"] and litefs["held_by"])
    return Reached(bool(litefs["settled"]), held, bool(litefs["receives"]))


def has_reached(line: Mapping[str, JSON], now: Reached | None) -> bool:
    """Is what the line (the fields of a log's message) complains of over? LiteFS does not say when a stream goes on after it broke off."""
    message = line["message"]
    if PARTING.match(message) and line["harmless"]:
        return True
    if now is None or not (line["asks_for_lease"] or STREAM.match(message)):
        return False
    connects = "connect to primary:" in message
    return now.settled or (now.held and (connects or "next frame:" in message)) or (now.receives and connects)
