"""Consul's members and registered instances, and whether an allocation is behind each instance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from collector.kinds.nomad_allocations import LIVE
from collector.model import JSON, Result, Status, host_port
from collector.observe.checks.health import Check
from collector.observe.checks.texts import meaning
from collector.observe.nomad.job import group_counts
from collector.observe.observation import Observation, scope
from collector.observe.world.successors import group_of
from collector.observe.world.survey import World

Registration = tuple[Result, Mapping[str, JSON]]


def registrations(world: World) -> list[Registration]:
    """Return every registered instance once."""
    found: dict[tuple[str, str], Registration] = {}
    for result in world.results("consul_checks"):
        for row in result.data["instances"]:
            found.setdefault((row["node"], row["service_id"]), (result, row))
    return list(found.values())


def orphans(world: World, every: Sequence[Registration], checks: Sequence[Check]) -> dict[tuple[str, str], str]:
    """Map (node, service ID) of instances without a live allocation to how that is known.

    Only if the job's allocations were read completely, and only for services that the job registers. An instance is an orphan if the
    allocation in its service ID has ended; if its check fails and its allocation is not the job's, or it names none and no live allocation
    has its address (another job may register the same service, with healthy instances); or if a live allocation that is not registered
    itself has its port.
    """
    if not world.seen_allocations() or not world.jobs:
        return {}
    mine = set(services(world))
    followers = {alloc["next"] for alloc in world.allocations} - {None}  # created since the allocations were read
    taken = _taken(world, every)
    statuses = {alloc["id"]: alloc["client_status"] for alloc in world.allocations}
    live = [alloc for alloc in world.allocations if alloc["client_status"] in LIVE]
    ports = {(host, port["port"]) for alloc in live for port, host in _ports(world, alloc)}
    failing = {(check.row["node"], check.row["service_id"]) for check in checks if check.row["status"] != "passing"}
    answered = {(check.row["node"], check.row["service_id"]) for check in checks if _answers(check)}
    found = {}
    for _, row in every:
        if row["service"] not in mine or row["alloc"] in followers:
            continue
        place = (row["node"], row["service_id"])
        why = _why(row, statuses, ports)
        if why and (owner := taken.get((row["service"], *_end(row)))):
            found[place] = f"{why}; {owner[:8]}, which has its port now, is not registered"
            continue
        if statuses.get(row["alloc"], "lost") == "lost" and place not in failing:
            continue
        if statuses.get(row["alloc"]) == "lost" and place in answered:
            continue  # lost to Nomad but still running: it answers, even if with an error
        if why:
            found[place] = why
    return found


def _end(row: Mapping[str, JSON]) -> tuple[str | None, int | None]:
    """Return host and port of a registered instance; a service may have no port."""
    return row["address"] or row["node_address"], row["port"]


def _address(row: Mapping[str, JSON]) -> str:
    """Return host and port for a reader."""
    host, port = _end(row)
    return host_port(host, port) if host and port else host or "no address"


def _answers(check: Check) -> bool:
    """True if the check's output is an HTTP response, whatever its status."""
    return meaning(check.row["type"], check.row["check_id"], check.text.output)[0] == "http"


def _taken(world: World, every: Sequence[Registration]) -> dict[tuple[str, str | None, int | None], str]:
    """Map (service, host, port) to the running allocation that has them without having registered, although it had time to."""
    registered = {(row["service"], row["alloc"]) for _, row in every}
    running = [one for one in world.instances if one.running and not one.young]
    names = set(services(world))
    return {
        (service, host, port["port"]): one.id
        for one in running
        for service in names
        if (service, one.id) not in registered
        for port, host in _ports(world, one.alloc)
    }


def _ports(world: World, alloc: Mapping[str, JSON]) -> Iterator[tuple[Mapping[str, JSON], str | None]]:
    node = world.addresses.get(alloc["node"])
    for port in alloc["ports"]:
        for host in {port["host"], alloc["address"], node}:
            yield port, host


def _why(row: Mapping[str, JSON], statuses: Mapping[str, str], ports: set[tuple[str | None, int | None]]) -> str | None:
    """Say why no allocation is behind an instance, by the states and ports of the job's allocations."""
    if statuses.get(row["alloc"]) in LIVE:
        return None
    if row["alloc"]:
        return f"allocation {row['alloc'][:8]} is over" if row["alloc"] in statuses else f"the job has no allocation {row['alloc'][:8]}"
    return None if not ports or _end(row) in ports else f"no live allocation has {_address(row)}"


