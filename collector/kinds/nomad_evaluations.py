"""The scheduler's evaluations of a job."""

from __future__ import annotations

from collector.kinds import asking, bodies, shapes
from collector.kinds.kind import API_OR_STALE, JOB, NAMESPACE, Args, Kind
from collector.kinds.shapes import Obj
from collector.model import JSON, Http, Rung

KEPT = 50


def api(args: Args) -> Rung:
    """Request the job's evaluations; keep the newest `KEPT`."""
    path = f"/v1/job/{asking.segment(args['job'])}/evaluations"
    reply = yield from asking.ask(Http("nomad", path, asking.within(args.get("namespace"))))
    return asking.parsed(reply, parse)


def parse(body: bytes) -> JSON:
    """Return the evaluations, newest first. Source: Nomad's API documentation, "Jobs", "List Job Evaluations"."""
    rows = sorted(bodies.listing(body), key=lambda row: shapes.whole(row, "ModifyIndex"), reverse=True)
    return [_evaluation(row) for row in rows[:KEPT]]


def _evaluation(row: Obj) -> JSON:
    return {
        "id": shapes.identity(row, "ID"),
        "status": shapes.text(row, "Status"),
        "status_description": shapes.text(row, "StatusDescription"),
        "triggered_by": shapes.text(row, "TriggeredBy"),
        "create_time": shapes.nanoseconds(row, "CreateTime"),
        "modify_time": shapes.nanoseconds(row, "ModifyTime"),
        "modify_index": shapes.whole(row, "ModifyIndex"),
        "blocked": shapes.text(row, "Status") == "blocked",
        "queued": shapes.counts(row, "QueuedAllocations"),
        "failed_groups": [_failed(name, metrics) for name, metrics in shapes.named(row, "FailedTGAllocs")],
    }


def _failed(group: str, metrics: Obj) -> JSON:
    return {
        "group": group,
        "nodes_evaluated": shapes.whole(metrics, "NodesEvaluated"),
        "nodes_filtered": shapes.whole(metrics, "NodesFiltered"),
        "nodes_exhausted": shapes.whole(metrics, "NodesExhausted"),
        "nodes_available": shapes.counts(metrics, "NodesAvailable"),
        "constraint_filtered": shapes.counts(metrics, "ConstraintFiltered"),
        "class_filtered": shapes.counts(metrics, "ClassFiltered"),
        "dimension_exhausted": shapes.counts(metrics, "DimensionExhausted"),
        "class_exhausted": shapes.counts(metrics, "ClassExhausted"),
        "quota_exhausted": shapes.texts(metrics, "QuotaExhausted"),
        "coalesced_failures": shapes.whole(metrics, "CoalescedFailures"),
    }


KIND = Kind(
    name="nomad_evaluations",
    summary="the scheduler's evaluations of the job, with what it could not place and why",
    rungs={"api": api, "stale": asking.of_any_server(api)},
    default_ladder=API_OR_STALE,
    arguments={"job": JOB, "namespace": NAMESPACE},
    capabilities=("nomad: namespace read-job",),
)
