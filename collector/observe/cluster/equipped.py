"""Determines which instances contain LiteFS, by the queries and logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from collector.loglines import is_litefs
from collector.model import Status
from collector.observe.logs.messages import Log
from collector.observe.observation import Observation
from collector.observe.world.survey import World


def with_litefs(world: World, instances: Iterable[Observation], every: Sequence[Log]) -> Iterator[Observation]:
    """Add to each instance whether its log was read, whether it contains LiteFS, and whether LiteFS is in another of its tasks."""
    read = {log.data["alloc"] for log in every if log.data["stream"] == "stderr"}
    asked: dict[str, set[str | None]] = {}
    # A LiteFS that accepts a connection without answering is there as well.
    silent = (result for result in world.failed if result.kind == "litefs_status" and result.status is Status.TIMEOUT)
    for result in (*world.results("litefs_status"), *silent):
        for known in (result.target.alloc or "", _group(world, result.target.alloc)):
            asked.setdefault(known, set()).add(result.target.task)
    speaking = {log.data["alloc"] for log in every if any(map(is_litefs, log.lines))}
    speaking |= {_group(world, alloc) for alloc in speaking}
    for one in instances:
        alloc = one.scope["alloc"]
        # A stopped instance cannot be queried, but all instances of a group contain the same tasks.
        like = alloc if one.fields["running"] else _group(world, alloc)
        extra = {
            "log_read": alloc in read,
            "has_litefs": one.fields["has_litefs"] or like in asked or not {alloc, like}.isdisjoint(speaking),
            "beside_litefs": like in asked and one.scope.get("task") not in asked[like],
        }
        yield one._replace(fields={**one.fields, **extra})


def _group(world: World, alloc: str | None) -> str:
    """Return a key for the allocation's group; the allocation itself if Nomad did not report it."""
    known = world.alloc.get(alloc or "")
    return f"{known['namespace']}/{known['job']}/{known['group']}" if known else alloc or ""
