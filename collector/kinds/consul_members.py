"""Consul's gossip pool."""

from __future__ import annotations

from collector.errors import Unanswered
from collector.kinds import asking, bodies, consul_rows, shapes
from collector.kinds.kind import API, Args, Kind
from collector.kinds.shapes import Obj
from collector.model import JSON, Http, Rung, Status

STATUSES = {0: "none", 1: "alive", 2: "leaving", 3: "left", 4: "failed"}
"""Serf's member states. Source: hashicorp/serf, serf/serf.go, MemberStatus."""


def api(_args: Args) -> Rung:
    """Request the members as the queried agent sees them; needs no server."""
    reply = yield from asking.ask(Http("consul", "/v1/agent/members"))
    members = asking.parsed(asking.unfiltered(reply), parse)
    if not members:
        raise Unanswered(
            Status.DENIED, f"{reply.endpoint}: not even the agent itself is shown; the token may not read nodes", final=True, reply=reply
        )
    return members


def parse(body: bytes) -> JSON:
    """Return the members sorted by name. Source: Consul's API documentation, "Agent", "List Members"."""
    return sorted((_member(row) for row in bodies.listing(body)), key=lambda member: (member["name"], member["address"]))


def _member(row: Obj) -> dict[str, JSON]:
    tags = shapes.mapping(row, "Tags")
    return {
        "name": shapes.identity(row, "Name"),
        "address": shapes.text(row, "Addr"),
        "port": shapes.maybe_whole(row, "Port"),
        "status": STATUSES.get(shapes.whole(row, "Status"), "none"),
        "role": "server" if shapes.text(tags, "role") == "consul" else "client",
        "version": shapes.text(tags, "build").partition(":")[0] or None,
        "datacenter": shapes.maybe_text(tags, "dc"),
        **consul_rows.node_id(shapes.maybe_text(tags, "id")),
    }


KIND = Kind(
    name="consul_members",
    summary="the members of Consul's gossip pool and their state",
    rungs={"api": api},
    default_ladder=API,
    capabilities=("consul: node read",),
    answered_by="any agent",
    shows=("nodes",),
    nodes=lambda rows: [row["name"] for row in rows],
    inventory=True,
)
