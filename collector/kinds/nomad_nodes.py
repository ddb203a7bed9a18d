"""The Nomad client nodes."""

from __future__ import annotations

from collector.errors import Unanswered
from collector.kinds import asking, shapes
from collector.kinds.kind import API_OR_STALE, AWAITED, Args, Kind
from collector.kinds.shapes import Obj
from collector.model import JSON, Rung, Status


def api(_args: Args) -> Rung:
    """Request all nodes; in pages if the whole list is too long for one response."""
    rows = yield from asking.paged("/v1/nodes", [{}, {"per_page": asking.PER_PAGE}], node)
    if not rows:
        raise Unanswered(Status.FAILED, "/v1/nodes: Nomad knows no client node, and a job cannot run without one")
    return sorted(rows, key=lambda row: (row["name"], row["id"]))


def node(row: Obj) -> dict[str, JSON]:
    """Parse a node stub. Nomad before 0.8 has no eligibility: there only draining nodes were ineligible."""
    draining = shapes.flag(row, "Drain")
    return {
        "id": shapes.identity(row, "ID"),
        "name": shapes.identity(row, "Name"),
        "address": shapes.maybe_text(row, "Address"),
        "datacenter": shapes.text(row, "Datacenter"),
        "pool": shapes.maybe_text(row, "NodePool"),
        "status": shapes.text(row, "Status"),
        "status_description": shapes.text(row, "StatusDescription"),
        "eligibility": shapes.maybe_text(row, "SchedulingEligibility") or ("ineligible" if draining else "eligible"),
        "draining": draining,
        "drained": row["LastDrain"] is not None if "LastDrain" in row else None,
        "version": shapes.maybe_text(row, "Version"),
        "drivers": [_driver(name, driver) for name, driver in shapes.named(row, "Drivers")],
        "modify_index": shapes.whole(row, "ModifyIndex"),
        **_last_drain(row),
    }


def _last_drain(row: Obj) -> dict[str, JSON]:
    """When the node's last drain began, ended or was cancelled, whichever was last; nothing without one."""
    at = shapes.timestamp(shapes.mapping(row, "LastDrain"), "UpdatedAt") if row.get("LastDrain") else None
    return {} if at is None else {"drained_at": at}


def _driver(name: str, driver: Obj) -> JSON:
    return {
        "name": name,
        "detected": shapes.flag(driver, "Detected"),
        "healthy": shapes.flag(driver, "Healthy"),
        "description": shapes.text(driver, "HealthDescription"),
    }


KIND = Kind(
    name="nomad_nodes",
    summary="every Nomad client node: status, eligibility, drain, drivers",
    rungs={"api": api, "stale": asking.of_any_server(api)},
    default_ladder=API_OR_STALE,
    capabilities=("nomad: node read",),
    timeout=AWAITED,
    shows=("nodes",),
    nodes=lambda rows: [row["name"] for row in rows],
    inventory=True,
)
