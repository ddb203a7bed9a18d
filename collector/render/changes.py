"""The changes since the previous run (docs/history.md) in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from collector.model import JSON, count
from collector.render.units import NOTHING, age, clock, time_of_day

_QUIET = frozenset({"unchanged", "unseen"})
"""States that are not news: counted, and the worst root causes listed with their age (all findings with -v)."""

_LASTING = 3
"""Maximum root causes listed that are not news."""

_NAMED = 3
"""Changes shared by more nodes than this are merged."""


def changes_in_words(document: Mapping[str, JSON], *, verbose: int) -> dict[str, JSON] | None:
    """Return the changes as {since, fact, findings, cluster, spark}; None without an earlier run."""
    changes = document["changes"]
    if not changes or not changes.get("since"):
        return None
    findings = changes.get("findings") or []
    return {
        "since": f"{clock(changes['since'])} ({age(changes['since'], document['now'])} ago)",
        "fact": _fact(changes),
        "findings": [_finding(row, document["now"]) for row in _shown(findings, verbose)],
        "cluster": _cluster_changes(changes.get("cluster") or [], verbose),
        "spark": _sparks(document, changes.get("spark") or {}, verbose),
    }


def _shown(findings: Sequence[Mapping[str, JSON]], verbose: int) -> list[Mapping[str, JSON]]:
    """Return the findings to list: news, and lasting ones with their age."""
    lasting = [row for row in findings if row["state"] in _QUIET and row["root"]][:_LASTING]
    return [row for row in findings if verbose or row["state"] not in _QUIET or row in lasting]


def _fact(changes: Mapping[str, JSON]) -> str:
    """Summarize the changes: `since 05:23:41: 1 new, 2 unchanged, 3 changes in the cluster`."""
    tally = [f"{number} {state}" for state, number in Counter(row["state"] for row in changes.get("findings") or []).items()]
    if cluster := changes.get("cluster"):
        tally.append(f"{count(len(cluster), 'change')} in the cluster")
    return f"since {time_of_day(changes['since'])}: {', '.join(tally) or 'no change'}"


def _finding(row: Mapping[str, JSON], now: str) -> dict[str, JSON]:
    """Return a finding with its age, omitted if this run saw it first."""
    seen = f" (first seen {age(row['first_seen'], now)} ago, {count(row['runs'], 'run')})" if row["state"] != "new" else ""
    where = f" on {row['node']}" if row["node"] else ""
    return {"state": row["state"], "severity": row["severity"], "text": f"{row['code']}{where}: {row['title']}{seen}"}


def _cluster_changes(changes: Sequence[Mapping[str, JSON]], verbose: int) -> list[str]:
    """Return the cluster's changes in words; equal changes of many nodes are merged (unless -v)."""
    nodes: dict[str, list[str | None]] = {}
    for change in changes:
        nodes.setdefault(_cluster_change(change), []).append(change.get("node"))
    return [line for text, some in nodes.items() for line in _node_lines(text, some, verbose)]


def _node_lines(text: str, nodes: Sequence[str | None], verbose: int) -> list[str]:
    if len(nodes) > _NAMED and not verbose:
        named = ", ".join(str(node) for node in nodes[:_NAMED])
        return [f"{count(len(nodes), 'node')} ({named}, …): {text}"]
    return [f"{node}: {text}" if node else text for node in nodes]


def _cluster_change(change: Mapping[str, JSON]) -> str:
    name, service = change.get("name"), change.get("service")
    what = f'{change["what"]} "{name}"' if name else change["what"]
    of_service = f" of {service}" if service and service not in str(name) else ""
    return f"{what}{of_service} {_value(change.get('from'))} → {_value(change.get('to'))}"


def _value(value: JSON) -> str:
    return NOTHING if value is None else str(value)


def _sparks(document: Mapping[str, JSON], sparks: Mapping[str, JSON], verbose: int) -> list[JSON]:
    """Return the history of unhealthy nodes (all nodes with -v)."""
    shown = [node["name"] for node in document["nodes"] if node["name"] in sparks and (verbose or node["severity"])]
    return [{"node": name, **sparks[name]} for name in shown]
