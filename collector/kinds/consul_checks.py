"""Instances and checks from Consul's catalog, whose `output` may be empty or minutes old (see check_output.py)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from collector.durations import seconds_of
from collector.kinds import asking, bodies, shapes
from collector.kinds.kind import API_OR_STALE, AWAITED, Args, Argument, Kind
from collector.kinds.shapes import Obj
from collector.model import JSON, Http, Rung, Target

NOMAD_SERVICE = re.compile(r"_nomad-task-(?P<alloc>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-")
"""The IDs of instances registered by Nomad. Source: hashicorp/nomad, client/serviceregistration/id.go."""
LIMIT = 64 << 20
"""Maximum bytes of a service's health. Consul has no pagination, and sends 2 kB per instance: 8 MiB would be exceeded at 4,000 nodes."""


def api(args: Args) -> Rung:
    """Request a service's instances with their checks, or all of a node's."""
    if args.get("service"):
        return (yield from _of_service(args["service"]))
    return (yield from _of_node(args["node"]))


def _of_service(service: str) -> Rung:
    reply = yield from asking.ask(Http("consul", f"/v1/health/service/{asking.segment(service)}", limit=LIMIT))
    return asking.parsed(asking.unfiltered(reply), parse_service)


def _of_node(node: str) -> Rung:
    name = asking.segment(node)
    replies = yield from asking.ask_together([Http("consul", f"/v1/health/node/{name}"), Http("consul", f"/v1/catalog/node/{name}")])
    health, catalog = (asking.unfiltered(reply) for reply in replies)
    return {"instances": asking.parsed(catalog, parse_node), "checks": asking.parsed(health, parse_checks)}


def parse_service(body: bytes) -> JSON:
    """Parse `/v1/health/service/NAME`. It repeats a node's own checks for each instance; duplicates are removed."""
    rows = bodies.listing(body)
    checks = [row for entry in rows for row in shapes.objects(entry, "Checks")]
    return {
        "instances": _instances((shapes.mapping(entry, "Node"), shapes.mapping(entry, "Service")) for entry in rows),
        "checks": _checks(checks),
    }


def parse_node(body: bytes) -> JSON:
    """Parse `/v1/catalog/node/NAME`; an unknown node (null) has no instances."""
    entry = {"node": bodies.decode(body)}
    node = shapes.mapping(entry, "node")
    return _instances((shapes.mapping(node, "Node"), service) for _id, service in shapes.named(node, "Services"))


def parse_checks(body: bytes) -> JSON:
    """Parse `/v1/health/node/NAME`, or any list of Consul's checks."""
    return _checks(bodies.listing(body))


def _instances(rows: Iterable[tuple[Obj, Obj]]) -> list[JSON]:
    instances = [_instance(node, service) for node, service in rows]
    return sorted(instances, key=lambda instance: (instance["node"], instance["service_id"]))


def _instance(node: Obj, service: Obj) -> dict[str, JSON]:
    service_id = shapes.identity(service, "ID")
    node_address = shapes.maybe_text(node, "Address")
    return {
        "node": shapes.identity(node, "Node"),
        "node_address": node_address,
        "service": shapes.text(service, "Service"),
        "service_id": service_id,
        "address": shapes.maybe_text(service, "Address") or node_address,
        "port": shapes.maybe_whole(service, "Port") or None,
        "alloc": alloc_of(service_id),
        "modify_index": shapes.whole(service, "ModifyIndex"),
    }


def _checks(rows: Iterable[Obj]) -> list[JSON]:
    checks = {(one["node"], one["check_id"]): one for one in map(check, rows)}
    return [checks[key] for key in sorted(checks)]


def check(row: Obj) -> dict[str, JSON]:
    """Parse one check of the catalog or an agent. Checks of the node itself (serfHealth, maintenance) have no service."""
    definition, service_id = shapes.mapping(row, "Definition"), shapes.maybe_text(row, "ServiceID")
    return {
        "node": shapes.identity(row, "Node"),
        "check_id": shapes.identity(row, "CheckID"),
        "name": shapes.text(row, "Name"),
        "status": shapes.text(row, "Status"),
        "type": shapes.text(row, "Type"),
        "output": shapes.text(row, "Output"),
        "service": shapes.maybe_text(row, "ServiceName"),
        "service_id": service_id,
        "target": next((target for key in ("HTTP", "TCP", "GRPC") if (target := shapes.text(definition, key))), None),
        "interval": seconds_of(shapes.text(row, "Interval")),
        "timeout": seconds_of(shapes.text(row, "Timeout")),
        "notes": shapes.text(row, "Notes"),
        "create_index": shapes.whole(row, "CreateIndex"),
        "modify_index": shapes.whole(row, "ModifyIndex"),
        "alloc": alloc_of(service_id or ""),
    }


def alloc_of(service_id: str) -> str | None:
    """Return the allocation that Nomad registered this instance for; None for instances not registered by Nomad."""
    match = NOMAD_SERVICE.match(service_id)
    return match["alloc"] if match else None


KIND = Kind(
    name="consul_checks",
    summary="instances and checks of a service, or of a node, from Consul's catalog",
    rungs={"api": api, "stale": asking.of_any_server(api)},
    default_ladder=API_OR_STALE,
    arguments={
        "service": Argument("string", "name of the service"),
        "node": Argument("string", "name of the node in Consul"),
    },
    one_of=("service", "node"),
    target=lambda args: Target(node=args.get("node"), service=args.get("service")),
    capabilities=("consul: service read", "consul: node read"),
    timeout=AWAITED,
)
