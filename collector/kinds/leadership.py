"""Leader and peers: `/v1/status/leader` and `/v1/status/peers`, which Nomad and Consul answer alike."""

from __future__ import annotations

from collector.kinds import asking, bodies, shapes
from collector.model import JSON, Reply, Status
from collector.snippet import snippet


def leadership(reply: Reply) -> dict[str, JSON]:
    """Leader and whether there is one, from an address, the empty text, or 500 `No cluster leader`; else unknown, and why."""
    if asking.leaderless(reply):
        return {"leader": None, "known_leader": False, "leader_error": snippet(reply.body)}
    if reply.status != Status.OK:
        return {"leader": None, "known_leader": None, "leader_error": asking.refusal(reply).reason}
    address = asking.parsed(reply, parse_leader)
    return {"leader": address or None, "known_leader": bool(address), "leader_error": None}


def peers(reply: Reply) -> list[str]:
    """The addresses of the servers that vote, empty when they are not told."""
    return asking.parsed(reply, parse_peers) if reply.status == Status.OK else []


def parse_leader(body: bytes) -> str:
    """The leader's address, empty when there is none."""
    return shapes.text({"leader": bodies.decode(body)}, "leader")


def parse_peers(body: bytes) -> list[str]:
    """A list of addresses; null is the empty one."""
    return shapes.texts({"peers": bodies.decode(body)}, "peers")
