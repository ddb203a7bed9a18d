"""The table of nodes, and the details of each node for Diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from collector.model import JSON, RANK, Finding, NodeDetail, NodeRow, Result, Severity, natural
from collector.observe import Check, Observed, State
from collector.observe.world.instances import Instance

T = TypeVar("T")

WORST = ("critical", "warning", "passing")
EVENTS_SHOWN = 10


def rows(seen: Observed, findings: Iterable[Finding]) -> tuple[NodeRow, ...]:
    """Return one row per node, sorted by name."""
    severity: dict[str, Severity] = {}
    for finding in findings:
        if finding.node:
            severity[finding.node] = min(severity.get(finding.node, finding.severity), finding.severity, key=RANK.__getitem__)
    instances = _grouped(lambda one: one.node, seen.world.instances)
    states = _grouped(lambda state: state.node, seen.litefs.values())
    checks = _grouped(lambda check: check.node, seen.checks)
    return tuple(
        _row(
            seen,
            name,
            instances=instances.get(name, ()),
            states=states.get(name, ()),
            checks=checks.get(name, ()),
            severity=severity.get(name),
        )
        for name in sorted(seen.nodes, key=natural)
    )


def _worth_showing(one: Instance, states: Sequence[State]) -> tuple[bool, bool, int]:
    """Sort key for the one allocation that a row shows: an unhealthy one, else one with LiteFS, else the newest."""
    return one.restarting or not one.running, any(state.alloc == one.id for state in states), one.alloc["create_index"]


def _shown(instances: Sequence[Instance], states: Sequence[State]) -> tuple[Instance | None, State | None]:
    """Return the allocation to show and its LiteFS; if it has none, any other LiteFS on the node."""
    shown = max(instances, key=lambda one: _worth_showing(one, states), default=None)
    return shown, next((one for one in states if shown and one.alloc == shown.id), states[0] if states else None)


def _row(
    seen: Observed,
    name: str,
    *,
    instances: Sequence[Instance],
    states: Sequence[State],
    checks: Sequence[Check],
    severity: Severity | None,
) -> NodeRow:
    node = seen.nodes[name]
    fields = next(iter(seen.observations.of("node", node=name))).fields
    shown, state = _shown(instances, states)
    uptime, uptime_from = _uptime(shown, state)
    lag_from = _lag_rung(state)
    return NodeRow(
        name=name,
        address=node.address,
        consul=_consul(fields, checks),
        nomad=str(fields["nomad"]),
        eligibility=str(fields["eligibility"]),
        allocation=_allocation(shown),
        role=str(state.data["role"]) if state and state.data else ("unknown" if shown or state else "none"),
        uptime_seconds=uptime,
        lag_seconds=state.lag if state else None,
        databases=tuple(state.databases) if state else (),
        sources={name: rung for name, rung in (("uptime", uptime_from), ("lag", lag_from)) if rung},
        severity=severity,
        checks=tuple(_status(check) for check in checks),
        versions={
            "nomad": (node.nomad or {}).get("version") or None,
            "consul": (node.member or {}).get("version") or None,
            "litefs": (state.data or {}).get("version") if state else None,
        },
    )


def _consul(fields: Mapping[str, JSON], checks: Sequence[Check]) -> str:
    """Return the worst status among the node's checks and its agent's membership."""
    if fields["member"] == "absent" and not checks:
        return "absent"
    words = {str(check.row["status"]) for check in checks if check.text.source != "nomad"}
    if fields["member"] in {"failed", "left"}:
        words.add("critical")
    elif fields["member"] in {"alive", "leaving"}:
        words.add("passing")
    return next((word for word in WORST if word in words), "unknown")


def _allocation(shown: Instance | None) -> dict[str, JSON] | None:
    return None if shown is None else {"id": shown.id, "client_status": shown.status, "restarts": shown.alloc["restarts"]}


def _uptime(shown: Instance | None, state: State | None) -> tuple[float | None, str | None]:
    """Return uptime and source: LiteFS's own by its own clock, else the task's, measured by the node's clock, which stamps task events."""
    if state and state.data and state.data["uptime_seconds"] is not None:
        return state.data["uptime_seconds"], state.result.rung
    task = shown.tasks[0] if shown and shown.tasks and shown.running else None
    started = max((event["time"] for event in task["events"] if event["type"] == "Started"), default=task["started_at"]) if task else None
    return (max(0.0, shown.clock - started), "nomad") if shown and started else (None, None)


