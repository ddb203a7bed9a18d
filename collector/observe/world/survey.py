"""Reads a bundle once: results by kind, node names reconciled, and the cluster's clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from collector.model import JSON, THRESHOLDS, Bundle, Result, Status
from collector.observe.world.clocks import ahead_by_events, ahead_by_node
from collector.observe.world.instances import Instance
from collector.observe.world.names import fresh, hosts, told_apart
from collector.observe.world.successors import current


@dataclass(slots=True)
class World:
    """The `ok` results and the failed ones. `now` is by the cluster's clock, not the collector's.

    `ahead` maps nodes to the seconds by which their clock is ahead of Nomad's servers.
    """

    bundle: Bundle
    now: float
    ok: Mapping[str, tuple[Result, ...]]
    failed: tuple[Result, ...]
    aliases: Mapping[str, str]
    instances: tuple[Instance, ...] = ()
    instance: Mapping[str, Instance] = field(default_factory=dict)
    allocations: tuple[Mapping[str, JSON], ...] = ()
    jobs: Mapping[tuple[str, str], Mapping[str, JSON]] = field(default_factory=dict)
    """By namespace and ID, since namespaces may have jobs of the same ID."""
    alloc_items: Mapping[str, str] = field(default_factory=dict)
    alloc: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict)
    addresses: Mapping[str, str | None] = field(default_factory=dict)
    clients: Mapping[str, tuple[Result, Mapping[str, JSON]]] = field(default_factory=dict)
    ahead: Mapping[str, float] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)
    """LiteFS's name for a machine -> Nomad's, where they differ."""

    @property
    def lag_warning(self) -> float:
        """Lag in seconds from which a replica gets a warning."""
        return self._threshold("lag_warning")

    @property
    def lag_critical(self) -> float:
        """Lag in seconds from which a replica is critical."""
        return self._threshold("lag_critical")

    @property
    def skew_warning(self) -> float:
        """Clock offset in seconds from which there is a warning."""
        return self._threshold("skew_warning")

    def _threshold(self, name: str) -> float:
        return float(self.bundle.thresholds.get(name, THRESHOLDS[name]))

    def results(self, kind: str) -> tuple[Result, ...]:
        """Return the ok results of a kind, in the order of the bundle."""
        return self.ok.get(kind, ())

    def rows(self, kind: str) -> Iterator[tuple[Result, Mapping[str, JSON]]]:
        """Return every element of the ok results of a kind whose data is a list."""
        for result in self.results(kind):
            for row in result.data:
                yield result, row

    def node(self, name: str | None) -> str | None:
        """Return a node's canonical name: Nomad's, if Consul knows the same address under another."""
        return None if name is None else self.aliases.get(name, name)

    def host(self, name: str | None) -> str | None:
        """Return the node for a host name used by LiteFS."""
        return self.hosts.get(name or "") or self.node(name)

    def job_of(self, alloc: Mapping[str, JSON]) -> Mapping[str, JSON] | None:
        """Return an allocation's job; None if it was not read."""
        return self.jobs.get((alloc["namespace"], alloc["job"]))

    def seen_allocations(self) -> bool:
        """True if Nomad's allocations were read completely."""
        return bool(self.results("nomad_allocations")) and not any(r.kind == "nomad_allocations" for r in self.failed)


def survey(bundle: Bundle) -> World:
    """Read a bundle."""
    bundle = told_apart(bundle)
    ok: dict[str, list[Result]] = {}
    failed = []
    for result in bundle.results:
        if result.status is Status.OK:
            ok.setdefault(result.kind, []).append(result)
        elif result.status is not Status.SKIPPED:
            failed.append(result)
    world = World(bundle, clock(bundle), {kind: tuple(some) for kind, some in ok.items()}, tuple(failed), {})
    world.jobs = {(result.data["namespace"], result.data["id"]): result.data for result in world.results("nomad_job")}
    rows = {row["id"]: (result, row) for result, row in world.rows("nomad_allocations")}
    world.allocations = tuple(row for _, row in rows.values())
    world.alloc = {row["id"]: row for row in world.allocations}
    world.aliases = _aliases(world)
    world.clients = _clients(world)
    world.addresses = {name: row["address"] for name, (_, row) in world.clients.items()}
    world.hosts = _hosts(world)
    world.alloc_items = {key: result.id for key, (result, _) in rows.items()}
    world.ahead = ahead_by_node(bundle, world.now, world.node)
    world.instances = tuple(current([_instance(world, row, world.ahead.get(row["node"])) for row in world.allocations]))
    world.instance = {one.id: one for one in world.instances}
    return world


def _instance(world: World, row: Mapping[str, JSON], ahead: float | None) -> Instance:
    job = world.job_of(row)
    ahead = ahead_by_events(row, job) if ahead is None else ahead
    return Instance(row, job, world.now, world.now + ahead)


def clock(bundle: Bundle) -> float:
    """Return the cluster's time when it was queried.

    The newest `Date` of a Nomad answer, since Nomad stamps task events; else of any answer; else the collector's own clock, which may be
    off. A recording keeps its own time.
    """
    dates = [(result.kind.startswith("nomad_"), result.date) for result in bundle.results if result.date is not None]
    nomad = [date for of_nomad, date in dates if of_nomad]
    return max(nomad or [date for _, date in dates] or [bundle.started_at + bundle.seconds])


def _clients(world: World) -> dict[str, tuple[Result, Mapping[str, JSON]]]:
    """Return Nomad's client nodes by name.

    A node set up anew is listed twice until Nomad forgets the old one; the ready, newer one counts.
    """
    found: dict[str, tuple[Result, Mapping[str, JSON]]] = {}
    for result, row in world.rows("nomad_nodes"):
        known = found.get(row["name"])
        if known is None or fresh(row) > fresh(known[1]):
            found[row["name"]] = (result, row)
    return found


def _aliases(world: World) -> dict[str, str]:
    """Map Consul's node names to Nomad's, where they differ but denote the same node.

    Evidence is an equal address, or that all of a node's allocations are registered there, since the local agent registers them.
    """
    nomad = {row["address"]: row["name"] for _, row in world.rows("nomad_nodes") if row["address"]}
    known = {row["name"] for _, row in world.rows("nomad_nodes")}
    found = {name: nomad[address] for name, address in _consul_names(world) if name not in known and address in nomad}
    return found | {name: node for name, node in _by_allocation(world).items() if name not in known}


def _hosts(world: World) -> dict[str, str]:
    """Return LiteFS's names for nodes that Nomad and Consul call differently."""
    leases = [result.data for result in world.results("consul_lease")]
    names = {result.data["primary_hostname"] for result in world.results("litefs_status")} | {lease["hostname"] for lease in leases}
    return hosts(world.addresses, names - world.aliases.keys() - {None, ""}, leases)


def _by_allocation(world: World) -> dict[str, str]:
    """Map Consul's node names to the single Nomad node whose allocations are registered there."""
    pairs: dict[str, set[str]] = {}
    for result in world.results("consul_checks"):
        for row in result.data["instances"]:
            if alloc := world.alloc.get(row["alloc"] or ""):
                pairs.setdefault(row["node"], set()).add(alloc["node"])
    return {name: nodes.pop() for name, nodes in pairs.items() if len(nodes) == 1}


def _consul_names(world: World) -> Iterator[tuple[str, str]]:
    for _, row in world.rows("consul_members"):
        yield row["name"], row["address"]
    for result in world.results("consul_checks"):
        for row in result.data["instances"]:
            yield row["node"], row["node_address"]
