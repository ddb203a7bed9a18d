"""Bundle to observations: knows Nomad, Consul and LiteFS, decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from collector.loglines import is_litefs
from collector.model import Bundle, Status
from collector.observe.checks.health import Check, Known, checks, observe_checks
from collector.observe.checks.upstream import places
from collector.observe.cluster.gaps import observe_gaps, observe_servers
from collector.observe.cluster.neighbours import with_nodes
from collector.observe.cluster.nodes import Node, nodes, observe_nodes
from collector.observe.cluster.whole import holders, observe_cluster, observe_skew
from collector.observe.consul import Registration, observe_registrations, observe_services, orphans, registered, registrations
from collector.observe.litefs.positions import State
from collector.observe.litefs.reached import reached
from collector.observe.litefs.states import Lease, expected, lease, observe_litefs, ports, proxy_ports, states, unshown
from collector.observe.logs.messages import Log, Standing, logs, observe_logs
from collector.observe.logs.roles import followed
from collector.observe.logs.strangers import with_strangers
from collector.observe.nomad.canaries import with_canaries, with_spares
from collector.observe.nomad.events import observe_events
from collector.observe.nomad.job import observe_instances, observe_job
from collector.observe.nomad.scheduling import observe_deployments, observe_evaluations
from collector.observe.observation import Observation, Observations
from collector.observe.topics import TOPICS
from collector.observe.world.survey import World, survey

__all__ = ["TOPICS", "Check", "Lease", "Node", "Observation", "Observations", "Observed", "State", "World", "observe"]


class Observed(NamedTuple):
    """A bundle, understood: the observations for the rules, and what tables and details are made from."""

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
    """Everything that can be stated about the cluster from this bundle; deterministic, no clock, no I/O."""
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
    held = registered(world, seen.registrations, seen.orphans)
    holding = holders(world, seen.lease, seen.litefs, seen.nodes, followed(seen.logs))
    instances = list(_with_logs(world, observe_instances(world, every, expected(world), held), seen.logs))
    instances = list(with_canaries(world, instances, holding))
    wells = {one.scope["alloc"]: bool(one.fields["well"]) for one in instances}
    litefs = list(with_strangers(observe_litefs(world, seen.litefs, seen.lease), seen.logs))
    apart = (one for one in litefs if one.fields["diverged"] or not one.fields["settled"])
    unsettled = {one.scope["alloc"] for one in apart if "alloc" in one.scope}
    yield from instances
    yield from observe_events(world, wells)
    over = {alloc: well and alloc not in unsettled for alloc, well in wells.items()}
    leading = {state.alloc for state in seen.litefs.values() if state.primary}
    even = (one for one in litefs if one.fields["synced"] and one.fields["behind"] == 0 and not one.fields["diverged"])
    in_step = {one.scope["alloc"] for one in even if "alloc" in one.scope}
    with_litefs = {one.scope["alloc"] for one in instances if one.fields["has_litefs"]}
    has = {one.scope["alloc"]: reached(one.fields) for one in litefs if "alloc" in one.scope}
    writing = {state.alloc for state in seen.litefs.values() if state.writes}
    told = list(observe_logs(world, seen.logs, Standing(over, has, with_litefs, leading, in_step, writing)))
    failing = {(check.row["node"], check.row["service_id"]) for check in every if check.row["status"] == "critical"}
    known = Known(ports(world), proxy_ports(world), set(seen.orphans), places(world, failing))
    asked = list(observe_checks(world, every, known))
    yield from (*told, *asked)
    yield from observe_nodes(world, seen.nodes, every, holding)
    yield from observe_cluster(world, seen.litefs, seen.lease, seen.nodes)
    shown = any(one.fields["origin"] == "litefs" for one in told) or any(one.fields.get("on_litefs") for one in asked)
    yield from unshown(world, litefs, seen.lease, shown=shown)
    yield from with_spares(world, observe_evaluations(world), wells)
    yield from _of_the_whole(seen)


def _of_the_whole(seen: Observed) -> Iterator[Observation]:
    world = seen.world
    yield from observe_job(world)
    yield from observe_deployments(world)
    yield from observe_registrations(world, seen.registrations, seen.orphans)
    yield from observe_services(world, seen.registrations, seen.orphans)
    yield from observe_gaps(world)
    yield from with_nodes(world, observe_servers(world), seen.nodes)
    yield from observe_skew(world)


def _with_logs(world: World, instances: Iterable[Observation], every: list[Log]) -> Iterator[Observation]:
    read = {log.data["alloc"] for log in every if log.data["stream"] == "stderr"}
    asked: dict[str, set[str | None]] = {}
    # Whoever takes the connection and gives no answer is there as well.
    silent = (result for result in world.failed if result.kind == "litefs_status" and result.status is Status.TIMEOUT)
    for result in (*world.results("litefs_status"), *silent):
        for known in (result.target.alloc or "", _group(world, result.target.alloc)):
            asked.setdefault(known, set()).add(result.target.task)
    speaking = {log.data["alloc"] for log in every if any(map(is_litefs, log.lines))}
    speaking |= {_group(world, alloc) for alloc in speaking}
    for one in instances:
        alloc = one.scope["alloc"]
        # One that does not run cannot be asked: what has LiteFS in one instance of a group has it in all.
        like = alloc if one.fields["running"] else _group(world, alloc)
        extra = {
            "log_read": alloc in read,
            "has_litefs": one.fields["has_litefs"] or like in asked or not {alloc, like}.isdisjoint(speaking),
            "beside_litefs": like in asked and one.scope.get("task") not in asked[like],
        }
        yield one._replace(fields={**one.fields, **extra})


def _group(world: World, alloc: str | None) -> str:
    """The allocation's group, in words that no allocation's ID has; the allocation itself where Nomad has not told of it."""
    known = world.alloc.get(alloc or "")
    return f"{known['namespace']}/{known['job']}/{known['group']}" if known else alloc or ""
