"""What follows from several sources together: nodes, the cluster as a whole, clocks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from collector.model import JSON, Attempt, Result, Status
from collector.observe.checks import Check
from collector.observe.clocks import Reading, asked_apart, readings, usual
from collector.observe.consul import members, serf
from collector.observe.expected import missed
from collector.observe.litefs import Lease, advertised, ports, several_leases
from collector.observe.neighbours import concerned, servers_lost_on, without_a_way
from collector.observe.nomad import migrated, missing_total
from collector.observe.observation import Observation, scope
from collector.observe.positions import NOT_ACCEPTED, State
from collector.observe.scheduling import lost_nodes, ready_nodes
from collector.observe.world import World

HANDOVER = 30.0
"""Seconds in which a lease that nobody renews ends and is taken again: twice LiteFS's TTL of 10 s, its lock-delay, a retry."""
NO_ANSWER = {Status.UNREACHABLE, Status.TIMEOUT}
DIRECT = {"litefs_status": {"http"}, "check_output": {"agent"}}
"""Kinds and rungs whose answer comes from the node itself, not from the servers."""
BY_CLIENT = ("nomad_logs", "nomad_checks")
"""Kinds that the node's Nomad client answers by way of the servers: an answer is the node's, and its lack may be the servers' matter."""


@dataclass(slots=True)
class Node:
    """One node, over all sources."""

    name: str
    address: str | None = None
    nomad: Mapping[str, JSON] | None = None
    member: Mapping[str, JSON] | None = None
    item: str = ""
    words: list[str] = field(default_factory=list)


def nodes(world: World, every: Sequence[Check]) -> dict[str, Node]:
    """Every node of Nomad; and those that only Consul knows, when they have an instance of the job or a member's entry as client."""
    found: dict[str, Node] = {}
    for name, (result, row) in world.clients.items():
        found[name] = Node(name, row["address"], nomad=row, item=result.id)
    _from_nomadless(world, every, found)
    for name, (_, row) in (members(world) or {}).items():
        if name in found:
            found[name].member = row
            found[name].address = found[name].address or row["address"]
    return found


def _from_nomadless(world: World, every: Sequence[Check], found: dict[str, Node]) -> None:
    """Nodes that only allocations, checks or (with Nomad unseen) Consul's members tell of."""
    for alloc in (one for one in world.instances if one.node):
        found.setdefault(alloc.node, Node(alloc.node, alloc.alloc["address"], item=world.alloc_items.get(alloc.id, "")))
    for check in every:
        if check.row["service"] and check.node:
            found.setdefault(check.node, Node(check.node, item=check.text.result.id))
    if not world.results("nomad_nodes"):
        for name, (result, row) in (members(world) or {}).items():
            if row["role"] != "server":
                found.setdefault(name, Node(name, row["address"], item=result.id))


def observe_nodes(world: World, known: Mapping[str, Node], every: Sequence[Check], holding: set[str]) -> Iterator[Observation]:
    """One observation per node."""
    moved = {alloc["node"] for alloc in migrated(world)}
    gone = {alloc["node"]: alloc["modify_time"] for alloc in migrated(world)}
    gone |= {one.node: one.alloc["modify_time"] for one in world.instances if one.status == "lost"}
    living = {one.node for one in world.instances if not one.over and one.status != "unknown"}
    placed = {one.node for one in world.instances}
    missing = missing_total(world)
    health = serf(every)
    direct = _direct(world)
    heard = {world.node(result.target.node) for kind in BY_CLIENT for result in world.results(kind) if _tells(result)}
    lost, matters = servers_lost_on(world, known), concerned(world, lacks=missing > 0)
    apart = without_a_way(world, {name: node.address for name, node in known.items()})
    for node in known.values():
        fields = _fields(world, node, health.get(node.name), direct.get(node.name, []))
        fields |= {
            "missing": missing > 0 and node.name not in living,
            "holds_primary": node.name in holding,
            "driver_down": _driver_down(world, node, needed=missing > 0 or node.name in placed),
            "answers": fields["answers"] or node.name in heard,
            "silent": fields["silent"] and node.name not in heard,
            "out_of_reach": fields["out_of_reach"] and node.name not in heard,
            "server_lost": bool(lost.get(node.name)),
            "unheard": "nomad" in lost.get(node.name, ()) or (node.name in apart and node.name not in heard),
            "gone": _gone(fields),
            # `nomad alloc stop` leaves the same mark on an allocation as a drain; the node knows whether it was ever drained.
            "closed": _closed(fields, migrated=node.name in moved and (node.nomad or {}).get("drained") is not False),
            "concerned": matters is None or node.name in matters or node.name in holding,
        }
        words = f"Nomad: {fields['nomad']}, {fields['eligibility']}" + (", draining" if fields["draining"] else "")
        words += f"; Consul member: {fields['member']}"
        yield Observation(
            "node", scope(node=node.name), fields, quote=words, source=f"node {node.name}", item=node.item, at=gone.get(node.name)
        )


