"""Detects a partition: servers queried directly disagree on whether there is a leader."""

from __future__ import annotations

from collections.abc import Mapping

from collector.model import JSON, Status
from collector.observe.world.survey import World

LEADER_KINDS = {"nomad": "nomad_agent", "consul": "consul_leader"}
"""Kinds that ask one server about the leader."""
_NAMES = {"nomad": "name", "consul": "node"}


def partition(world: World, system: str) -> Mapping[str, JSON]:
    """Return the leader that some servers name, these servers, and those that know no leader; each null if all agree."""
    told = [r.data for r in world.bundle.results if r.kind == LEADER_KINDS[system] and r.status is Status.OK]
    led = {row[_NAMES[system]]: row["leader"] for row in told if row["known_leader"] and row["leader"]}
    alone = {row[_NAMES[system]] for row in told if row["known_leader"] is False} - led.keys()
    if not led or not alone:
        return {"led_by": None, "followers": None, "alone": None}
    return {"led_by": next(iter(led.values())), "followers": _listed(led), "alone": _listed(alone)}


def _listed(names: Mapping[JSON, JSON] | set[JSON]) -> str:
    return ", ".join(sorted(str(name) for name in names if name)) or "others"
