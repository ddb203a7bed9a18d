"""Leader and peers (`/v1/status/leader`, `/v1/status/peers`), which Nomad and Consul answer alike."""

from __future__ import annotations

from collector.kinds import asking, bodies, shapes
from collector.model import JSON, Reply, Status
from collector.text import snippet


def leadership(reply: Reply) -> dict[str, JSON]:
    """Return the leader's address and whether there is one; None, with an error, if the reply shows neither.

    An empty text and a 500 with `No cluster leader` mean that there is none.
    """
    if asking.leaderless(reply):
        return {"leader": None, "known_leader": False, "leader_error": snippet(reply.body)}
    if reply.status != Status.OK:
        return {"leader": None, "known_leader": None, "leader_error": asking.refusal(reply).reason}
    address = asking.parsed(reply, parse_leader)
    return {"leader": address or None, "known_leader": bool(address), "leader_error": None}


def peers(reply: Reply) -> list[str]:
    """Return the addresses of the voting servers; empty if not answered."""
    return asking.parsed(reply, parse_peers) if reply.status == Status.OK else []


def parse_leader(body: bytes) -> str:
    """Parse the leader's address, empty if there is none."""
    return shapes.text({"leader": bodies.decode(body)}, "leader")


def parse_peers(body: bytes) -> list[str]:
    """Parse a list of addresses; null is an empty list."""
    return shapes.texts({"peers": bodies.decode(body)}, "peers")
