"""What Consul says: who its members are, which instances are registered, and what stands behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from collector.model import JSON, Result
from collector.observe.checks import Check
from collector.observe.nomad import group_counts
from collector.observe.observation import Observation, scope
from collector.observe.world import World

Registration = tuple[Result, Mapping[str, JSON]]


def registrations(world: World) -> list[Registration]:
    """Every registered instance once."""
    found: dict[tuple[str, str], Registration] = {}
    for result in world.results("consul_checks"):
        for row in result.data["instances"]:
            found.setdefault((row["node"], row["service_id"]), (result, row))
    return list(found.values())


def orphans(world: World, every: Sequence[Registration], checks: Sequence[Check]) -> dict[tuple[str, str], str]:
    """(node, service id) of the instances that no live allocation stands behind, and why that is known.

    Only where the job's allocations were read in full, and only for services that the job registers: the allocation in the service ID is
    over; or it is none of this job's, or nobody's, at an address that no live allocation has, and a check of it fails (another job may
    register the same service, and its instances are well).
    """
    if not world.seen_allocations() or not world.jobs:
        return {}
    mine = set(services(world))
    live = {alloc["id"] for alloc in world.allocations if alloc["client_status"] in {"pending", "running", "unknown"}}
    lost = {alloc["id"] for alloc in world.allocations if alloc["client_status"] == "lost"}
    known = {alloc["id"] for alloc in world.allocations}
    ports = {(host, port["port"]) for alloc in world.allocations if alloc["id"] in live for port, host in _ports(world, alloc)}
    failing = {(check.row["node"], check.row["service_id"]) for check in checks if check.row["status"] != "passing"}
    found = {}
    for _, row in every:
        why = _why(row, live, known, ports) if row["service"] in mine else None
        if (row["alloc"] not in known or row["alloc"] in lost) and (row["node"], row["service_id"]) not in failing:
            continue  # what is lost to Nomad may still run, and answers here
        if why:
            found[(row["node"], row["service_id"])] = why
    return found


def _ports(world: World, alloc: Mapping[str, JSON]) -> Iterator[tuple[Mapping[str, JSON], str | None]]:
    node = world.addresses.get(alloc["node"])
    for port in alloc["ports"]:
        for host in {port["host"], alloc["address"], node}:
            yield port, host


def _why(row: Mapping[str, JSON], live: set[str], known: set[str], ports: set[tuple[str | None, int]]) -> str | None:
    if row["alloc"] in live:
        return None
    if row["alloc"]:
        return f"allocation {row['alloc'][:8]} is over" if row["alloc"] in known else f"Nomad has no allocation {row['alloc'][:8]}"
    if not ports or (row["address"] or row["node_address"], row["port"]) in ports:
        return None
    return f"no live allocation has {row['address'] or row['node_address']}:{row['port']}"


def observe_registrations(world: World, every: Sequence[Registration], left: Mapping[tuple[str, str], str]) -> Iterator[Observation]:
    """One observation per registered instance."""
    for result, row in every:
        why = left.get((row["node"], row["service_id"]))
        address = f"{row['address'] or row['node_address']}:{row['port']}"
        yield Observation(
            "registration",
            scope(node=world.node(row["node"]), alloc=row["alloc"], service=row["service"]),
            {"id": row["service_id"], "orphan": why is not None, "address": address, "why": why},
            quote=f"instance {row['service_id']} of {row['service']} at {address}" + (f": {why}" if why else ""),
            source=f"Consul's catalog, node {row['node']}",
            item=result.id,
        )


def services(world: World) -> dict[str, tuple[Mapping[str, JSON], Mapping[str, JSON], Mapping[str, JSON]]]:
    """Name -> (job, group, service) of every service that the jobs register."""
    return {
        service["name"]: (job, group, service)
        for job in world.jobs.values()
        for group in job["groups"]
        for service in group["services"]
    }  # fmt: skip


def observe_services(world: World, every: Sequence[Registration], left: Mapping[tuple[str, str], str]) -> Iterator[Observation]:
    """Every service of the jobs: instances against what should be there. Only those whose catalog entries were read."""
    asked = {result.target.service: result for result in world.results("consul_checks") if result.target.service}
    for name, (job, group, service) in services(world).items():
        if service["provider"] != "consul" or name not in asked:
            continue
        here = [row for _, row in every if row["service"] == name and (row["node"], row["service_id"]) not in left]
        expected, live, missing = group_counts(world, job, group)
        wanted = expected if expected is not None else live + missing
        short = 0 if job["stopped"] or not world.seen_allocations() else max(0, wanted - len(here))
        yield Observation(
            "service",
            scope(service=name),
            {"provider": "consul", "expected": wanted, "instances": len(here), "missing": short, "seen": True},
            quote=f"{len(here)} of {wanted} instances of {name} are registered",
            source="Consul's catalog",
            item=asked[name].id,
        )
    for name in world.bundle.expect.get("services") or ():
        if name in asked and name not in services(world):
            here = [row for _, row in every if row["service"] == name]
            fields = {"provider": "consul", "expected": 1, "instances": len(here), "missing": int(not here), "seen": True}
            yield Observation(
                "service",
                scope(service=name),
                fields,
                f"{len(here)} instances of {name} are registered",
                "Consul's catalog",
                asked[name].id,
            )


def serf(every: Sequence[Check]) -> dict[str, Check]:
    """Node -> its serfHealth check."""
    return {check.node: check for check in every if check.row["check_id"] == "serfHealth"}


def members(world: World) -> dict[str, tuple[Result, Mapping[str, JSON]]] | None:
    """Node -> its member entry; None when Consul's members were not seen."""
    if not world.results("consul_members"):
        return None
    return {world.node(row["name"]) or row["name"]: (result, row) for result, row in world.rows("consul_members")}
