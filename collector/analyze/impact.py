"""The impact of a root cause: nodes, allocations, services and databases affected, whether writes continue, and whether data is at risk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from collector.model import JSON, Finding, Severity
from collector.observe import Observation, Observed, State

OF_THE_APPLICATION = ("app.", "task.", "port.", "nomad.artifact.", "nomad.driver.", "nomad.image.", "nomad.template.")
"""Prefixes of codes that mean the application does not work, whether or not LiteFS does."""

UNUSABLE = "symptom.database-unusable"
"""The symptom of an application on the primary whose writes all fail."""

NO_PRIMARY = "litefs.no-primary"
"""Any candidate may become primary; LiteFS then discards what another node has beyond its position (v0.5.14, http/server.go:662)."""

DATABASES = re.compile(r"database or disk is full|disk I/O error", re.IGNORECASE)
"""SQLite's messages for a failed write. Other messages may be about a disk that LiteFS does not use."""


class Held(NamedTuple):
    """A database or a service on a node, with its allocation if known."""

    alloc: str | None
    name: str


class Cluster(NamedTuple):
    """Facts about the whole cluster, computed once.

    `instances` is how many the job wants, so that missing ones are counted; `well` how many of them are healthy; `unheard` how many run
    with check results that are out of date, because their node's Consul agent is gone. `synced` counts the replicas that follow the
    primary. `strangers`: every replica has a different cluster ID from the primary. `unwell` are nodes with an application root cause.
    `connected` is the number of replicas that the primary reports, if none of them was reached; `holder` is the lease's holder, if no
    primary was reached.
    """

    instances: int
    well: int
    unheard: int
    primary: str | None
    writes: str
    synced: int
    lonely: str | None
    databases: Mapping[str, frozenset[Held]]
    services: Mapping[str, frozenset[Held]]
    strangers: bool
    unwell: frozenset[str] = frozenset()
    connected: int | None = None
    holder: str | None = None


def cluster_facts(seen: Observed, gone: frozenset[str] = frozenset()) -> Cluster:
    """Compute the facts about the whole cluster; `gone` are nodes that are down, whatever Nomad still reports of their allocations."""
    instances = seen.observations.of("instance")
    states = list(seen.litefs.values())
    primaries = [state.node for state in states if state.primary]
    primary = primaries[0] if len(primaries) == 1 else None
    litefs = seen.observations.of("litefs")
    synced = sum(bool(one.fields["synced"]) for one in litefs)
    replicas = [one for one in litefs if one.fields["is_primary"] is False]
    closed, unheard, connected = _closed(seen), _unheard(seen), _connected(states)
    stuck = {one.scope["alloc"] for one in litefs if one.fields["stuck"] and "alloc" in one.scope}
    well = {one.scope["alloc"] for one in instances if one.fields["well"] and one.scope.get("node") not in closed | gone} - stuck
    return Cluster(
        instances=max(len(well), _wanted(seen)),
        well=len(well - unheard),
        unheard=len(well & unheard),
        primary=primary,
        writes=_writes(seen, states),
        synced=synced,
        lonely=primary if not synced and not connected and len(states) > 1 else None,
        databases=_by_node((state.node, Held(state.alloc, str(db["name"]))) for state in states for db in state.databases),
        services=_by_node(
            (one.scope.get("node", ""), Held(one.scope.get("alloc"), one.scope.get("service", "")))
            for one in seen.observations.of("registration")
        ),
        strangers=bool(replicas) and all(one.fields["id_differs"] for one in replicas),
        connected=connected,
        holder=_holder(seen, states),
    )


def _connected(states: Sequence[State]) -> int | None:
    """Return the primary's own count of replicas, used only if no replica was reached."""
    counts = [state.data["stream_count"] for state in states if state.data]
    return counts[0] or None if len(counts) == 1 and any(state.primary for state in states) else None


def _holder(seen: Observed, states: Sequence[State]) -> str | None:
    """Return the primary according to the lease. If some LiteFS answered but no primary did, only a replica's word counts."""
    fields = seen.observations.of("cluster")[0].fields
    if any(state.data for state in states):
        found: str | None = fields["leader_unheard"]
        return found
    strange = fields["lease_stranger"] or fields["lease_foreign"]
    return fields["lease_host"] if fields["lease_held"] and fields["lease_session_alive"] and not strange else None


def _closed(seen: Observed) -> frozenset[str]:
    """Nodes in Consul's maintenance mode: their instances are healthy but get no traffic."""
    checks = (one for one in seen.observations.of("check") if one.fields["level"] == "node" and one.fields["failure"] == "maintenance")
    return frozenset(one.scope.get("node", "") for one in checks)