def observe_registrations(world: World, every: Sequence[Registration], left: Mapping[tuple[str, str], str]) -> Iterator[Observation]:
    """Yield one observation per registered instance."""
    for result, row in every:
        why = left.get((row["node"], row["service_id"]))
        address = _address(row)
        yield Observation(
            "registration",
            scope(node=world.node(row["node"]), alloc=row["alloc"], service=row["service"]),
            {"id": row["service_id"], "orphan": why is not None, "address": address, "why": why},
            quote=f"instance {row['service_id']} of {row['service']} at {address}" + (f": {why}" if why else ""),
            source=f"Consul's catalog, node {row['node']}",
            item=result.id,
        )


class Service(NamedTuple):
    """A service that a group registers, once per instance and port."""

    name: str
    provider: str
    job: Mapping[str, JSON]
    group: Mapping[str, JSON]


def services(world: World) -> dict[str, list[Service]]:
    """Return the jobs' services by name, with all groups and ports that register them."""
    found: dict[str, list[Service]] = {}
    for job in world.jobs.values():
        for group in job["groups"]:
            ports = {(one["name"], one["port_label"], one["task"]): one["provider"] for one in group["services"]}
            for (name, _, _), provider in ports.items():
                found.setdefault(name, []).append(Service(name, provider, job, group))
    return found


def observe_services(world: World, every: Sequence[Registration], left: Mapping[tuple[str, str], str]) -> Iterator[Observation]:
    """Yield one observation per service of the jobs: registered against expected instances.

    Only for services whose catalog entries were read.
    """
    catalog = _results_by_service(world)
    known = services(world)
    for name, mine in known.items():
        if name not in catalog or any(one.provider != "consul" for one in mine):
            continue
        here = [row for _, row in every if row["service"] == name and (row["node"], row["service_id"]) not in left]
        wanted = sum(_wanted(world, one) for one in mine)
        stopped = all(one.job["stopped"] for one in mine)
        short = 0 if stopped or not world.seen_allocations() else max(0, wanted - len(here))
        counts = {"expected": wanted, "instances": len(here), "missing": short}
        yield _service(catalog[name], name, counts, f"{len(here)} of {wanted} instances of {name} are registered")
    for name in world.bundle.expect.get("services") or ():
        if name in catalog and name not in known:
            number = sum(row["service"] == name for _, row in every)
            counts = {"expected": 1, "instances": number, "missing": int(not number)}
            yield _service(catalog[name], name, counts, f"{number} instances of {name} are registered")


def _results_by_service(world: World) -> dict[str, Result]:
    """Return the catalog's results by service, without empty ones if the token may lack node:read: it then silently gets no instances."""
    hidden = any(result.kind == "consul_members" and result.status is Status.DENIED for result in world.failed)
    found = {result.target.service: result for result in world.results("consul_checks") if result.target.service}
    return {name: result for name, result in found.items() if result.data["instances"] or not hidden}


def _wanted(world: World, one: Service) -> int:
    expected, live, missing = group_counts(world, one.job, one.group)
    return expected if expected is not None else live + missing


def _service(result: Result, name: str, counts: Mapping[str, int], quote: str) -> Observation:
    return Observation("service", scope(service=name), counts, quote, "Consul's catalog", result.id)


def registered(world: World, every: Sequence[Registration], left: Mapping[tuple[str, str], str]) -> dict[str, bool]:
    """Map each allocation to whether Consul has an instance of all its group's services. Only if instances name their allocations."""
    catalog = _results_by_service(world)
    held: dict[str, set[str]] = {}
    for _, row in every:
        if row["alloc"] and (row["node"], row["service_id"]) not in left:
            held.setdefault(row["alloc"], set()).add(row["service"])
    wanted: dict[tuple[str, ...], set[str]] = {}
    for name, mine in services(world).items():
        for one in mine if name in catalog else ():
            wanted.setdefault((one.job["namespace"], one.job["id"], one.group["name"]), set()).add(name)
    places = {one.id: wanted.get(group_of(one.alloc), set()) for one in world.instances}
    return {alloc: names <= held.get(alloc, set()) for alloc, names in places.items() if names and held}


def serf(every: Sequence[Check]) -> dict[str, Check]:
    """Map each node to its serfHealth check."""
    return {check.node: check for check in every if check.row["check_id"] == "serfHealth"}


def members(world: World) -> dict[str, tuple[Result, Mapping[str, JSON]]] | None:
    """Map each node to its member entry; None if Consul's members were not seen.

    A renamed agent is listed under both names for days: the one that is alive counts.
    """
    if not world.results("consul_members"):
        return None
    rows = sorted(world.rows("consul_members"), key=lambda one: one[1]["status"] == "alive")
    return {world.node(row["name"]) or row["name"]: (result, row) for result, row in rows}
