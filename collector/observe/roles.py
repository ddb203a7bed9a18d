"""When LiteFS changed its role, from its own log, where its lines carry a time: `log: {timestamp: true}` in litefs.yml, off by default."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from collector.loglines import moment_of
from collector.loglines.litefs import GAINED, LOST
from collector.observe.logs import Log

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