def _fields(world: World, node: Node, health: Check | None, direct: Sequence[tuple[Result, bool, Attempt]]) -> dict[str, JSON]:
    nomad = node.nomad or {}
    agent = [ok for result, ok, _ in direct if result.kind == "check_output"]
    return {
        "node_id": str(nomad.get("id") or "")[:8] or None,
        "nomad": nomad.get("status") or ("absent" if world.results("nomad_nodes") else "unknown"),
        "eligibility": nomad.get("eligibility") or "unknown",
        "draining": bool(nomad.get("draining")),
        "member": node.member["status"] if node.member else ("absent" if world.results("consul_members") else "unknown"),
        "serf": health.row["status"] if health else "unknown",
        "answers": any(ok for _, ok, _ in direct),
        "silent": bool(direct) and not any(ok for _, ok, _ in direct),
        "out_of_reach": bool(direct) and not any(ok or _machine_is_there(attempt) for _, ok, attempt in direct),
        "agent": any(agent) if agent else None,
        "description": nomad.get("status_description") or "",
    }


def _gone(fields: Mapping[str, JSON]) -> str | None:
    """Which of its agents are gone, by the word of the servers, where both systems were heard."""
    nomad, member = fields["nomad"], fields["member"]
    if nomad in {"down", "disconnected"}:
        return {"failed": "both", "left": "both", "absent": "both", "alive": "nomad", "leaving": "nomad"}.get(member)
    return "consul" if nomad == "ready" and member in {"failed", "left"} else None


def _closed(fields: Mapping[str, JSON], *, migrated: bool) -> str | None:
    """Why the scheduler passes it over, though it is ready."""
    ineligible = fields["eligibility"] == "ineligible"
    if fields["nomad"] != "ready" or not (fields["draining"] or ineligible):
        return None
    return "drain" if fields["draining"] or migrated else "mark"


def _tells(result: Result) -> bool:
    """A log of no byte is what Nomad's server gives when its connection to the client breaks off, too."""
    return result.kind != "nomad_logs" or bool(result.data["bytes"])


def _machine_is_there(attempt: Attempt) -> bool:
    """It refused a connection, or took it and then said nothing: whatever is wrong, the machine and the way to it are not."""
    return attempt.cause == "refused" or (attempt.status is Status.TIMEOUT and NOT_ACCEPTED not in attempt.reason)


def _direct(world: World) -> dict[str, list[tuple[Result, bool, Attempt]]]:
    """Node -> (result, answered, attempt) of everything that was asked of the node itself."""
    found: dict[str, list[tuple[Result, bool, Attempt]]] = {}
    for result in world.bundle.results:
        node = world.node(result.target.node)
        for attempt in result.attempts:
            if node and attempt.rung in DIRECT.get(result.kind, ()):
                spoke = attempt.status is Status.OK or attempt.code is not None
                if not spoke and attempt.status not in NO_ANSWER:
                    continue  # not asked, or not understood: that says nothing about the node
                found.setdefault(node, []).append((result, spoke, attempt))
    return found


