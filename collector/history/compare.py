"""Compares this run with the previous one: the changes that every output shows, and whether they are worth a mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from collector.history.cluster import check_changes, cluster_changes
from collector.history.facts import follow_facts, readings, remember
from collector.history.run import Run, run_of
from collector.history.spark import extend, sparklines
from collector.history.tracks import Transition, follow, is_news, remembered
from collector.model import JSON, RANK

ORDER = ("new", "worse", "flapping", "unchanged", "better", "unseen", "resolved")
"""The states of findings in the order of listing."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """The result of a comparison: the run to keep, and the changes to show (docs/history.md)."""

    run: Run
    changes: dict[str, JSON]


def compare(old: Mapping[str, JSON], new: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the changes between two report documents; both must fit schemas/report.schema.json."""
    before = outlook(None, old).run
    return outlook(before, new).changes


def outlook(before: Run | None, document: Mapping[str, JSON]) -> Outlook:
    """Return the run to keep, with tracks and facts carried on from `before` (None: no earlier run is kept), and the changes since then."""
    run = run_of(document)
    transitions = follow(before.tracks if before else {}, run)
    facts, moments = follow_facts(before.facts if before else (), readings(document), run.started_at, _ended(document))
    run = replace(
        run,
        tracks=remembered(transitions),
        series=extend(before.series if before else {}, run.nodes),
        facts=facts,
        moments=remember(before.moments if before else (), moments),
        last_success=_last_success(before, run),
    )
    changes: dict[str, JSON] = {
        "since": before.started_at if before else None,
        "verdict": {"from": before.verdict if before else None, "to": run.verdict},
        "findings": _findings(transitions),
        "cluster": [*cluster_changes(before, run), *check_changes(moments)] if before else [],
        "spark": sparklines(run.series),
        "mail_worthy": _mail_worthy(before, run, transitions),
        "last_success": run.last_success,
    }
    return Outlook(run, changes)


def _last_success(before: Run | None, run: Run) -> str | None:
    """Return when the last run started that could give a verdict; runs of earlier versions only know about themselves."""
    if run.verdict != "unknown" or before is None:
        return run.started_at if run.verdict != "unknown" else None
    return before.last_success or (before.started_at if before.verdict != "unknown" else None)


def _ended(document: Mapping[str, JSON]) -> str:
    """Return when the run finished collecting (RFC 3339)."""
    began: str = document["started_at"]
    try:
        ended = datetime.fromisoformat(began) + timedelta(seconds=document["duration_seconds"])
    except OverflowError:  # a report from elsewhere with an impossible duration
        return began
    return ended.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _mail_worthy(before: Run | None, run: Run, transitions: Mapping[str, Transition]) -> bool:
    """True for a new or changed finding, another verdict, a first run with findings, or a mail that failed last time."""
    if before is None:
        return run.verdict != "ok"
    flapping = any(transition.state == "flapping" for transition in transitions.values())
    turned = before.verdict != run.verdict and not flapping
    return before.owed or turned or any(is_news(transition) for transition in transitions.values())


def _findings(transitions: Mapping[str, Transition]) -> list[dict[str, JSON]]:
    """Return one row per finding that has a state, news first, then by severity."""
    rows = [_row(key, transition) for key, transition in transitions.items() if transition.state]
    return sorted(rows, key=_place)


def _place(row: Mapping[str, JSON]) -> tuple[int, bool, int, str, str]:
    return ORDER.index(row["state"]), not row["root"], RANK[row["severity"]], row["code"], row["node"] or ""


def _row(key: str, transition: Transition) -> dict[str, JSON]:
    sighting = transition.new.sighting
    return {
        "state": transition.state,
        "fingerprint": key,
        "code": sighting.code,
        "severity": sighting.severity,
        "node": sighting.node,
        "service": sighting.service,
        "title": sighting.title,
        "root": sighting.root,
        "first_seen": transition.new.first_seen,
        "runs": transition.new.runs,
    }