def _lag_rung(state: State | None) -> str | None:
    return state.result.rung if state and (state.lag is not None or state.behind is not None) else None


def details(seen: Observed, troubled: Iterable[str]) -> tuple[NodeDetail, ...]:
    """Return the details of each troubled node."""
    instances = _grouped(lambda one: one.node, seen.world.instances)
    states = _grouped(lambda state: state.node, seen.litefs.values())
    checks = _grouped(lambda check: check.node, (check for check in seen.checks if check.row["status"] != "passing"))
    logs = _grouped(lambda result: result.data["node"], (log.result for log in seen.logs if log.data["lines"]))
    found = []
    for name in troubled:
        shown, state = _shown(instances.get(name, ()), states.get(name, ()))
        found.append(
            NodeDetail(
                name,
                checks=tuple(map(_check, checks.get(name, ()))),
                logs=tuple(map(_log, logs.get(name, ()))),
                litefs=_litefs(state) if state else None,
                events=_events(seen, name, shown),
            )
        )
    return tuple(found)


def _grouped(node: Callable[[T], str], them: Iterable[T]) -> dict[str, list[T]]:
    """Group by node once, so that building each row needs no full scan."""
    found: dict[str, list[T]] = {}
    for one in them:
        found.setdefault(node(one), []).append(one)
    return found


def _events(seen: Observed, name: str, shown: Instance | None) -> tuple[dict[str, JSON], ...]:
    """Return the latest task events of a node, those of the allocation in its row first."""
    every = seen.observations.of("task_event", node=name)
    events = sorted(every, key=lambda one: (shown is None or one.scope["alloc"] != shown.id, -(one.at or 0.0)))
    return tuple(
        {
            "at": one.at,
            "task": one.scope.get("task", ""),
            "alloc": one.scope["alloc"],
            "type": one.fields["type"],
            "message": one.fields["message"],
        }
        for one in events[:EVENTS_SHOWN]
    )


def _status(check: Check) -> dict[str, JSON]:
    """Return a check's identity, its status, and the bounds of when that status began."""
    return {
        "id": check.row["check_id"],
        "name": check.row["name"],
        "service": check.row["service"],
        "status": check.row["status"],
        **check.began._asdict(),
    }


def _check(check: Check) -> dict[str, JSON]:
    return {
        **_status(check),
        "type": check.row["type"],
        "output": check.text.output,
        "output_source": check.text.words(check.node),
        "item": check.text.result.id,
    }


def _log(result: Result) -> dict[str, JSON]:
    data = result.data
    return {
        "alloc": data["alloc"],
        "task": data["task"],
        "stream": data["stream"],
        "lines": list(data["lines"][-max(1, data["wanted"]) :]),
        "wanted": data["wanted"],
        "source": f"{data['stream']} of allocation {data['alloc'][:8]}, task {data['task']}",
        "item": result.id,
    }


def _litefs(state: State) -> dict[str, JSON]:
    result, data = state.result, state.data or {}
    return {
        "role": data.get("role", "unknown"),
        "rung": result.rung,
        "uptime_seconds": data.get("uptime_seconds"),
        "lag_seconds": state.lag,
        "never_synced": state.never_synced,
        "behind": state.behind,
        "cluster_id": data.get("cluster_id"),
        "primary_hostname": data.get("primary_hostname"),
        "version": data.get("version"),
        "databases": list(state.databases),
        "notes": list(data.get("notes", ())),
        "status_command": data.get("status_command"),
        "attempts": [{"rung": a.rung, "status": str(a.status), "reason": a.reason} for a in result.attempts],
        "item": result.id,
    }
