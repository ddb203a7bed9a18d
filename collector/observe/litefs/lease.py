"""LiteFS's lease in Consul: who holds it, and which LiteFS it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from collector.model import JSON, Result
from collector.observe.litefs.positions import State
from collector.observe.litefs.states import ports
from collector.observe.world.names import hosts
from collector.observe.world.survey import World

LITEFS_SESSION = "litefs"
"""The name of LiteFS's sessions in Consul (v0.5.14, consul/consul.go: DefaultSessionName)."""


class Lease(NamedTuple):
    """The lease in Consul, with its result."""

    result: Result
    data: Mapping[str, JSON]

    @property
    def alive(self) -> bool:
        """True if it is held by an existing session."""
        return bool(self.data["held"] and self.data["session_alive"] is not False)

    @property
    def session(self) -> Mapping[str, JSON]:
        """Its session in Consul's list; empty if unknown."""
        sessions: Sequence[Mapping[str, JSON]] = self.data["sessions"]
        return next((one for one in sessions if one["id"] == self.data["session"]), {})

    @property
    def foreign(self) -> bool:
        """True if the session is known and its name is not LiteFS's."""
        return bool(self.data["held"] and self.session.get("name", LITEFS_SESSION) != LITEFS_SESSION)


def lease(world: World, every: Mapping[str, State]) -> Lease | None:
    """Return the lease, if requested. Of several, the one that belongs to the LiteFS that was queried, if that can be determined."""
    by_key = {result.data["key"]: Lease(result, result.data) for result in world.results("consul_lease")}
    leases = [one for one in by_key.values() if not _is_a_guess(world, one)]
    if len(leases) < 2:  # noqa: PLR2004 - nothing to choose from
        return leases[0] if leases else None
    ids = {state.data["cluster_id"] for state in every.values() if state.data} - {None}
    ours = [one for one in leases if one.data["cluster_id"] in ids] or [
        one for one in leases if advertised(one) in _possible_addresses(world, every)
    ]
    return ours[0] if len(ours) == 1 else None


def several_leases(world: World, every: Mapping[str, State]) -> list[str]:
    """Return the keys of leases held by different LiteFS nodes that were queried; empty if a single one decides."""
    by_key = {result.data["key"]: Lease(result, result.data) for result in world.results("consul_lease")}
    ends = _possible_addresses(world, every) if len(by_key) > 1 else set()
    found = {key: end for key, one in by_key.items() if one.alive and (end := _advertised_by_node(world, one)) in ends}
    return sorted(found) if len(set(found.values())) > 1 else []


def _advertised_by_node(world: World, held: Lease) -> tuple[str, int] | None:
    """Return the advertised host and port, with the host name replaced by the node's name."""
    end = advertised(held)
    return (hosts(world.addresses, {end[0]}, ()).get(end[0], end[0]), end[1]) if end else None


def _is_a_guess(world: World, held: Lease) -> bool:
    """True if the key exists neither in Consul nor in the job: the lease is static, or has another key."""
    named = any(held.data["key"] in job["lease_keys"] for job in world.jobs.values())
    return bool(world.jobs) and not named and not held.data["held"] and not held.data["cluster_id"]


def advertised(held: Lease) -> tuple[str, int] | None:
    """Return host and port of the primary's URL in the lease."""
    try:
        parts = urlsplit(str(held.data["advertise_url"] or ""))
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return (host, port) if host and port else None


def _possible_addresses(world: World, every: Mapping[str, State]) -> set[tuple[str, int] | None]:
    """Return every address and name that a queried LiteFS may advertise, combined with every queried port."""
    nodes = {state.node for state in every.values()}
    theirs = [alloc for alloc in world.allocations if alloc["node"] in nodes]
    # LiteFS may listen on another network of the node than the one of the allocation's address.
    hosts = nodes | {alloc["address"] for alloc in theirs} | {port["host"] for alloc in theirs for port in alloc["ports"]}
    asked = ports(world)
    return {(host, port) for host in hosts if host for port in asked}
