"""A bundle, read once: what was answered, by kind; node names made one; the cluster's own clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from collector.model import JSON, THRESHOLDS, Bundle, Result, Status
from collector.observe.world.clocks import ahead_by_events, ahead_by_node
from collector.observe.world.hosts import hosts
from collector.observe.world.instances import Instance
from collector.observe.world.namesakes import fresh, told_apart
from collector.observe.world.successors import current


@dataclass(slots=True)
class World:
    """What was believed (status ok), and what was not. `now` is the cluster's own clock, not the collector's.

    `ahead` is by how many seconds a node's clock is ahead of Nomad's servers.
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
    """By namespace and ID: another namespace may have a job of the same ID."""
    alloc_items: Mapping[str, str] = field(default_factory=dict)
    alloc: Mapping[str, Mapping[str, JSON]] = field(default_factory=dict)
    addresses: Mapping[str, str | None] = field(default_factory=dict)
    clients: Mapping[str, tuple[Result, Mapping[str, JSON]]] = field(default_factory=dict)
    ahead: Mapping[str, float] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)
    """What LiteFS calls a machine -> Nomad's name of it, where that is another."""

    @property
    def lag_warning(self) -> float:
        """Seconds from which a replica's lag is worth a warning."""
        return self._threshold("lag_warning")

    @property
    def lag_critical(self) -> float:
        """Seconds from which a replica's lag is critical."""
        return self._threshold("lag_critical")

    @property
    def skew_warning(self) -> float:
        """Seconds from which a clock that is off is worth a warning."""
        return self._threshold("skew_warning")

    def _threshold(self, name: str) -> float:
        return float(self.bundle.thresholds.get(name, THRESHOLDS[name]))

    def results(self, kind: str) -> tuple[Result, ...]:
        """The believed results of a kind, in the order of the bundle."""
        return self.ok.get(kind, ())

    def rows(self, kind: str) -> Iterator[tuple[Result, Mapping[str, JSON]]]:
        """Every element of the believed results of a kind whose data is a list."""
        for result in self.results(kind):
            for row in result.data:
                yield result, row

    def node(self, name: str | None) -> str | None:
        """A node's one name: Nomad's, where Consul knows the same address under another."""
        return None if name is None else self.aliases.get(name, name)

    def host(self, name: str | None) -> str | None:
        """The node that a LiteFS means by a host's name."""
        return self.hosts.get(name or "") or self.node(name)

    def job_of(self, alloc: Mapping[str, JSON]) -> Mapping[str, JSON] | None:
        """The job of an allocation; None where it was not read."""
        return self.jobs.get((alloc["namespace"], alloc["job"]))

    def seen_allocations(self) -> bool:
        """Nomad's allocations were read in full."""
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
    """The cluster's time when it was looked at.

    The newest `Date` of a Nomad answer, since Nomad stamps task events; else of any answer; else the collector's own clock. A recording
    is as old as it is, and the collector's clock may be off.
    """
    dates = [(result.kind.startswith("nomad_"), result.date) for result in bundle.results if result.date is not None]
    nomad = [date for of_nomad, date in dates if of_nomad]
    return max(nomad or [date for _, date in dates] or [bundle.started_at + bundle.seconds])


def _clients(world: World) -> dict[str, tuple[Result, Mapping[str, JSON]]]:
    """Nomad's client nodes by name. One that was set up anew is there twice until Nomad forgets the old: the ready, newer one counts."""
    found: dict[str, tuple[Result, Mapping[str, JSON]]] = {}
    for result, row in world.rows("nomad_nodes"):
        known = found.get(row["name"])
        if known is None or fresh(row) > fresh(known[1]):
            found[row["name"]] = (result, row)
    return found


def _aliases(world: World) -> dict[str, str]:
    """Consul's name of a node -> Nomad's, where the names differ and something says that they are the same.

    That is one address; or that Consul has all of an allocation's instances there, for an allocation's agent registers them.
    """
    nomad = {row["address"]: row["name"] for _, row in world.rows("nomad_nodes") if row["address"]}
    known = {row["name"] for _, row in world.rows("nomad_nodes")}
    found = {name: nomad[address] for name, address in _consul_names(world) if name not in known and address in nomad}
    return found | {name: node for name, node in _by_allocation(world).items() if name not in known}


def _hosts(world: World) -> dict[str, str]:
    """What LiteFS calls a node that Nomad, and Consul, call otherwise."""
    leases = [result.data for result in world.results("consul_lease")]
    told = {result.data["primary_hostname"] for result in world.results("litefs_status")} | {lease["hostname"] for lease in leases}
    return hosts(world.addresses, told - world.aliases.keys() - {None, ""}, leases)


def _by_allocation(world: World) -> dict[str, str]:
    """Consul's name of a node -> Nomad's name of the one node whose allocations are registered there."""
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
