"""Turns a bundle into observations: knows Nomad, Consul and LiteFS, but makes no judgements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from collector.model import Bundle
from collector.observe.checks.alike import passing, passing_alike
from collector.observe.checks.health import Check, Known, checks, observe_checks
from collector.observe.checks.upstream import places
from collector.observe.cluster.dates import with_dates
from collector.observe.cluster.equipped import with_litefs
from collector.observe.cluster.gaps import observe_gaps
from collector.observe.cluster.mute import with_mute
from collector.observe.cluster.neighbours import with_nodes
from collector.observe.cluster.nodes import Node, nodes, observe_nodes
from collector.observe.cluster.servers import observe_servers
from collector.observe.cluster.whole import holders, observe_cluster, observe_skew
from collector.observe.consul import Registration, observe_registrations, observe_services, orphans, registered, registrations
from collector.observe.litefs.fields import observe_litefs, unshown
from collector.observe.litefs.lease import Lease, lease
from collector.observe.litefs.positions import State
from collector.observe.litefs.reached import reached
from collector.observe.litefs.states import expected, ports, proxy_ports, states
from collector.observe.logs.messages import Log, Standing, logs, observe_logs
from collector.observe.logs.roles import followed, with_strangers
from collector.observe.nomad.canaries import with_canaries, with_spares
from collector.observe.nomad.events import observe_events
from collector.observe.nomad.job import observe_instances, observe_job
from collector.observe.nomad.scheduling import observe_deployments, observe_evaluations
from collector.observe.observation import Observation, Observations
from collector.observe.topics import TOPICS
from collector.observe.world.survey import World, survey

__all__ = ["TOPICS", "Check", "Lease", "Node", "Observation", "Observations", "Observed", "State", "World", "observe"]


class Observed(NamedTuple):
    """The observations for rules, and the data that tables and details are made from."""

    world: World
    observations: Observations
    checks: list[Check]
    litefs: dict[str, State]
    lease: Lease | None
    nodes: dict[str, Node]
    registrations: list[Registration]
    logs: list[Log]
    orphans: dict[tuple[str, str], str]


def observe(bundle: Bundle) -> Observed:
    """Return everything that can be stated about the cluster from this bundle. Deterministic: no clock, no I/O."""
    world = survey(bundle)
    every = checks(world)
    litefs = states(world)
    registry = registrations(world)
    seen = Observed(
        world,
        Observations(),
        every,
        litefs,
        lease(world, litefs),
        nodes(world, every),
        registry,
        logs(world),
        orphans(world, registry, every),
    )
    for observation in _observations(seen):
        seen.observations.add(observation)
    return seen


def _observations(seen: Observed) -> Iterator[Observation]:
    world, every = seen.world, seen.checks
    holding = holders(world, seen.lease, seen.litefs, seen.nodes, followed(seen.logs))
    instances = _instances(seen, holding)
    wells = {one.scope["alloc"]: bool(one.fields["well"]) for one in instances}
    litefs = list(with_mute(with_strangers(observe_litefs(world, seen.litefs, seen.lease), seen.logs), instances))
    messages = list(observe_logs(world, seen.logs, _standing(seen, instances, litefs)))
    failing = {(check.row["node"], check.row["service_id"]) for check in every if check.row["status"] == "critical"}
    alike = passing_alike(every, seen.litefs.values())
    known = Known(ports(world), proxy_ports(world), set(seen.orphans), places(world, failing), alike, passing(every))
    observed_checks = list(observe_checks(world, every, known))
    skews = list(observe_skew(world))
    yield from with_dates((*instances, *observe_events(world, wells), *messages, *observed_checks), skews)
    yield from observe_nodes(world, seen.nodes, every, holding)
    yield from observe_cluster(world, seen.litefs, seen.lease, seen.nodes)
    shown = any(one.fields["origin"] == "litefs" for one in messages) or any(one.fields.get("on_litefs") for one in observed_checks)
    yield from unshown(world, litefs, seen.lease, shown=shown)
    yield from with_spares(world, observe_evaluations(world), wells)
    yield from _cluster_observations(seen)
    yield from skews


def _instances(seen: Observed, holding: AbstractSet[str]) -> list[Observation]:
    world = seen.world
    held = registered(world, seen.registrations, seen.orphans)
    every = list(with_litefs(world, observe_instances(world, seen.checks, expected(world), held), seen.logs))
    return list(with_canaries(world, every, holding))


def _standing(seen: Observed, instances: Iterable[Observation], litefs: Iterable[Observation]) -> Standing:
    """Return the current state of each allocation, needed to interpret its logs."""
    here = [(one.scope["alloc"], one.fields) for one in litefs if "alloc" in one.scope]
    apart = {alloc for alloc, fields in here if fields["diverged"] or not fields["settled"]}
    return Standing(
        over={one.scope["alloc"]: bool(one.fields["well"]) and one.scope["alloc"] not in apart for one in instances},
        reached={alloc: reached(fields) for alloc, fields in here},
        with_litefs={one.scope["alloc"] for one in instances if one.fields["has_litefs"]},
        leading={state.alloc for state in seen.litefs.values() if state.primary},
        in_step={alloc for alloc, fields in here if fields["synced"] and fields["behind"] == 0 and not fields["diverged"]},
        writing={state.alloc for state in seen.litefs.values() if state.writes},
        mute={alloc for alloc, fields in here if fields["mute"] in {"accepting", "unaccepting"}},
        positions={alloc: _positions(seen.litefs.get(alloc)) for alloc, fields in here if fields["behind"] is None},
    )


def _positions(state: State | None) -> dict[str, int]:
    return {database["name"]: database["txid"] for database in (state.data if state and state.data else {}).get("databases", ())}


def _cluster_observations(seen: Observed) -> Iterator[Observation]:
    world = seen.world
    yield from observe_job(world)
    yield from observe_deployments(world)
    yield from observe_registrations(world, seen.registrations, seen.orphans)
    yield from observe_services(world, seen.registrations, seen.orphans)
    yield from observe_gaps(world)
    yield from with_nodes(world, observe_servers(world), seen.nodes)
