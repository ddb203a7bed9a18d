"""What a root cause affects: nodes, allocations, services, databases; whether writes continue; whether data is at risk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from collector.model import JSON, Finding, Severity
from collector.observe import Observation, Observed, State

OF_THE_APPLICATION = ("app.", "task.", "port.", "nomad.artifact.", "nomad.driver.", "nomad.image.", "nomad.template.")
"""Codes of what keeps an application from its work, whatever becomes of LiteFS beside it."""

UNUSABLE = "symptom.database-unusable"
"""What its application says on the primary while no write succeeds there."""

DATABASES = re.compile(r"database or disk is full|disk I/O error", re.IGNORECASE)
"""How SQLite says that it cannot write; what else an application writes to may be another disk than LiteFS's."""


class Held(NamedTuple):
    """A database or a service on a node; of which allocation, where that is known."""

    alloc: str | None
    name: str


class Whole(NamedTuple):
    """What holds for the whole cluster, computed once. `synced` counts the replicas that follow the primary.

    `unwell` are the nodes whose application is a root cause. `instances` is how many the job wants, so that what is missing is not left
    out of what it is measured by. `unheard` counts those that run, and of whose checks nobody hears. `strangers`: every replica has another
    cluster ID than the primary. `connected` is how many replicas the primary has, where none of them was heard; `holder` who leads by the
    lease, where no primary was heard that may be there.
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


def whole(seen: Observed, gone: frozenset[str] = frozenset()) -> Whole:
    """Look at the whole cluster, of which `gone` are nodes that are down, whatever Nomad still says of what they ran."""
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
    return Whole(
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
    """By the primary's own word; of replicas that were heard one knows better."""
    told = [state.data["stream_count"] for state in states if state.data]
    return told[0] or None if len(told) == 1 and any(state.primary for state in states) else None


def _holder(seen: Observed, states: Sequence[State]) -> str | None:
    """Who leads by the lease: of some that were heard, and none of which leads, only where a replica hears who does."""
    fields = seen.observations.of("cluster")[0].fields
    if any(state.data for state in states):
        found: str | None = fields["leader_unheard"]
        return found
    strange = fields["lease_stranger"] or fields["lease_foreign"]
    return fields["lease_host"] if fields["lease_held"] and fields["lease_session_alive"] and not strange else None


def _closed(seen: Observed) -> frozenset[str]:
    """Nodes in Consul's maintenance mode: what runs there is well, and nobody is sent to it."""
    checks = (one for one in seen.observations.of("check") if one.fields["level"] == "node" and one.fields["failure"] == "maintenance")
    return frozenset(one.scope.get("node", "") for one in checks)


def _unheard(seen: Observed) -> frozenset[str]:
    """Allocations with checks that are not known now: the agent that told of them is gone, or Consul said nothing of them."""
    gone = {one.scope["node"] for one in seen.observations.of("node") if one.fields["member"] in {"failed", "left"}}
    checks = (one for one in seen.observations.of("check") if one.scope.get("node") in gone and one.fields["output_source"] == "catalog")
    return frozenset(one.scope["alloc"] for one in checks if "alloc" in one.scope) | _untold(seen)


def _untold(seen: Observed) -> frozenset[str]:
    """Allocations with services in Consul none of whose checks was seen, since Consul did not answer for a service."""
    if not any(one.fields["kind"] == "consul_checks" for one in seen.observations.of("gap")):
        return frozenset()
    groups = [group for job in seen.world.jobs.values() for group in job["groups"]]
    checked = {group["name"] for group in groups if any(one["provider"] == "consul" and one["checks"] for one in group["services"])}
    instances = seen.observations.of("instance")
    return frozenset(one.scope["alloc"] for one in instances if one.fields["group"] in checked and not one.fields["checks"])


def _writes(seen: Observed, states: Sequence[State]) -> str:
    """A run that was told to look at some nodes only cannot say that no other one is primary, nor one that did not hear the primary."""
    if any(state.primary for state in states):
        return "go on"
    unseen = seen.world.bundle.expect.get("limit") or seen.observations.of("cluster")[0].fields["leader_unheard"]
    return "blocked" if any(state.data for state in states) and not unseen else "unknown"


def _wanted(seen: Observed) -> int:
    """The jobs' counts together; the spec's where no job was seen, and what is there where nobody says how many it should be."""
    groups = [one.fields for one in seen.observations.of("group")]
    of_jobs = [group for group in groups if group["job"]] or groups
    counts = [group["live"] + group["missing"] if group["expected"] is None else group["expected"] for group in of_jobs]
    return sum(counts) if counts else len(seen.world.instances)


def _by_node(pairs: Iterable[tuple[str, Held]]) -> dict[str, frozenset[Held]]:
    found: dict[str, set[Held]] = {}
    for node, held in pairs:
        found.setdefault(node, set()).add(held)
    return {node: frozenset(names) for node, names in found.items()}


def _names(of: Mapping[str, frozenset[Held]], touched: Sequence[Finding], seen: Observed) -> set[str]:
    """What is touched of this; not what another allocation of the node holds, or none does: its work goes on."""
    nodes, allocs = {one.node for one in touched if one.node}, {one.alloc for one in touched}
    whole_nodes = {None, *(one.node for one in touched if not one.alloc)}
    every = (held for node in nodes for held in of.get(node, ()))
    return {held.name for held in every if held.alloc in allocs or (held.alloc and _node_of(held, seen) in whole_nodes)}


