"""Reads instances and checks from Consul's JSON, from the catalog's as from an agent's."""

from __future__ import annotations

import re
from collections.abc import Iterable

from collector.durations import seconds_of
from collector.kinds import shapes
from collector.kinds.shapes import Obj
from collector.model import JSON

NOMAD_SERVICE = re.compile(r"_nomad-task-(?P<alloc>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-")
"""The IDs of instances registered by Nomad. Source: hashicorp/nomad, client/serviceregistration/id.go."""


def instances(rows: Iterable[tuple[Obj, Obj]]) -> list[JSON]:
    """Parse instances, each given as its node and its service."""
    found = [_instance(node, service) for node, service in rows]
    return sorted(found, key=lambda instance: (instance["node"], instance["service_id"]))


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
        **node_id(shapes.maybe_text(node, "ID")),
    }


def node_id(known: str | None) -> dict[str, JSON]:
    """Return the field for a node's ID, which each agent draws by itself; empty if it is not known."""
    return {"agent_id": known} if known else {}


def checks(rows: Iterable[Obj]) -> list[JSON]:
    """Parse checks, without duplicates."""
    found = {(one["node"], one["check_id"]): one for one in map(check, rows)}
    return [found[key] for key in sorted(found)]


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
