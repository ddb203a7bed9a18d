"""What LiteFS's own log tells of its role: whom it follows, and, where its lines carry a time, when that changed.

They carry one with `log: {timestamp: true}` in litefs.yml, which is off by default.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from collector.loglines import moment_of
from collector.loglines.litefs import FOLLOWS, GAINED, LOST
from collector.model import host_of
from collector.observe.logs.messages import Log

LONGEST = 160
"""Characters of a line that are told."""


class RoleChange(NamedTuple):
    """A line of LiteFS that says that its node became primary or replica, or is it no more (`lost`)."""

    at: float
    node: str | None
    text: str
    lost: bool


def role_changes(every: Sequence[Log]) -> Iterator[RoleChange]:
    """Every change that carries a time, log by log."""
    for log in every:
        for line in log.lines:
            lost = bool(LOST.match(line.message))
            if (lost or GAINED.match(line.message)) and (at := moment_of(line.text)) is not None:
                yield RoleChange(at, log.data["node"], line.message[:LONGEST], lost)


def followed(every: Sequence[Log]) -> dict[str, str]:
    """Allocation -> the host that its LiteFS follows by its log's last word on that."""
    found: dict[str, str] = {}
    for log in every:
        last = next((line for line in reversed(log.lines) if GAINED.match(line.message) or LOST.match(line.message)), None)
        if last and (told := FOLLOWS.match(last.message)):
            found[log.data["alloc"]] = host_of(told["url"])
    return found
