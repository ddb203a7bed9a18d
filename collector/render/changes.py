"""What changed since the run before (docs/history.md), in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from collector.model import JSON
from collector.render.units import NOTHING, age, clock, count, time_of_day

_QUIET = frozenset({"unchanged", "unseen"})
"""States that are no news: counted, and listed with -v."""


def changes_in_words(document: Mapping[str, JSON], *, verbose: int) -> dict[str, JSON] | None:
    """Return the changes as {since, fact, findings, cluster, spark}; None when there is no earlier run to compare with."""
    changes = document["changes"]
    if not changes or not changes.get("since"):
        return None
    findings = changes.get("findings") or []
    return {
        "since": f"{clock(changes['since'])} ({age(changes['since'], document['now'])} ago)",
        "fact": _fact(changes),
        "findings": [_finding(row, document["now"]) for row in findings if verbose or row["state"] not in _QUIET],
        "cluster": [_cluster_change(change) for change in changes.get("cluster") or []],
        "spark": _sparks(document, changes.get("spark") or {}, verbose),
    }


def _fact(changes: Mapping[str, JSON]) -> str:
    """Return the changes in a few words: `since 05:23:41: 1 new, 2 unchanged, 3 changes in the cluster`."""
    tally = [f"{number} {state}" for state, number in Counter(row["state"] for row in changes.get("findings") or []).items()]
    if cluster := changes.get("cluster"):
        tally.append(f"{count(len(cluster), 'change')} in the cluster")
    return f"since {time_of_day(changes['since'])}: {', '.join(tally) or 'no change'}"


def _finding(row: Mapping[str, JSON], now: str) -> dict[str, JSON]:
    seen = f"first seen {age(row['first_seen'], now)} ago, {count(row['runs'], 'run')}"
    where = f" on {row['node']}" if row["node"] else ""
    return {"state": row["state"], "severity": row["severity"], "text": f"{row['code']}{where}: {row['title']} ({seen})"}


def _cluster_change(change: Mapping[str, JSON]) -> str:
    where = f"{change['node']}: " if change.get("node") else ""
    return f"{where}{change['what']} {_value(change.get('from'))} → {_value(change.get('to'))}"


def _value(value: JSON) -> str:
    return NOTHING if value is None else str(value)


def _sparks(document: Mapping[str, JSON], sparks: Mapping[str, JSON], verbose: int) -> list[JSON]:
    """Return the history of the nodes that are not well (of all with -v)."""
    shown = [node["name"] for node in document["nodes"] if node["name"] in sparks and (verbose or node["severity"])]
    return [{"node": name, **sparks[name]} for name in shown]
