"""Whose LiteFS has a port that does not answer though its task runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from collector.model import JSON
from collector.observe.observation import Observation

HOW = MappingProxyType({(False, "timeout"): "accepting", (False, "unaccepted"): "unaccepting", (True, "unaccepted"): "apart"})
"""What its port does instead, by whether it answered in another way, and by why its HTTP did not."""


def with_mute(litefs: Iterable[Observation], instances: Iterable[Observation]) -> Iterator[Observation]:
    """Adds to each LiteFS whether its port is mute, and how. What has just been started, or ends again and again, has its own reasons."""
    up = {one.scope["alloc"] for one in instances if _is_up(one.fields)}
    for one in litefs:
        how = HOW.get((one.fields["answered"], one.fields["cause"]))
        yield one._replace(fields={**one.fields, "mute": how if one.scope.get("alloc") in up else None})


def _is_up(instance: Mapping[str, JSON]) -> bool:
    """The task of its LiteFS runs, and has had the time to begin; another one may well end again and again beside it."""
    runs = instance["running"] and not instance["restarting"]
    return bool(not instance["young"] and (runs or instance["beside_litefs"]))
