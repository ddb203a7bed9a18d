"""Of whose cluster it is what answers a replica where its primary should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from collector.loglines.litefs import OTHER_ID
from collector.observe.logs.messages import Log
from collector.observe.observation import Observation


def with_strangers(litefs: Iterable[Observation], logs: Sequence[Log]) -> Iterator[Observation]:
    """LiteFS refuses to follow who has another cluster ID. Where its own is the right one, the address leads to somebody else's LiteFS."""
    refused = {log.data["alloc"]: found for log in logs if (found := _refused(log))}
    for one in litefs:
        mine, other = refused.get(one.scope.get("alloc", ""), (None, None))
        fields = one.fields
        right = mine is not None and mine == fields["cluster_id"] == fields["expected_id"]
        yield one._replace(fields={**fields, "stranger": other if right and other != mine else None})


def _refused(log: Log) -> tuple[str, str] | None:
    """Its own ID and the other's, by the log's last line about it."""
    found = (OTHER_ID.search(line.message) for line in reversed(log.lines))
    return next(((one["mine"], one["other"]) for one in found if one), None)
