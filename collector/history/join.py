"""Adds what earlier runs know to this run's report: since when checks have their status, and what changed when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from collector.history.compare import Outlook
from collector.history.facts import NONE, Fact, Moment
from collector.history.run import Run
from collector.model import JSON, Began, NodeDetail, NodeRow, Report

SOURCE = "earlier runs"
KINDS = {"nomad leader": "leader", "consul leader": "leader", "primary": "primary", "node status": "node", "eligibility": "node"}
"""The timeline's kind for each change; a check's is `check`."""

WORST = {
    "critical": "critical",
    "warning": "warning",
    "down": "warning",
    "disconnected": "warning",
    "ineligible": "warning",
    NONE: "warning",
}
"""The severity of a value; any other is informational."""

_Key = tuple[str | None, ...]


def joined(report: Report, outlook: Outlook) -> Report:
    """Return the report with its changes, more precise ages of its checks, and the changes of earlier runs in its timeline."""
    run = outlook.run
    facts = {_key(fact): fact for fact in run.facts if fact.reading.what == "check" and not fact.missed}
    events = [*report.timeline, *(_event(moment) for moment in run.moments)]
    return report._replace(
        changes=outlook.changes,
        nodes=tuple(_row(row, facts, run) for row in report.nodes),
        details=tuple(_detail(detail, facts, run) for detail in report.details),
        timeline=tuple(sorted(events, key=lambda event: event["at"] or 0.0)),
    )


def _key(fact: Fact) -> _Key:
    one = fact.reading
    return one.node, one.service, one.name, one.id


def _row(row: NodeRow, facts: Mapping[_Key, Fact], run: Run) -> NodeRow:
    return row._replace(checks=tuple(_aged(check, row.name, facts, run) for check in row.checks))


def _detail(detail: NodeDetail, facts: Mapping[_Key, Fact], run: Run) -> NodeDetail:
    return detail._replace(checks=tuple(_aged(check, detail.node, facts, run) for check in detail.checks))


def _aged(check: Mapping[str, JSON], node: str, facts: Mapping[_Key, Fact], run: Run) -> Mapping[str, JSON]:
    fact = facts.get((node, check["service"], check["name"], check["id"]))
    if fact is None:
        return check
    now = Began(*(check[name] for name in Began._fields))
    return {**check, **together(_by_runs(fact, run), now)._asdict()}


def _by_runs(fact: Fact, run: Run) -> Began:
    """Return the bounds known from earlier runs. This run's own sighting says nothing about when a status began."""
    lasting = fact.since if fact.since < run.started_at else None
    return Began(_seconds(lasting), _seconds(fact.not_before), SOURCE)


def together(runs: Began, now: Began) -> Began:
    """Return the narrowest bounds consistent with both.

    An earlier run identifies a check by name, while this run's conclusion is about one registration of it. So an earlier run that saw
    another status overrides the conclusion, and one that saw the same status extends it to before the registration.
    """
    sound = now.since is not None and (runs.not_before is None or now.since >= runs.not_before)
    since = min((moment for moment in (runs.since, now.since if sound else None) if moment is not None), default=None)
    earlier = [moment for moment in (runs.not_before, now.not_before) if moment is not None and (since is None or moment <= since)]
    not_before = max(earlier, default=None)
    known = {since, not_before} - {None}
    sources = [one.since_source for one in (runs, now) if one.since_source and known & {one.since, one.not_before}]
    return Began(since, not_before, "; ".join(sources) or now.since_source)


def _event(moment: Moment) -> dict[str, JSON]:
    one = moment.reading
    return {
        "at": _seconds(moment.at),
        "not_before": _seconds(moment.not_before),
        "node": one.node,
        "kind": KINDS.get(one.what, "check"),
        "text": f"{_subject(moment)} {moment.before} → {one.value}",
        "severity": WORST.get(one.value, "info"),
    }


def _subject(moment: Moment) -> str:
    one = moment.reading
    if one.what != "check":
        return one.what
    return f'check "{one.name}" of {one.service}' if one.service else f'check "{one.name}"'


def _seconds(moment: str | None) -> float | None:
    return None if moment is None else datetime.fromisoformat(moment).timestamp()
