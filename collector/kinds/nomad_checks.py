"""Checks of services registered with Nomad's own provider."""

from __future__ import annotations

from collector.kinds import asking, bodies, shapes
from collector.kinds.kind import ALLOC, API, NAMESPACE, NODE, Args, Kind, of_alloc
from collector.kinds.shapes import Obj
from collector.model import JSON, Http, Rung


def api(args: Args) -> Rung:
    """Request the allocation's checks from its client."""
    path = f"/v1/client/allocation/{asking.segment(args['alloc'])}/checks"
    reply = yield from asking.ask(Http("nomad", path, asking.within(args.get("namespace"))))
    return asking.parsed(reply, parse)


def parse(body: bytes) -> JSON:
    """Return the checks sorted by service and name; none (null) if every service is registered with Consul.

    Source: Nomad's API documentation, "Allocations", "Allocation Checks".
    """
    rows = {"checks": bodies.decode(body)}
    return sorted(
        (_check(row) for _id, row in shapes.named(rows, "checks")), key=lambda check: (check["service"], check["name"], check["id"])
    )


def _check(row: Obj) -> dict[str, JSON]:
    return {
        "id": shapes.identity(row, "ID"),
        "name": shapes.text(row, "Check"),
        "service": shapes.text(row, "Service"),
        "task": shapes.maybe_text(row, "Task"),
        "status": shapes.text(row, "Status"),
        "output": shapes.text(row, "Output"),
        "code": shapes.maybe_whole(row, "StatusCode") or None,
        "mode": shapes.text(row, "Mode"),
        "time": shapes.maybe_number(row, "Timestamp") or None,
    }


KIND = Kind(
    name="nomad_checks",
    summary="an allocation's checks where its services are registered with Nomad itself",
    rungs={"api": api},
    default_ladder=API,
    arguments={"alloc": ALLOC, "namespace": NAMESPACE, "node": NODE},
    target=of_alloc,
    capabilities=("nomad: namespace read-job",),
    answered_by="client",
)