def _node_of(held: Held, seen: Observed) -> str | None:
    """Where the allocation runs that holds it; None where none does that counts."""
    instance = seen.world.instance.get(held.alloc or "")
    return instance.node if instance else None


def impacts(roots: Sequence[Finding], below: Mapping[str, Sequence[Finding]], seen: Observed) -> list[dict[str, JSON]]:
    """The blast radius of each root. Where one of them stops writes they are stopped, whatever the others do."""
    sick = {root.node for root in roots if root.node and root.code.startswith(OF_THE_APPLICATION) and root.severity is Severity.CRITICAL}
    gone = frozenset(root.node for root in roots if root.node and root.code == "node.down")
    all_of_it = whole(seen, gone)._replace(unwell=frozenset(sick))
    refused = {one.node for root in roots for one in below.get(root.id, ()) if one.code == UNUSABLE and one.severity is Severity.CRITICAL}
    if any(root.node == all_of_it.primary and (root.node in refused or _stops_commits(root, seen)) for root in roots):
        all_of_it = all_of_it._replace(writes="blocked")
    return _with_others([impact(root, below.get(root.id, ()), seen, all_of_it) for root in roots])


def _with_others(found: list[dict[str, JSON]]) -> list[dict[str, JSON]]:
    """Whoever reads of one root alone must not take the data for safe that another one endangers."""
    endangered = any(one["data_at_risk"] for one in found)
    return [{**one, "data_at_risk_elsewhere": True} if endangered and not one["data_at_risk"] else one for one in found]


def impact(root: Finding, below: Sequence[Finding], seen: Observed, all_of_it: Whole) -> dict[str, JSON]:
    """The blast radius of one root, as plain data: whom it touches, what is left, and what is in danger.

    `writes` is `blocked` (no primary, or one that cannot commit), `go on` or `unknown` (no LiteFS node answered); `data_at_risk` lists
    sentences. `primary_unwell` is there, and true, where LiteFS leads on a node whose application is not well; `instances_unheard` where
    checks of so many that run are not known now; `replicas_connected` where the primary has so many and none of them was heard,
    `lease_holder` where no primary was, and may be there. `data_at_risk_elsewhere` is there, and true, where
    another root endangers data and this one does not.
    """
    touched = [root, *below]
    nodes = sorted({one.node for one in touched if one.node})
    allocs = sorted({one.alloc for one in touched if one.alloc})
    services = {one.service for one in touched if one.service} | _names(all_of_it.services, touched, seen)
    return {
        "nodes": nodes,
        "allocations": allocs,
        "services": sorted(services),
        "databases": sorted(_names(all_of_it.databases, touched, seen)),
        "instances": all_of_it.instances,
        "instances_left": all_of_it.well,
        **({"instances_unheard": all_of_it.unheard} if all_of_it.unheard else {}),
        "replicas_left": all_of_it.synced,
        "writes": all_of_it.writes,
        "primary": all_of_it.primary,
        **({"replicas_connected": all_of_it.connected} if all_of_it.connected else {}),
        **({"lease_holder": all_of_it.holder} if all_of_it.holder else {}),
        **({"primary_unwell": True} if all_of_it.primary in all_of_it.unwell else {}),
        "data_at_risk": _risks(root, nodes, seen, all_of_it),
    }


def _stops_commits(root: Finding, seen: Observed) -> bool:
    """A node whose disk is full answers as primary and cannot commit; where only the application says so, it may be another disk."""
    if root.code != "disk.full" or root.severity is not Severity.CRITICAL or root.node is None:
        return False
    said = [one.fields for one in seen.observations.of("log", node=root.node) if one.fields["full"]]
    return not said or any(one["origin"] == "litefs" or DATABASES.search(str(one["complaint"])) for one in said)


def _may_commit(root: Finding, seen: Observed) -> bool:
    """A replica whose primary is there commits nothing of its own: without room it falls behind. Nor does what never started."""
    instance = seen.world.instance.get(root.alloc or "")
    if instance and instance.never_started:
        return False
    there = seen.observations.of("litefs", node=root.node or "")
    follows = any(one.fields["is_primary"] is False and one.fields["primary_answers"] for one in there)
    return not follows and _stops_commits(root, seen)


def _risks(root: Finding, nodes: Sequence[str], seen: Observed, all_of_it: Whole) -> list[str]:
    found = [root.at_risk] if root.at_risk and (root.code != "disk.full" or _may_commit(root, seen)) else []
    if all_of_it.lonely in nodes or (all_of_it.lonely and root.code.startswith("litefs.replica.")):
        found.append(f"no replica has what the primary {all_of_it.lonely} holds")
    if root.code == "litefs.cluster-id.mismatch" and all_of_it.primary and all_of_it.strangers:
        found.append("every replica differs from the primary, so they may hold the only copy of older data")
    discarding = (node for node in nodes if any(map(_tells_of_discarded, seen.observations.of("log", node=node))))
    return found + [f"transactions of a replica that the primary on {node} lacks were discarded" for node in discarding]


def _tells_of_discarded(line: Observation) -> bool:
    return "exceeds primary transaction id" in str(line.fields["message"])
