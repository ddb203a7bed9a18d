"""What a root cause touches: nodes, allocations, services, databases; whether writes go on; whether data is at risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.model import JSON, Finding
from collector.observe import Observed
from collector.observe.litefs import State

AT_RISK = {
    "litefs.replica.diverged": "the same position holds different content on two nodes",
    "litefs.database.corrupt": "database files on the node are damaged",
    "litefs.multiple-primaries": "what one of the primaries accepts will be lost",
    "litefs.cluster-id.lost": "no node has the data any more",
    "disk.full": "a commit may have failed half way",
}


@dataclass(frozen=True, slots=True)
class Whole:
    """What holds for the whole cluster, computed once."""

    instances: int
    well: int
    primary: str | None
    litefs: Mapping[str, State]
    services: Mapping[str, frozenset[str]]

    @property
    def synced(self) -> int:
        """Replicas that follow the primary."""
        return sum(1 for state in self.litefs.values() if state.data and not state.primary and not state.behind and not state.never_synced)


def whole(seen: Observed) -> Whole:
    """Look at the whole cluster."""
    instances = seen.observations.of("instance")
    services: dict[str, set[str]] = {}
    for observation in seen.observations.of("registration"):
        services.setdefault(observation.scope.get("node", ""), set()).add(observation.scope.get("service", ""))
    cluster = seen.observations.first("cluster")
    primaries = cluster.fields["primary_nodes"] if cluster and cluster.fields["primaries"] == 1 else ""
    return Whole(
        instances=len(instances),
        well=sum(bool(one.fields["well"]) for one in instances),
        primary=primaries or None,
        litefs=seen.litefs,
        services={node: frozenset(names) for node, names in services.items()},
    )


def impact(root: Finding, below: Sequence[Finding], seen: Observed, all_of_it: Whole) -> dict[str, JSON]:
    """The blast radius of one root, as plain data: whom it touches, what is left, and what is in danger.

    `writes` is `blocked`, `go on` or `unknown` (no LiteFS node answered); `data_at_risk` is a list of sentences.
    """
    touched = [root, *below]
    nodes = sorted({one.node for one in touched if one.node})
    allocs = sorted({one.alloc for one in touched if one.alloc})
    services = {one.service for one in touched if one.service}
    services |= {name for node in nodes for name in all_of_it.services.get(node, ())}
    databases = {db["name"] for state in all_of_it.litefs.values() if state.node in nodes for db in state.databases}
    return {
        "nodes": nodes,
        "allocations": allocs,
        "services": sorted(services),
        "databases": sorted(databases),
        "instances": all_of_it.instances,
        "instances_left": all_of_it.well,
        "replicas_left": all_of_it.synced,
        "writes": _writes(all_of_it),
        "primary": all_of_it.primary,
        "data_at_risk": _risks(root, nodes, seen, all_of_it),
    }


def _writes(all_of_it: Whole) -> str:
    if all_of_it.primary:
        return "go on"
    return "blocked" if any(state.data for state in all_of_it.litefs.values()) else "unknown"


def _risks(root: Finding, nodes: Sequence[str], seen: Observed, all_of_it: Whole) -> list[str]:
    found = [AT_RISK[root.code]] if root.code in AT_RISK else []
    alone = [] if all_of_it.synced or len(all_of_it.litefs) < 2 else [one for one in all_of_it.litefs.values() if one.primary]  # noqa: PLR2004 - alone
    found += [f"no replica has what the primary {state.node} holds" for state in alone if state.node in nodes]
    for node in nodes:
        for line in seen.observations.of("log", node=node):
            if "exceeds primary transaction id" in str(line.fields["message"]):
                found.append(f"transactions of a replica that the primary on {node} lacks were discarded")
                break
    return found