def _unheard(seen: Observed) -> frozenset[str]:
    """Allocations whose Consul checks are not known now, because the node's agent is gone or Consul did not answer."""
    gone = {one.scope["node"] for one in seen.observations.of("node") if one.fields["member"] in {"failed", "left"}}
    checks = (one for one in seen.observations.of("check") if one.scope.get("node") in gone and one.fields["output_source"] == "catalog")
    return frozenset(one.scope["alloc"] for one in checks if "alloc" in one.scope) | _untold(seen)


def _untold(seen: Observed) -> frozenset[str]:
    """Return allocations with Consul checks of which none was seen, because Consul did not answer for a service."""
    if not any(one.fields["kind"] == "consul_checks" for one in seen.observations.of("gap")):
        return frozenset()
    groups = [group for job in seen.world.jobs.values() for group in job["groups"]]
    checked = {group["name"] for group in groups if any(one["provider"] == "consul" and one["checks"] for one in group["services"])}
    instances = seen.observations.of("instance")
    return frozenset(one.scope["alloc"] for one in instances if one.fields["group"] in checked and not one.fields["checks"])


def _writes(seen: Observed, states: Sequence[State]) -> str:
    """`unknown` rather than `blocked` if the run was limited to some nodes, or the leader is known but did not answer."""
    if any(state.primary for state in states):
        return "go on"
    unseen = seen.world.bundle.expect.get("limit") or seen.observations.of("cluster")[0].fields["leader_unheard"]
    return "blocked" if any(state.data for state in states) and not unseen else "unknown"


def _wanted(seen: Observed) -> int:
    """The number of instances the jobs want; without a job the spec's number; without either, those present."""
    groups = [one.fields for one in seen.observations.of("group")]
    of_jobs = [group for group in groups if group["job"]] or groups
    counts = [group["live"] + group["missing"] if group["expected"] is None else group["expected"] for group in of_jobs]
    return sum(counts) if counts else len(seen.world.instances)


def _by_node(pairs: Iterable[tuple[str, Held]]) -> dict[str, frozenset[Held]]:
    found: dict[str, set[Held]] = {}
    for node, held in pairs:
        found.setdefault(node, set()).add(held)
    return {node: frozenset(names) for node, names in found.items()}


def _affected(of: Mapping[str, frozenset[Held]], touched: Sequence[Finding], seen: Observed) -> set[str]:
    """Return the names of what the touched findings affect, excluding what belongs to other allocations on the same node."""
    nodes, allocs = {one.node for one in touched if one.node}, {one.alloc for one in touched}
    whole_nodes = {None, *(one.node for one in touched if not one.alloc)}
    every = (held for node in nodes for held in of.get(node, ()))
    return {held.name for held in every if held.alloc in allocs or (held.alloc and _node_of(held, seen) in whole_nodes)}


def _node_of(held: Held, seen: Observed) -> str | None:
    """The node of the current allocation that holds it; None if there is none."""
    instance = seen.world.instance.get(held.alloc or "")
    return instance.node if instance else None


def impacts(roots: Sequence[Finding], below: Mapping[str, Sequence[Finding]], seen: Observed) -> list[dict[str, JSON]]:
    """Return the impact of each root. If one of them blocks writes, all of them say so."""
    sick = {root.node for root in roots if root.node and _ails_the_application(root, seen)}
    gone = frozenset(root.node for root in roots if root.node and root.code == "node.down")
    cluster = cluster_facts(seen, gone)._replace(unwell=frozenset(sick))
    refused = {one.node for root in roots for one in below.get(root.id, ()) if one.code == UNUSABLE and one.severity is Severity.CRITICAL}
    if any(root.node == cluster.primary and (root.node in refused or _stops_commits(root, seen)) for root in roots):
        cluster = cluster._replace(writes="blocked")
    return _with_others([impact(root, below.get(root.id, ()), seen, cluster) for root in roots])


def _ails_the_application(root: Finding, seen: Observed) -> bool:
    """True if it keeps an application from working whose allocation has LiteFS, or is not known."""
    beside = any(not one.fields["has_litefs"] for one in seen.observations.of("instance") if one.scope["alloc"] == root.alloc)
    return root.code.startswith(OF_THE_APPLICATION) and root.severity is Severity.CRITICAL and not beside


