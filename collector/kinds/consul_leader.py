"""Consul's leader, and the agent that was queried."""

from __future__ import annotations

from collections.abc import Sequence

from collector.kinds import asking, bodies, leadership, shapes
from collector.kinds.kind import API, Args, Argument, Kind
from collector.model import JSON, Http, Reply, Rung, Status

UNKNOWN: dict[str, JSON] = {"version": None, "node": None, "server": None}
PATHS = ("/v1/status/leader", "/v1/status/peers", "/v1/agent/self")


def api(args: Args) -> Rung:
    """Make three parallel requests; any answer yields data."""
    replies = yield [Http("consul", path, base=args.get("url")) for path in PATHS]
    if not any(reply.status == Status.OK or asking.leaderless(reply) for reply in replies):
        raise asking.refusal(replies[0])
    return parse(replies)


def parse(replies: Sequence[Reply]) -> JSON:
    """Combine the three answers of PATHS; missing ones are null or empty."""
    leader, peers, agent = replies
    return {
        **leadership.leadership(leader),
        "peers": leadership.peers(peers),
        **(asking.parsed(agent, parse_agent) if agent.status == Status.OK else UNKNOWN),
    }


def parse_agent(body: bytes) -> dict[str, JSON]:
    """Parse `/v1/agent/self`. Source: Consul's API documentation, "Agent", "Read Configuration"."""
    config = shapes.mapping(bodies.document(body), "Config")
    return {
        "version": shapes.maybe_text(config, "Version"),
        "node": shapes.maybe_text(config, "NodeName"),
        "server": shapes.maybe_flag(config, "Server"),
    }


KIND = Kind(
    name="consul_leader",
    summary="Consul's leader and peers, and the agent that was asked",
    rungs={"api": api},
    default_ladder=API,
    arguments={"url": Argument("string", "http://host:port of another agent than the configured one")},
    capabilities=("consul: agent read",),
    answered_by="any agent",
    inventory=True,
)
