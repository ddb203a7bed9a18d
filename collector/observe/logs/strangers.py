"""Determines whether the node at a replica's primary address belongs to another LiteFS cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from collector.loglines.litefs import OTHER_ID
from collector.observe.logs.messages import Log
from collector.observe.observation import Observation


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