def _with_others(found: list[dict[str, JSON]]) -> list[dict[str, JSON]]:
    """Mark roots that endanger no data themselves while another root does, so that a reader of one does not take the data for safe."""
    endangered = any(one["data_at_risk"] for one in found)
    return [{**one, "data_at_risk_elsewhere": True} if endangered and not one["data_at_risk"] else one for one in found]


def impact(root: Finding, below: Sequence[Finding], seen: Observed, cluster: Cluster) -> dict[str, JSON]:
    """Return the impact of one root cause as plain data.

    `writes` is `blocked` (no primary, or one that cannot commit), `go on`, or `unknown` (no LiteFS node answered). `data_at_risk` is a list
    of sentences. Optional keys: `primary_unwell` (true: LiteFS's primary is on a node whose application is unhealthy), `instances_unheard`
    (how many run with out-of-date check results), `replicas_connected` (the primary's count, if no replica was reached), `lease_holder` (if
    no primary was reached but there may be one). `impacts` adds `data_at_risk_elsewhere` (true: only another root endangers data).
    """
    touched = [root, *below]
    nodes = sorted({one.node for one in touched if one.node})
    allocs = sorted({one.alloc for one in touched if one.alloc})
    services = {one.service for one in touched if one.service} | _affected(cluster.services, touched, seen)
    return {
        "nodes": nodes,
        "allocations": allocs,
        "services": sorted(services),
        "databases": sorted(_affected(cluster.databases, touched, seen)),
        "instances": cluster.instances,
        "instances_left": cluster.well,
        **({"instances_unheard": cluster.unheard} if cluster.unheard else {}),
        "replicas_left": cluster.synced,
        "writes": cluster.writes,
        "primary": cluster.primary,
        **({"replicas_connected": cluster.connected} if cluster.connected else {}),
        **({"lease_holder": cluster.holder} if cluster.holder else {}),
        **({"primary_unwell": True} if cluster.primary in cluster.unwell else {}),
        "data_at_risk": _risks(root, nodes, seen, cluster) + (_held_once(seen) if any(one.code == NO_PRIMARY for one in touched) else []),
    }


def _stops_commits(root: Finding, seen: Observed) -> bool:
    """True if a full disk blocks commits on a primary. If only the application reports it, it may be another disk."""
    if root.code != "disk.full" or root.severity is not Severity.CRITICAL or root.node is None:
        return False
    complaints = [one.fields for one in seen.observations.of("log", node=root.node) if one.fields["full"]]
    return not complaints or any(one["origin"] == "litefs" or DATABASES.search(str(one["complaint"])) for one in complaints)


def _may_commit(root: Finding, seen: Observed) -> bool:
    """False for an instance that never started, and for a replica that follows a primary: it only falls behind."""
    instance = seen.world.instance.get(root.alloc or "")
    if instance and instance.never_started:
        return False
    there = seen.observations.of("litefs", node=root.node or "")
    follows = any(one.fields["is_primary"] is False and one.fields["primary_answers"] for one in there)
    return not follows and _stops_commits(root, seen)


def _risks(root: Finding, nodes: Sequence[str], seen: Observed, cluster: Cluster) -> list[str]:
    found = [root.at_risk] if root.at_risk and (root.code != "disk.full" or _may_commit(root, seen)) else []
    if cluster.lonely in nodes or (cluster.lonely and root.code.startswith("litefs.replica.")):
        found.append(f"no replica has what the primary {cluster.lonely} holds")
    if root.code == "litefs.cluster-id.mismatch" and cluster.primary and cluster.strangers:
        found.append("every replica differs from the primary, so they may hold the only copy of older data")
    discarding = (node for node in nodes if any(map(_reports_discarded, seen.observations.of("log", node=node))))
    return found + [f"transactions of a replica that the primary on {node} lacks were discarded" for node in discarding]


def _held_once(seen: Observed) -> list[str]:
    """Say which node alone, of those that answer, has the newest transactions of a database."""
    at: dict[str, list[tuple[int, str]]] = {}
    for state in seen.litefs.values():
        for database in state.databases:
            at.setdefault(database["name"], []).append((database["txid"], state.node))
    newest = {name: sorted(held, reverse=True)[:2] for name, held in at.items() if len(held) > 1}
    return [
        f"only {node} has the newest transactions of {name} (up to {last}; others that answer up to {second}), and LiteFS discards them if "
        "another node becomes primary"
        for name, ((last, node), (second, _)) in sorted(newest.items())
        if last > second
    ]


def _reports_discarded(line: Observation) -> bool:
    return "exceeds primary transaction id" in str(line.fields["message"])
