"""The timeline: task events, failed checks, deployments, evaluations, role changes of LiteFS, and onsets of root causes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from collector.model import JSON, Finding
from collector.observe import Observation, Observed
from collector.observe.checks.since import tells_of_check
from collector.observe.logs.roles import role_changes

TASK_EVENTS = 60
OTHERS = 12
"""Limit on events per kind (the latest are kept), so that a restart loop cannot push out the deployment behind it."""

TOGETHER = 5.0
"""Tolerance in seconds: a job version and its deployment may be stamped by different servers' clocks."""
BAD_EVENTS = {"Driver Failure", "Setup Failure", "Failed Artifact Download", "Failed Validation", "Not Restarting", "Alloc Unhealthy"}

Event = dict[str, JSON]
"""{"at", "not_before", "node", "kind", "text", "severity"}: it happened at `at`, or between `not_before` and `at`."""


def timeline(seen: Observed, roots: Iterable[Finding]) -> tuple[Event, ...]:
    """Return the events, oldest first."""
    events = [_event_of(one) for one in seen.observations.of("task_event") if one.at is not None]
    kinds: dict[str, list[Event]] = {}
    for one in sorted([*events, *_scheduling(seen), *_jobs(seen), *_roles(seen), *_onsets(roots)], key=_when):
        kinds.setdefault(one["kind"], []).append(one)
    kept = [one for kind, some in kinds.items() for one in some[-(TASK_EVENTS if kind == "task_event" else OTHERS) :]]
    return tuple(sorted(kept, key=_when))


def event(at: float, kind: str, text: str, *, node: str | None = None, severity: str = "info") -> Event:
    """Return an event whose moment is known."""
    return {"at": at, "not_before": None, "node": node, "kind": kind, "text": text, "severity": severity}


def _when(one: Mapping[str, JSON]) -> float:
    return float(one["at"])


def _event_of(one: Observation) -> Event:
    kind = "check" if one.topic == "task_event" and tells_of_check(one.fields) else one.topic
    return event(one.at or 0.0, kind, one.quote, node=one.scope.get("node"), severity=_severity(one))


def _severity(one: Observation) -> str:
    bad = one.fields.get("type") in BAD_EVENTS or one.fields.get("failing") or one.topic == "evaluation" or one.fields.get("itself")
    return "warning" if bad else "info"


def _scheduling(seen: Observed) -> Iterator[Event]:
    yield from (_beginning(_event_of(one)) for one in seen.observations.of("deployment") if one.at is not None)
    yield from (_event_of(one) for one in seen.observations.of("evaluation") if one.at is not None)


def _beginning(event: Event) -> Event:
    """A deployment is dated by its beginning, while its status is the present one; the text says both."""
    name, _, status = str(event["text"]).partition(" is ")
    return {**event, "text": f"{name} begins; now it is {status}"}


def _jobs(seen: Observed) -> Iterator[Event]:
    """System and batch jobs have no deployments, so their submission is shown as one."""
    deployments = [row for _, row in seen.world.rows("nomad_deployments")]
    for job in seen.world.jobs.values():
        if job["submit_time"] and not any(_is_deployment_of(row, job) for row in deployments):
            yield event(job["submit_time"], "deployment", f"version {job['version']} of job {job['id']} is submitted")


def _is_deployment_of(deployment: Mapping[str, JSON], job: Mapping[str, JSON]) -> bool:
    """Nomad's list of a job's deployments does not name the job: match by version, groups and time."""
    groups = {group["name"] for group in job["groups"]} & {group["name"] for group in deployment["groups"]}
    begun = deployment["create_time"] or job["submit_time"]
    return bool(groups) and deployment["job_version"] == job["version"] and begun >= job["submit_time"] - TOGETHER


def _roles(seen: Observed) -> Iterator[Event]:
    ahead = {one.node: one.ahead for one in seen.world.instances}
    for change in role_changes(seen.logs):
        node = seen.world.node(change.node)
        severity = "warning" if change.lost else "info"
        yield event(change.at - ahead.get(node or "", 0.0), "primary", change.text, node=node, severity=severity)


def _onsets(roots: Iterable[Finding]) -> Iterator[Event]:
    """Return when the root causes began, as far as known."""
    for root in roots:
        if root.onset is not None:
            yield event(root.onset, "onset", f"onset of {root.code}: {root.title}", node=root.node, severity=str(root.severity))
