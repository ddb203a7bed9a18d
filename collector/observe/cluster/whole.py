"""Conclusions from several sources about the cluster as a whole, and clocks."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from collector.model import JSON
from collector.observe.cluster.expected import missed
from collector.observe.cluster.nodes import Node
from collector.observe.litefs.lease import Lease, advertised, several_leases
from collector.observe.litefs.positions import State
from collector.observe.litefs.states import ports
from collector.observe.nomad.scheduling import lost_nodes, ready_nodes
from collector.observe.observation import Observation, scope
from collector.observe.world.clocks import Reading, asked_apart, readings, usual
from collector.observe.world.survey import World

HANDOVER = 30.0
"""Seconds in which an abandoned lease expires and is acquired again: twice LiteFS's TTL of 10 s, its lock-delay, a retry."""


def holders(world: World, held: Lease | None, litefs: Mapping[str, State], known: Mapping[str, Node], hosts: Mapping[str, str]) -> set[str]:
    """Return nodes that are primary for anyone: by their own report, by the lease's host or address, or because a replica follows them.

    A frozen primary that was replaced still has replicas waiting for it (docs/litefs.md), so there may be several. `hosts` are those that
    allocations' LiteFS follow by their logs.
    """
    names = {_followed(world, state, hosts) for state in litefs.values() if state.data} - {None}
    found = {node.name for node in known.values() if {node.name, node.address} & names}
    found |= _held_by_one_of(world, held, known) if held else set()
    return found | {state.node for state in litefs.values() if state.primary}


def _followed(world: World, state: State, hosts: Mapping[str, str]) -> str | None:
    """Return the primary's host according to one LiteFS, or to its log if it does not tell (before 0.5.7).

    With a static lease a replica names itself (lease.go, StaticLeaser.PrimaryInfo); its log has the host that it is configured to follow.
    """
    name = state.data["primary_hostname"] if state.data else None
    if name is None or world.host(name) == state.node:
        return world.host(hosts.get(state.alloc))
    return world.host(name)


def _held_by_one_of(world: World, held: Lease, known: Mapping[str, Node]) -> set[str]:
    """Return the nodes that the lease names, by name or address."""
    end, host = advertised(held), world.host(held.data["hostname"])
    return {node.name for node in known.values() if node.name == host or (end and node.address == end[0])}


def _is_stranger(world: World, held: Lease, known: Mapping[str, Node]) -> bool:
    """True if the lease names no known node, or a port at which no LiteFS was queried."""
    end = advertised(held)
    return not _held_by_one_of(world, held, known) or (end is not None and end[1] not in ports(world))


def observe_cluster(world: World, litefs: Mapping[str, State], held: Lease | None, known: Mapping[str, Node]) -> Iterator[Observation]:
    """Return the single observation of the cluster."""
    seen = [state for state in litefs.values() if state.data is not None]
    primaries = [state for state in seen if state.primary]
    living = {one.id for one in world.instances if not one.over}
    gone = missed(world, known)
    fields = {
        "primaries": len(primaries),
        "primary_nodes": ", ".join(sorted(state.node for state in primaries)),
        "roles_unknown": (unknown := sum(state.data is not None and state.data["is_primary"] is None for state in seen)),
        "leaderless": bool(seen) and not primaries and not unknown,
        "litefs_seen": len(seen),
        "litefs_silent": len(litefs) - len(seen),
        "litefs_expected": len(litefs),
        "litefs_all": bool(living) and living <= {state.alloc for state in seen} and len(seen) == len(litefs),
        "candidates": sum(bool(state.data and state.data["candidate"]) for state in seen),
        **_lease_fields(world, held, litefs, known),
        "unowned_id": _unowned_id(held, seen),
        "leader_unheard": _unheard_leader(world, held, litefs.values()),
        "limited": bool(world.bundle.expect.get("limit")),
        **gone,
        "nodes_lost": len(lost_nodes(world)),
        "nodes_ready": len(ready_nodes(world)),
    }
    may_lead = fields["candidates"] and not (fields["lease_stranger"] or fields["lease_foreign"])
    fields["handover"] = _handover(seen) if may_lead and fields["leaderless"] else None
    quote = f"{len(primaries)} of {len(seen)} LiteFS nodes that answered say they are primary" + (
        f" ({fields['primary_nodes']})" if primaries else ""
    )
    quote += _lease_words(held)
    quote = f"expected by the spec, but unknown to Nomad and Consul: {gone['nodes_absent']}; {quote}" if gone["nodes_absent"] else quote
    item = held.result.id if held else next((state.result.id for state in seen), "")
    yield Observation("cluster", {}, fields, quote=quote, source="LiteFS's nodes and Consul's lease", item=item)


