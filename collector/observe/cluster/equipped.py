"""Which instances have LiteFS in them, by who was asked and whose log speaks of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from collector.loglines import is_litefs
from collector.model import Status
from collector.observe.logs.messages import Log
from collector.observe.observation import Observation
from collector.observe.world.survey import World


def with_litefs(world: World, instances: Iterable[Observation], every: Sequence[Log]) -> Iterator[Observation]:
    """Adds to each instance whether its log was read, whether LiteFS is in it, and whether it is in another task beside it."""
    read = {log.data["alloc"] for log in every if log.data["stream"] == "stderr"}
    asked: dict[str, set[str | None]] = {}
    # Whoever takes the connection and gives no answer is there as well.
    silent = (result for result in world.failed if result.kind == "litefs_status" and result.status is Status.TIMEOUT)
    for result in (*world.results("litefs_status"), *silent):
        for known in (result.target.alloc or "", _group(world, result.target.alloc)):
            asked.setdefault(known, set()).add(result.target.task)
    speaking = {log.data["alloc"] for log in every if any(map(is_litefs, log.lines))}
    speaking |= {_group(world, alloc) for alloc in speaking}
    for one in instances:
        alloc = one.scope["alloc"]
        # One that does not run cannot be asked: what has LiteFS in one instance of a group has it in all.
        like = alloc if one.fields["running"] else _group(world, alloc)
        extra = {
            "log_read": alloc in read,
            "has_litefs": one.fields["has_litefs"] or like in asked or not {alloc, like}.isdisjoint(speaking),
            "beside_litefs": like in asked and one.scope.get("task") not in asked[like],
        }
        yield one._replace(fields={**one.fields, **extra})


def _group(world: World, alloc: str | None) -> str:
    """The allocation's group, in words that no allocation's ID has; the allocation itself where Nomad has not told of it."""
    known = world.alloc.get(alloc or "")
    return f"{known['namespace']}/{known['job']}/{known['group']}" if known else alloc or ""
