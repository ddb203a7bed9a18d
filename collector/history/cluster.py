"""Changes in the cluster itself between two runs: versions, leaders, nodes, the primary, allocations, restarts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from collector.history.facts import Moment
from collector.history.run import CLUSTER_FACTS, NodeState, Run
from collector.model import JSON

Change = dict[str, JSON]
"""{"what", "node": name or None, "from", "to"}; a check also has "service" (None: the node's own) and "name"."""

SHORT = 8
"""Length of the short IDs that Nomad's own commands show and accept."""


def cluster_changes(old: Run, new: Run) -> list[Change]:
    """Return all changes, cluster-wide ones first. A value that one of the runs could not see is not a change."""
    return [*_facts(old, new), *_primary(old, new), *_membership(old, new), *_nodes(old, new)]


def check_changes(moments: Iterable[Moment]) -> list[Change]:
    """Return the changes of checks among a run's moments, sorted by node, service and name."""
    checks = [one for one in moments if one.reading.what == "check"]
    ordered = sorted(checks, key=lambda one: (one.reading.node or "", one.reading.service or "", one.reading.name or ""))
    return [
        {**_change("check", one.reading.node, one.before, one.reading.value), "service": one.reading.service, "name": one.reading.name}
        for one in ordered
    ]


def _change(what: str, node: str | None, before: JSON, after: JSON) -> Change:
    return {"what": what, "node": node, "from": before, "to": after}


def _facts(old: Run, new: Run) -> Iterator[Change]:
    for what, _place in CLUSTER_FACTS:
        before, after = old.cluster.get(what), new.cluster.get(what)
        if before is not None and after is not None and before != after:
            yield _change(what, None, before, after)


def _primary(old: Run, new: Run) -> Iterator[Change]:
    before, after = _primaries(old), _primaries(new)
    if before and after and before != after:
        yield _change("primary", None, before, after)


def _primaries(run: Run) -> str:
    return ", ".join(sorted(name for name, node in run.nodes.items() if node.role == "primary"))


def _membership(old: Run, new: Run) -> Iterator[Change]:
    """Return nodes that were added or removed, if both runs read Nomad's list of nodes."""
    if not (old.listed and new.listed):
        return
    for name in sorted(new.nodes.keys() - old.nodes.keys() - old.unseen):
        yield _change("node added", name, None, new.nodes[name].nomad)
    for name in sorted(old.nodes.keys() - new.nodes.keys() - new.unseen):
        yield _change("node removed", name, old.nodes[name].nomad, None)


def _nodes(old: Run, new: Run) -> Iterator[Change]:
    deployed = old.cluster.get("job version") != new.cluster.get("job version")
    for name in sorted(old.nodes.keys() & new.nodes.keys()):
        before, after = old.nodes[name], new.nodes[name]
        yield from _words(name, before, after)
        if not deployed:  # a new job version replaces every allocation, and is reported once
            yield from _allocation(name, before, after)


def _words(name: str, before: NodeState, after: NodeState) -> Iterator[Change]:
    for what, one, other in (("node status", before.nomad, after.nomad), ("eligibility", before.eligibility, after.eligibility)):
        if one != other and "unknown" not in (one, other):
            yield _change(what, name, one, other)
    for product, version in before.versions.items():
        now = after.versions.get(product)
        if version and now and version != now:
            yield _change(f"{product} version", name, version, now)


def _allocation(name: str, before: NodeState, after: NodeState) -> Iterator[Change]:
    """Compare allocations. A replacement counts restarts from 0 again, so counts are compared only for the same allocation."""
    if before.alloc != after.alloc:
        if before.alloc and after.alloc:
            yield _change("allocation", name, before.alloc[:SHORT], after.alloc[:SHORT])
    elif before.restarts is not None and after.restarts is not None and after.restarts > before.restarts:
        yield _change("restarts", name, before.restarts, after.restarts)
