"""Details of each unhealthy node: its checks, the end of its logs, and LiteFS's state, each with its source; and fallback rungs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from collector.model import JSON, count
from collector.render.folding import folded
from collector.render.units import NOTHING, between, duration, lasting, on_the_day

_WANTED = 20
"""Default number of log lines shown."""

_EVENTS = 5

_TONES = {"passing": "ok", "success": "ok", "warning": "warning", "critical": "critical", "failure": "critical"}
"""Colours of check states of Consul and Nomad."""

_AGELESS = ", since when is not known"
_STATELESS = f"{_AGELESS} without --state"
"""For a check of unknown age; earlier runs would help, if they were kept."""

_EXCERPT = 1000
"""Maximum characters of a log line or a check's output without -v."""


def diagnostics(document: Mapping[str, JSON], *, verbose: int, without: Collection[str] = ()) -> list[JSON]:
    """Return a block for each node with details in the report, except those in `without`; none if all is well (unless -v)."""
    if document["verdict"] == "ok" and not verbose:
        return []
    ageless = _STATELESS if document["changes"] is None else _AGELESS
    return [
        _block(detail, document["now"], ageless, verbose)
        for detail in document["details"]
        if _says_anything(detail) and detail["node"] not in without
    ]


def fallbacks(document: Mapping[str, JSON]) -> list[str]:
    """Return one line per task and successful fallback rung, with the reasons of the failed rungs for its first item.

    For a healthy report, which has no details that would show it.
    """
    reasons: dict[tuple[str, str], list[str]] = {}
    for item in document["items"]:
        failed = [f"{attempt['rung']}: {attempt['reason']}" for attempt in item["attempts"] if attempt["status"] != "ok"]
        if item["status"] == "ok" and failed:
            reasons.setdefault((item["task"], item["rung"]), []).append("; ".join(failed))
    return [f"{task}: read by {rung} ({count(len(items), 'item')}), not by {items[0]}" for (task, rung), items in reasons.items()]


def left_out(document: Mapping[str, JSON], without: Collection[str]) -> int:
    """Return how many nodes in `without` have details in the report."""
    return sum(_says_anything(detail) and detail["node"] in without for detail in document["details"])


def _says_anything(detail: Mapping[str, JSON]) -> bool:
    """True if there is more to show than the node's name: nothing runs on a drained node."""
    return any(detail[part] for part in ("checks", "logs", "litefs", "events"))


def _block(detail: Mapping[str, JSON], now: str, ageless: str, verbose: int) -> dict[str, JSON]:
    return {
        "node": detail["node"],
        "checks": [_check(check, now, ageless, verbose) for check in detail["checks"]],
        "logs": [_log(log, verbose) for log in detail["logs"]],
        "litefs": _litefs(detail["litefs"]) if detail["litefs"] else None,
        "events": _events(detail["events"], now, verbose),
    }


def _events(events: Sequence[Mapping[str, JSON]], now: str, verbose: int) -> list[JSON]:
    """Return the last task events, oldest first; all events in the report with -v."""
    in_order = sorted(events, key=lambda event: event.get("at") or "")
    shown = in_order if verbose else in_order[-_EVENTS:]
    return [{**event, "clock": on_the_day(event.get("at"), now), "message": event.get("message") or ""} for event in shown]


def _check(check: Mapping[str, JSON], now: str, ageless: str, verbose: int) -> dict[str, JSON]:
    """Return a check's title with status and age, its output, and the output's source."""
    since, not_before = check.get("since"), check.get("not_before")
    service = check.get("service")
    of_service = f" of {service}" if service and service not in check["name"] else ""
    lasted = lasting(since, not_before, now)
    return {
        "title": f'check "{check["name"]}"{of_service}',
        "status": check["status"],
        "tone": _TONES.get(check["status"], "unknown"),
        "for": f" {lasted}" if lasted else ageless,
        "since": _dated(between(since, not_before), check.get("since_source")),
        "source": check.get("output_source") or "",
        "output": _excerpt((check.get("output") or "").strip() or "(no output)", verbose),
    }


def _dated(moments: str, source: str | None) -> str:
    """Return the clock time at which it began, and how that is known."""
    return f"{moments} ({source})" if moments and source else moments or source or ""


def _log(log: Mapping[str, JSON], verbose: int) -> dict[str, JSON]:
    """Return the end of a log: a title, its lines, and these with repeats folded (not with -v)."""
    wanted = log.get("wanted") or _WANTED
    lines = log["lines"][-wanted:]
    extent = f"last {count(len(lines), 'line')}" if len(lines) == wanted else f"all {count(len(lines), 'line')}"
    return {
        "title": f"{log['stream']} of allocation {log['alloc'][:8]}, task {log['task']}, {extent if lines else 'nothing written'}",
        "lines": [_excerpt(line, verbose) for line in lines],
        "folded": [_excerpt(line, verbose) for line in (lines if verbose else folded(lines))],
    }


def _excerpt(text: str, verbose: int) -> str:
    """Return the start of an overlong text, and how much is omitted; all of it with -v."""
    if verbose or len(text) <= _EXCERPT:
        return text
    return f"{text[:_EXCERPT]}… ({len(text) - _EXCERPT} characters more with -v)"


def _litefs(state: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return LiteFS's state on one line, the rung that answered, its notes, and why earlier rungs failed."""
    facts = [
        _role(state.get("role")),
        state.get("version") and f"version {state['version']}",
        _known("up", state.get("uptime_seconds")),
        _known("lag", state.get("lag_seconds")),
        state.get("primary_hostname") and f"its primary: {state['primary_hostname']}",
        *(_position(database) for database in state.get("databases") or []),
    ]
    rung = state.get("rung")
    failed = [f"{attempt['rung']}: {attempt['reason']}" for attempt in state.get("attempts") or [] if attempt["status"] != "ok"]
    return {
        "text": ", ".join(str(fact) for fact in facts if fact),
        "rung": f"read by {rung}" if rung else "it gave no answer",
        "notes": [*(state.get("notes") or []), *(failed if rung else [])],
    }


def _role(role: str | None) -> str:
    return role if role in ("primary", "replica") else f"role {role or 'unknown'}"


def _known(name: str, seconds: float | None) -> str | None:
    return None if seconds is None else f"{name} {duration(seconds)}"


def _position(database: Mapping[str, JSON]) -> str:
    checksum = database.get("checksum")
    behind = database.get("behind")
    return (
        f"{database['name']} at {database.get('txid', NOTHING)}"
        + (f"/{checksum}" if checksum else "")
        + (f" ({behind} behind)" if behind else "")
    )