def _unowned_id(held: Lease | None, seen: Sequence[State]) -> str | None:
    """Return the cluster ID in Consul if nobody has it: no primary, no holder of the lease, and no LiteFS that answered has an ID."""
    owned = held is None or held.alive or any(state.primary or (state.data and state.data["cluster_id"]) for state in seen)
    return None if owned or held is None else held.data["cluster_id"]


def _handover(seen: Sequence[State]) -> int | None:
    """Return the seconds since a primary was last heard, or since LiteFS started; None once its lease must have expired."""
    lags = [max(0.0, state.late) for state in seen if state.late is not None]
    up = [state.data["uptime_seconds"] for state in seen if state.data]
    ago = min(lags) if lags else max((math.inf if seconds is None else seconds for seconds in up), default=math.inf)
    return round(ago) if ago < HANDOVER else None


def _lease_fields(world: World, held: Lease | None, litefs: Mapping[str, State], known: Mapping[str, Node]) -> dict[str, JSON]:
    """Return the lease's fields and how they fit the nodes; null or false if the lease was not seen."""
    data, session = (held.data, held.session) if held else ({}, {})
    host = data.get("hostname")
    seen = [state for state in litefs.values() if state.data is not None]
    named = [state for state in seen if state.primary and (world.host(host) == state.node or host == _names(state))]
    return {
        "lease_held": held.alive if held else None,
        "lease_id": data.get("cluster_id"),
        "lease_key": data.get("key"),
        "lease_keys": ", ".join(several_leases(world, litefs)) or None,
        "lease_host": host,
        "lease_session_alive": data.get("session_alive"),
        "advertise_url": data.get("advertise_url"),
        "host_is_primary": bool(named) if host and seen else None,
        "lease_stranger": bool(host and held and known and _is_stranger(world, held, known)),
        "lease_foreign": held.foreign if held else None,
        "lease_session_name": session.get("name"),
        "lease_session_node": session.get("node"),
        "lease_is_the_jobs": any(data.get("key") in job["lease_keys"] for job in world.jobs.values()) if held else False,
    }


def _unheard_leader(world: World, held: Lease | None, every: Collection[State]) -> str | None:
    """Return the lease's holder if it did not answer here but a replica is in contact with it.

    One that accepts connections silently hangs instead.
    """
    host = world.host(held.data["hostname"]) if held and held.alive else None
    of_it = [state for state in every if state.data and world.host(_names(state)) == host]
    heard = any(state.receives or (state.late is not None and state.late < world.lag_warning) for state in of_it if not state.primary)
    silent = [state.cause for state in every if state.data is None and state.node == host]
    return host if host and heard and silent and "timeout" not in silent else None


def _names(state: State) -> str | None:
    return state.data["primary_hostname"] if state.data else None


def _lease_words(held: Lease | None) -> str:
    if held is None:
        return ""
    if not held.data["held"]:
        return f"; the lease {held.data['key']} is not held"
    dead = ", a session that is gone" if held.data["session_alive"] is False else ""
    holder = held.data["hostname"] or (f'a session "{held.session["name"]}" on {held.session["node"]}' if held.session else "somebody")
    return f"; the lease {held.data['key']} is held by {holder}{dead}"


def observe_skew(world: World) -> Iterator[Observation]:
    """Compare each node's clock with the others', by the Date header of LiteFS or else its Consul agent.

    Compares the difference between each date and its time of request, since items are not requested at the same time.
    """
    found: dict[str, Reading] = {}
    for result, reading in readings([*world.results("litefs_status"), *world.results("check_output")]):
        if node := world.node(result.target.node):
            found.setdefault(node, reading)
    if len(found) < 2:  # noqa: PLR2004 - a comparison needs two clocks
        return
    right, sure = usual(world.bundle, world.now, list(found.values()))
    apart = asked_apart(world.bundle, world.now)
    for node, reading in found.items():
        seconds = reading.ahead - right
        beyond = sure and abs(seconds) - reading.within > max(world.skew_warning, apart)
        yield Observation(
            "skew",
            scope(node=node),
            {"seconds": round(seconds), "beyond": beyond},
            quote=f"its answer's Date is {seconds:+.0f} s off the other nodes'",
            source=f"HTTP Date of {'LiteFS' if reading.result.kind == 'litefs_status' else 'Consul'} on {node}",
            item=reading.result.id,
        )
