"""What LiteFS logs about its role: whom it follows, whom it refuses, and, if its lines have a time, when that changed.

They have one with `log: {timestamp: true}` in litefs.yml, which is off by default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from collector.loglines import moment_of
from collector.loglines.litefs import FOLLOWS, GAINED, LOST, OTHER_ID
from collector.model import host_of
from collector.observe.logs.messages import Log
from collector.observe.observation import Observation

LONGEST = 160
"""Maximum length of a quoted line."""


class RoleChange(NamedTuple):
    """A line in which LiteFS reports that its node became primary or replica, or lost that role (`lost`)."""

    at: float
    node: str | None
    text: str
    lost: bool


def role_changes(every: Sequence[Log]) -> Iterator[RoleChange]:
    """Return every change that has a time, log by log."""
    for log in every:
        for line in log.lines:
            lost = bool(LOST.match(line.message))
            if (lost or GAINED.match(line.message)) and (at := moment_of(line.text)) is not None:
                yield RoleChange(at, log.data["node"], line.message[:LONGEST], lost)


def followed(every: Sequence[Log]) -> dict[str, str]:
    """Map each allocation to the host that its LiteFS follows according to the last such line."""
    found: dict[str, str] = {}
    for log in every:
        last = next((line for line in reversed(log.lines) if GAINED.match(line.message) or LOST.match(line.message)), None)
        if last and (follows := FOLLOWS.match(last.message)):
            found[log.data["alloc"]] = host_of(follows["url"])
    return found


def with_strangers(litefs: Iterable[Observation], logs: Sequence[Log]) -> Iterator[Observation]:
    """Add the ID of a foreign cluster at the primary's address.

    LiteFS refuses a primary with another cluster ID. If its own ID is the expected one, the address belongs to another cluster.
    """
    refused = {log.data["alloc"]: found for log in logs if (found := _refused(log))}
    for one in litefs:
        mine, other = refused.get(one.scope.get("alloc", ""), (None, None))
        fields = one.fields
        right = mine is not None and mine == fields["cluster_id"] == fields["expected_id"]
        yield one._replace(fields={**fields, "stranger": other if right and other != mine else None})


def _refused(log: Log) -> tuple[str, str] | None:
    """Return its own ID and the other's, from the log's last such line."""
    found = (OTHER_ID.search(line.message) for line in reversed(log.lines))
    return next(((one["mine"], one["other"]) for one in found if one), None)
