"""A job's deployments."""

from __future__ import annotations

from collector.kinds import asking, bodies, shapes
from collector.kinds.kind import API_OR_STALE, JOB, NAMESPACE, Args, Kind
from collector.kinds.shapes import Obj
from collector.model import JSON, Http, Rung


def api(args: Args) -> Rung:
    """Request the job's deployments."""
    path = f"/v1/job/{asking.segment(args['job'])}/deployments"
    reply = yield from asking.ask(Http("nomad", path, asking.within(args.get("namespace"))))
    return asking.parsed(reply, parse)


def parse(body: bytes) -> JSON:
    """Return the deployments, newest first. Source: Nomad's API documentation, "Jobs", "List Job Deployments"."""
    rows = sorted(bodies.listing(body), key=lambda row: shapes.whole(row, "CreateIndex"), reverse=True)
    return [_deployment(row) for row in rows]


def _deployment(row: Obj) -> JSON:
    return {
        "id": shapes.identity(row, "ID"),
        "status": shapes.text(row, "Status"),
        "status_description": shapes.text(row, "StatusDescription"),
        "job_version": shapes.whole(row, "JobVersion"),
        "create_time": shapes.nanoseconds(row, "CreateTime"),
        "modify_index": shapes.whole(row, "ModifyIndex"),
        "groups": [_group(name, group) for name, group in shapes.named(row, "TaskGroups")],
    }


def _group(name: str, group: Obj) -> JSON:
    return {
        "name": name,
        "desired": shapes.whole(group, "DesiredTotal"),
        "placed": shapes.whole(group, "PlacedAllocs"),
        "healthy": shapes.whole(group, "HealthyAllocs"),
        "unhealthy": shapes.whole(group, "UnhealthyAllocs"),
        "deadline": shapes.timestamp(group, "RequireProgressBy"),
    }


KIND = Kind(
    name="nomad_deployments",
    summary="the job's deployments and how many instances are healthy",
    rungs={"api": api, "stale": asking.of_any_server(api)},
    default_ladder=API_OR_STALE,
    arguments={"job": JOB, "namespace": NAMESPACE},
    capabilities=("nomad: namespace read-job",),
)
