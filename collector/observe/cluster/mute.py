"""Which LiteFS has a port that does not answer although its task runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from collector.model import JSON
from collector.observe.observation import Observation

HOW = MappingProxyType({(False, "timeout"): "accepting", (False, "unaccepted"): "unaccepting", (True, "unaccepted"): "apart"})
"""How the port fails, by whether LiteFS answered in another way, and by why its HTTP did not."""


def with_mute(litefs: Iterable[Observation], instances: Iterable[Observation]) -> Iterator[Observation]:
    """Add to each LiteFS whether its port is mute, and how; new instances and restart loops have reasons of their own."""
    up = {one.scope["alloc"] for one in instances if _is_up(one.fields)}
    for one in litefs:
        how = HOW.get((one.fields["answered"], one.fields["cause"]))
        yield one._replace(fields={**one.fields, "mute": how if one.scope.get("alloc") in up else None})


def _is_up(instance: Mapping[str, JSON]) -> bool:
    """True if the task of LiteFS runs and has had time to start; another task beside it may be in a restart loop."""
    runs = instance["running"] and not instance["restarting"]
    return bool(not instance["young"] and (runs or instance["beside_litefs"]))