def _driver_down(world: World, node: Node, *, needed: bool) -> str | None:
    """A driver that the job wants and that is unwell. One that was never there (drivers/*/fingerprint.go) matters where it is `needed`."""
    wanted = {task["driver"] for job in world.jobs.values() for group in job["groups"] for task in group["tasks"]}
    for driver in (node.nomad or {}).get("drivers", ()):
        if driver["name"] in wanted and not driver["healthy"] and (driver["detected"] or needed):
            return str(driver["name"])
    return None


def holders(world: World, held: Lease | None, litefs: Mapping[str, State], known: Mapping[str, Node], hosts: Mapping[str, str]) -> set[str]:
    """Nodes that are primary for somebody: by their own word, by the lease's host or address, or because a replica follows them.

    A frozen primary that another has replaced still has replicas that wait for it (docs/litefs.md), so there may be several. With a static
    lease a replica names itself (lease.go, StaticLeaser.PrimaryInfo): then the host that it says to follow (`hosts`) is the primary's.
    """
    told = [(state, world.host(state.data["primary_hostname"])) for state in litefs.values() if state.data]
    own = {world.host(hosts.get(state.alloc)) for state, name in told if name == state.node}
    names = own | {name for state, name in told if name != state.node}
    found = {node.name for node in known.values() if {node.name, node.address} & names}
    found |= _held_by_one_of(world, held, known) if held else set()
    return found | {state.node for state in litefs.values() if state.primary}


def _held_by_one_of(world: World, held: Lease, known: Mapping[str, Node]) -> set[str]:
    """The nodes that the lease names, by their name or by their address."""
    end, host = advertised(held), world.host(held.data["hostname"])
    return {node.name for node in known.values() if node.name == host or (end and node.address == end[0])}


def _is_stranger(world: World, held: Lease, known: Mapping[str, Node]) -> bool:
    """Is it none of the nodes, or on one of them another LiteFS than was asked, by its port?"""
    end = advertised(held)
    return not _held_by_one_of(world, held, known) or (end is not None and end[1] not in ports(world))


def observe_cluster(world: World, litefs: Mapping[str, State], held: Lease | None, known: Mapping[str, Node]) -> Iterator[Observation]:
    """The whole, in one observation."""
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
        "with_id": sum(bool(state.data and state.data["cluster_id"]) for state in seen),
        **_lease_fields(world, held, litefs, known),
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
    quote = f"expected by the spec, known to nobody: {gone['nodes_absent']}; {quote}" if gone["nodes_absent"] else quote
    item = held.result.id if held else next((state.result.id for state in seen), "")
    yield Observation("cluster", {}, fields, quote=quote, source="LiteFS's nodes and Consul's lease", item=item)


def _handover(seen: Sequence[State]) -> int | None:
    """Seconds since a primary was last heard of (since LiteFS runs, where none was), while its lease may still run out by itself."""
    lags = [max(0.0, state.late) for state in seen if state.late is not None]
    up = [state.data["uptime_seconds"] for state in seen if state.data]
    ago = min(lags) if lags else max((math.inf if seconds is None else seconds for seconds in up), default=math.inf)
    return round(ago) if ago < HANDOVER else None


def _lease_fields(world: World, held: Lease | None, litefs: Mapping[str, State], known: Mapping[str, Node]) -> dict[str, JSON]:
    """What the lease says, and how that fits the nodes; null, or false, throughout where it was not seen."""
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
    """Each node's clock against the others', by the Date of what answered on it: LiteFS, else its Consul agent.

    Their distance from the moment of asking is compared, not the dates: items are not asked at the same time.
    """
    found: dict[str, Reading] = {}
    for result, reading in readings([*world.results("litefs_status"), *world.results("check_output")]):
        if node := world.node(result.target.node):
            found.setdefault(node, reading)
    if len(found) < 2:  # noqa: PLR2004 - one clock has nothing to be compared with
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
