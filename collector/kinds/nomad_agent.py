"""Nomad's servers as seen by one agent."""

from __future__ import annotations

from collections.abc import Sequence

from collector.kinds import asking, bodies, leadership, shapes
from collector.kinds.kind import API, Args, Argument, Kind
from collector.kinds.shapes import Obj
from collector.model import JSON, Http, Reply, Rung, Status, host_port

UNKNOWN: dict[str, JSON] = {"version": None, "name": None, "region": None, "client": None}
PATHS = ("/v1/agent/self", "/v1/status/leader", "/v1/status/peers", "/v1/agent/members")


def api(args: Args) -> Rung:
    """Make four parallel requests; any answer yields data."""
    replies = yield [Http("nomad", path, base=args.get("url")) for path in PATHS]
    if not any(reply.status == Status.OK or asking.leaderless(reply) for reply in replies):
        raise asking.refusal(replies[0])
    return parse(replies)


def parse(replies: Sequence[Reply]) -> JSON:
    """Combine the four answers of PATHS; missing ones are null or empty."""
    agent, leader, peers, members = replies
    return {
        **(asking.parsed(agent, parse_agent) if agent.status == Status.OK else UNKNOWN),
        **leadership.leadership(leader),
        "peers": leadership.peers(peers),
        "servers": asking.parsed(members, parse_members) if members.status == Status.OK else [],
    }


def parse_agent(body: bytes) -> dict[str, JSON]:
    """Parse `/v1/agent/self`. Source: Nomad's API documentation, "Agent", "Query Self"."""
    seen = bodies.document(body)
    config, stats, member = (shapes.mapping(seen, key) for key in ("config", "stats", "member"))
    return {
        "version": shapes.maybe_text(shapes.mapping(config, "Version"), "Version"),
        "name": shapes.maybe_text(config, "NodeName") or shapes.maybe_text(member, "Name"),
        "region": shapes.maybe_text(config, "Region"),
        "client": "client" in stats if stats else None,
    }


def parse_members(body: bytes) -> list[JSON]:
    """Parse `/v1/agent/members`: the servers in the gossip pool."""
    return [_server(row) for row in shapes.objects(bodies.document(body), "Members")]


def _server(row: Obj) -> JSON:
    tags = shapes.mapping(row, "Tags")
    rpc_address, rpc_port = shapes.text(tags, "rpc_addr"), shapes.text(tags, "port")
    return {
        "name": shapes.identity(row, "Name"),
        "address": shapes.maybe_text(row, "Addr"),
        "status": shapes.text(row, "Status"),
        "region": shapes.maybe_text(tags, "region"),
        "version": shapes.maybe_text(tags, "build"),
        "rpc": host_port(rpc_address, rpc_port) if rpc_address and rpc_port else None,
    }


KIND = Kind(
    name="nomad_agent",
    summary="Nomad's version, leader, peers and servers, as the asked agent sees them",
    rungs={"api": api},
    default_ladder=API,
    arguments={"url": Argument("string", "http://host:port of another agent than the configured one")},
    capabilities=("nomad: agent read", "nomad: node read"),
    answered_by="any agent",
    inventory=True,
)
