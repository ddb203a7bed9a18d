"""Conclusions about a node from several sources."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from collector.kinds import answered_by
from collector.kinds.kind import DIRECT
from collector.model import JSON, Attempt, Result, Status
from collector.observe.checks.health import Check
from collector.observe.cluster.identities import refused_identities
from collector.observe.cluster.neighbours import concerned, quorum_lost_with, servers_lost_on, without_a_way
from collector.observe.consul import members, serf
from collector.observe.litefs.positions import NOT_ACCEPTED
from collector.observe.nomad.job import emptied, migrated, missing_total
from collector.observe.observation import Observation, scope
from collector.observe.world.survey import World

NO_ANSWER = {Status.UNREACHABLE, Status.TIMEOUT}
ON_THE_NODE = answered_by("client", "node")
"""Kinds that query the node itself, directly or through its Nomad client."""


@dataclass(slots=True)
class Node:
    """One node, combined from all sources."""

    name: str
    address: str | None = None
    nomad: Mapping[str, JSON] | None = None
    member: Mapping[str, JSON] | None = None
    item: str = ""
    words: list[str] = field(default_factory=list)


def nodes(world: World, every: Sequence[Check]) -> dict[str, Node]:
    """Return all nodes of Nomad, and those only Consul knows if they have an instance of the job or are client members."""
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
    """Return nodes known only from allocations, checks or (without Nomad's list) Consul's members."""
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
    """Yield one observation per node."""
    away = migrated(world)
    moved = {alloc["node"]: alloc["modify_time"] for alloc in away}
    gone = moved | {one.node: one.alloc["modify_time"] for one in world.instances if one.status == "lost"}
    living = {one.node for one in world.instances if not one.over and one.status != "unknown"}
    placed = {one.node for one in world.instances}
    missing, unmade = missing_total(world), _not_made_good(world, {alloc["id"] for alloc in away})
    lacks_one = emptied(world, away) if missing else set()
    health = serf(every)
    direct = _direct(world)
    heard = {world.node(result.target.node) for kind in answered_by("client") for result in world.results(kind) if _has_content(result)}
    lost, matters = servers_lost_on(world, known), concerned(world, lacks=missing > 0)
    quorumless = {system: quorum_lost_with(world, lost, system) for system in ("nomad", "consul")}
    refused = refused_identities(world)
    apart = without_a_way(world, {name: node.address for name, node in known.items()})
    for node in known.values():
        fields = _fields(world, node, health.get(node.name), direct.get(node.name, []))
        fields |= {
            "missing": (lacks := node.name in lacks_one or ((missing > 0 or node.name in unmade) and node.name not in living)),
            "needed": lacks or node.name in holding,
            "holds_primary": node.name in holding,
            "driver_down": _driver_down(world, node, needed=missing > 0 or node.name in placed),
            "answers": fields["answers"] or node.name in heard,
            "silent": fields["silent"] and node.name not in heard,
            "out_of_reach": fields["out_of_reach"] and node.name not in heard,
            "server_lost": bool(lost.get(node.name)),
            "nomad_quorum_lost": node.name in quorumless["nomad"],
            "consul_quorum_lost": node.name in quorumless["consul"],
            "unheard": "nomad" in lost.get(node.name, ()) or (node.name in apart and node.name not in heard),
            "gone": _gone(fields),
            "id_refused": node.name in refused,
            "id_shared_with": refused.get(node.name),
            "closed": _closed(fields, migrated=node.name in moved and _by_drain(node, away)),
            "concerned": matters is None or node.name in matters or node.name in holding,
        }
        words = f"Nomad: {fields['nomad']}, {fields['eligibility']}" + (", draining" if fields["draining"] else "")
        words += f"; Consul member: {fields['member']}"
        yield Observation(
            "node", scope(node=node.name), fields, quote=words, source=f"node {node.name}", item=node.item, at=gone.get(node.name)
        )


def _by_drain(node: Node, moved: Sequence[Mapping[str, JSON]]) -> bool:
    """Return whether a drain may have moved the allocation away, and left the node ineligible.

    `nomad alloc stop` marks an allocation like a drain does; only the node records whether it was drained. It was eligible again since if
    the allocation was created later (its time is exact, the node's in whole seconds).
    """
    known = node.nomad or {}
    created = max(alloc["create_time"] or 0.0 for alloc in moved if alloc["node"] == node.name)
    return known.get("drained") is not False and created < known.get("drained_at", created) + 1


def _not_made_good(world: World, moved: Collection[str]) -> set[str]:
    """Return nodes whose instance was lost or moved away while its replacement only fails, so that it is missing although one exists."""
    places: dict[tuple[str, str], list[Mapping[str, JSON]]] = {}
    for alloc in sorted(world.allocations, key=lambda one: -one["create_index"]):
        places.setdefault((alloc["namespace"], alloc["name"]), []).append(alloc)
    found = set()
    for one in world.instances:
        if one.alloc["healthy"] is not True and (one.restarting or one.status == "failed"):
            same = places.get((one.alloc["namespace"], one.alloc["name"]), [])
            older = (a for a in same if a["create_index"] < one.alloc["create_index"])
            last = next((a for a in older if a["client_status"] != "failed" or a["healthy"] is True), None)
            found |= {last["node"]} if last and (last["client_status"] == "lost" or last["id"] in moved) else set()
    return found


def _fields(world: World, node: Node, health: Check | None, direct: Sequence[tuple[Result, bool, Attempt]]) -> dict[str, JSON]:
    nomad = node.nomad or {}
    agent = [ok for result, ok, _ in direct if result.kind != "litefs_status"]
    return {
        "node_id": str(nomad.get("id") or "")[:8] or None,
        "nomad": nomad.get("status") or ("absent" if world.results("nomad_nodes") else "unknown"),
        "eligibility": nomad.get("eligibility") or "unknown",
        "draining": bool(nomad.get("draining")),
        "member": node.member["status"] if node.member else ("absent" if world.results("consul_members") else "unknown"),
        "serf": health.row["status"] if health else "unknown",
        "answers": any(ok for _, ok, _ in direct),
        "silent": bool(direct) and not any(ok for _, ok, _ in direct),
        "out_of_reach": bool(direct) and not any(ok or _machine_is_up(attempt) for _, ok, attempt in direct),
        "agent": any(agent) if agent else None,
        "description": nomad.get("status_description") or "",
    }


def _gone(fields: Mapping[str, JSON]) -> str | None:
    """Return which of its agents are gone according to the servers, if both systems answered."""
    nomad, member = fields["nomad"], fields["member"]
    if nomad in {"down", "disconnected"}:
        return {"failed": "both", "left": "both", "absent": "both", "alive": "nomad", "leaving": "nomad"}.get(member)
    return "consul" if nomad == "ready" and member in {"failed", "left"} else None


def _closed(fields: Mapping[str, JSON], *, migrated: bool) -> str | None:
    """Return why the scheduler does not use a ready node."""
    ineligible = fields["eligibility"] == "ineligible"
    if fields["nomad"] != "ready" or not (fields["draining"] or ineligible):
        return None
    return "drain" if fields["draining"] or migrated else "mark"


def _has_content(result: Result) -> bool:
    """False for an empty log, which Nomad's server also returns if the connection to the client breaks."""
    return result.kind != "nomad_logs" or bool(result.data["bytes"])


def _machine_is_up(attempt: Attempt) -> bool:
    """True if the node refused a connection, or accepted one and stayed silent: the machine and the network are up."""
    return attempt.cause == "refused" or (attempt.status is Status.TIMEOUT and NOT_ACCEPTED not in attempt.reason)


def _direct(world: World) -> dict[str, list[tuple[Result, bool, Attempt]]]:
    """Map each node to (result, answered, attempt) of all requests made to the node itself."""
    found: dict[str, list[tuple[Result, bool, Attempt]]] = {}
    for result in world.bundle.results:
        node = world.node(result.target.node)
        for attempt in result.attempts:
            if node and attempt.rung in DIRECT:
                spoke = attempt.status is Status.OK or attempt.code is not None
                if not spoke and attempt.status not in NO_ANSWER:
                    continue  # not requested, or not understood: no statement about the node
                if result.kind == "consul_checks" and attempt.status is not Status.OK:
                    continue  # by default an agent listens on loopback only, so that anything or nothing may be there
                found.setdefault(node, []).append((result, spoke, attempt))
    return found


def _driver_down(world: World, node: Node, *, needed: bool) -> str | None:
    """Return an unhealthy driver that the job needs.

    A driver that was never detected (drivers/*/fingerprint.go) matters only if `needed`.
    """
    wanted = {task["driver"] for job in world.jobs.values() for group in job["groups"] for task in group["tasks"]}
    for driver in (node.nomad or {}).get("drivers", ()):
        if driver["name"] in wanted and not driver["healthy"] and (driver["detected"] or needed):
            return str(driver["name"])
    return None
