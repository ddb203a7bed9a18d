"""Consul's node IDs: the servers refuse what an agent registers whose ID is not the one that the catalog has for its name."""

from __future__ import annotations

from collections.abc import Mapping

from collector.kinds.kind import AGENT
from collector.model import JSON
from collector.observe.world.survey import World


def refused_identities(world: World) -> dict[str, str | None]:
    """Map nodes whose agents are alive, and whose IDs the servers refuse, to another member that has the same ID, as in a clone; else None.

    A name is free for another ID only once the old agent's serfHealth is critical. An agent with an ID that the catalog has under another
    name takes over that entry, unless its own name is taken; then the other agent takes it back, and so on.
    Source: Consul v1.13.9, agent/consul/state/catalog.go, ensureNoNodeWithSimilarNameTxn and ensureNodeTxn.
    """
    alive = [row for _, row in world.rows("consul_members") if row["status"] == "alive" and row.get("agent_id")]
    catalog = _catalog(world)
    names: dict[str, list[str]] = {}
    for row in alive:
        names.setdefault(row["agent_id"], []).append(row["name"])
    owned = {row["agent_id"] for row in alive if row["agent_id"] in catalog.get(row["name"], ())}
    return {
        world.node(row["name"]) or row["name"]: next((name for name in names[row["agent_id"]] if name != row["name"]), None)
        for row in alive
        if (row["agent_id"] not in catalog[row["name"]] if row["name"] in catalog else row["agent_id"] in owned)
    }


def _catalog(world: World) -> Mapping[str, set[JSON]]:
    """Map Consul's names of nodes to the IDs that its catalog has for them."""
    found: dict[str, set[JSON]] = {}
    for result in world.results("consul_checks"):
        for row in result.data["instances"] if result.rung != AGENT else ():
            if row.get("agent_id"):
                found.setdefault(row["node"], set()).add(row["agent_id"])
    return found
