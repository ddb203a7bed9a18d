"""The table of nodes: its cells, which rows are shown, and a summary of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from collector.model import JSON, count
from collector.render.units import NOTHING, lasting, short

TABLE_LIMIT = 40
"""Larger clusters show unhealthy nodes and a summary of the others (all nodes with -v)."""

SCREEN = 12
"""A healthy cluster with more nodes than this is summarized on one line, so that the text fits a screen of 24 lines."""

MAILED = 5
"""Number of columns in a mail's table, those kept longest: a phone has no room for more."""

COLUMNS: tuple[dict[str, JSON], ...] = (
    {"title": "NODE", "least": 8, "right": False, "keep": 0, "about": "the node's name"},
    {"title": "CONSUL", "least": 8, "right": False, "keep": 1, "about": "the worst of the node's checks in Consul"},
    {"title": "NOMAD", "least": 6, "right": False, "keep": 2, "about": "the Nomad client's status, or that a check of Nomad's own fails"},
    {"title": "ALLOC", "least": 8, "right": False, "keep": 7, "about": "the allocation looked at"},
    {"title": "RESTARTS", "least": 8, "right": True, "keep": 6, "about": "restarts of the allocation's tasks"},
    {"title": "ROLE", "least": 7, "right": False, "keep": 3, "about": "LiteFS's role"},
    {"title": "UPTIME", "least": 6, "right": False, "keep": 8, "about": "how long LiteFS has been up"},
    {"title": "LAG", "least": 5, "right": False, "keep": 4, "about": "how far LiteFS is behind its primary"},
    {"title": "TXID", "least": 5, "right": False, "keep": 5, "about": "the last transaction of the database"},
)
"""`least` is a column's minimum width, `keep` its priority if not all columns fit."""

_CONSUL_SEVERITY = {"critical": "critical", "warning": "warning", "absent": "warning", "unknown": "unknown"}
_BEHIND = ("litefs.replica.lagging", "symptom.replica-behind")
"""Codes of findings about a lagging node; the first match counts."""
_NOMAD_SEVERITY = {"ready": None, "down": "critical", "disconnected": "critical", "initializing": "warning"}


def node_rows(document: Mapping[str, JSON], *, verbose: int) -> dict[str, JSON]:
    """Return the columns, the rows to show as cells, and a summary of the rest (empty if all are shown).

    `brief` summarizes all nodes for a text without a table: nothing is wrong, and there are more than `SCREEN`.
    """
    nodes, unseen, severities = document["nodes"], frozenset(document["coverage"]["unseen_nodes"]), _lag_severities(document)
    everyone = verbose or len(nodes) <= TABLE_LIMIT
    shown = [node for node in nodes if everyone or _severity(node, unseen)]
    rest = [] if everyone else [node for node in nodes if not _severity(node, unseen)]
    return {
        "caption": _caption(nodes, unseen, well=document["verdict"] == "ok"),
        "columns": [{**column, "mailed": column["keep"] < MAILED} for column in COLUMNS],
        "rows": [
            {"name": node["name"], "severity": _severity(node, unseen), "cells": _cells(node, document, severities)} for node in shown
        ],
        "rest": _rest(rest, others=bool(shown)) if rest else "",
        "brief": _rest(nodes, others=False) if document["verdict"] == "ok" and len(shown) > SCREEN and not verbose else "",
    }


def _severity(node: Mapping[str, JSON], unseen: Collection[str]) -> str | None:
    return str(node["severity"]) if node["severity"] else "unknown" if node["name"] in unseen else None


def _caption(nodes: Sequence[Mapping[str, JSON]], unseen: Collection[str], *, well: bool) -> str:
    """Summarize the nodes. A cluster-wide problem may be no node's; then no node is called unhealthy or healthy."""
    sick = sum(1 for node in nodes if node["severity"])
    state = f"{sick} not well" if sick else "all well" if well else "no fault seen on any"
    parts = [count(len(nodes), "node"), state, f"{len(unseen)} not seen" if unseen else ""]
    return ", ".join(part for part in parts if part)


def _cells(node: Mapping[str, JSON], document: Mapping[str, JSON], severities: Mapping[str, str]) -> list[JSON]:
    allocation = node["allocation"] or {}
    restarts = allocation.get("restarts")
    return [
        _cell(node["name"], node["severity"]),
        _consul(node, document["now"]),
        _nomad(node),
        _cell((allocation.get("id") or NOTHING)[:8]),
        _cell(NOTHING if restarts is None else str(restarts), "warning" if restarts and node["severity"] else None),
        _cell(node["role"] if node["role"] in ("primary", "replica") else NOTHING),
        _cell(short(node["uptime_seconds"])),
        _lag(node, document, severities),
        _transactions(node["databases"]),
    ]


def _cell(text: str, severity: str | None = None, note: str = "") -> dict[str, JSON]:
    """Return a cell; `note` is for outputs with room for it."""
    return {"text": text, "severity": severity, "note": note}


def _consul(node: Mapping[str, JSON], now: str) -> dict[str, JSON]:
    """Return the worst status of the node's checks; its note is how long the oldest check of that status has had it."""
    status, severity = node["consul"], _CONSUL_SEVERITY.get(node["consul"])
    same = (
        [check for check in node.get("checks", ()) if check["status"] == status and (check["since"] or check["not_before"])]
        if severity
        else []
    )
    oldest = min(same, key=lambda check: check["since"] or check["not_before"], default=None)
    note = lasting(oldest["since"], oldest["not_before"], now) if oldest else ""
    return _cell(status.upper() if severity == "critical" else status, severity, note)


def _nomad(node: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the client's status; for a ready one, rather that one of its own checks fails, or that it accepts no work."""
    if node["nomad"] == "ready" and node["consul"] != "critical" and any(check["status"] == "critical" for check in node.get("checks", ())):
        return _cell("CRITICAL", "critical", "a check that Nomad itself makes is critical")
    if node["nomad"] == "ready" and node["eligibility"] == "ineligible":
        return _cell("ineligible", "warning")
    return _cell(node["nomad"], _NOMAD_SEVERITY.get(node["nomad"], "unknown"))


def _lag(node: Mapping[str, JSON], document: Mapping[str, JSON], severities: Mapping[str, str]) -> dict[str, JSON]:
    """Return the lag: a question mark for a replica whose lag is unknown, none for a primary."""
    unknown = "?" if node["role"] == "replica" else NOTHING
    return _cell(
        unknown if node["lag_seconds"] is None else short(node["lag_seconds"]), _lateness(node, document, severities.get(node["name"]))
    )


def lateness(node: Mapping[str, JSON], document: Mapping[str, JSON]) -> str | None:
    """Return the severity of the node's lag, by the run's thresholds or a finding; None if it is not behind."""
    return _lateness(node, document, _lag_severities(document).get(node["name"]))


def _lag_severities(document: Mapping[str, JSON]) -> dict[str, str]:
    """Return the severity of findings about a lagging node, by node; computed once for all rows."""
    rows = [finding for code in reversed(_BEHIND) for finding in document["findings"] if finding["code"] == code]
    return {finding["node"]: str(finding["severity"]) for finding in rows}


def _lateness(node: Mapping[str, JSON], document: Mapping[str, JSON], by_finding: str | None) -> str | None:
    thresholds = document["cluster"].get("thresholds") or {}
    lag = node["lag_seconds"] or 0.0
    if lag >= thresholds.get("lag_critical", float("inf")):
        return "critical"
    return by_finding or ("warning" if lag >= thresholds.get("lag_warning", float("inf")) else None)


def _transactions(databases: Sequence[Mapping[str, JSON]]) -> dict[str, JSON]:
    """Return each database's position and the number of transactions it is behind: `36`, `34 (-2)`, `36/7`."""
    positions = [f"{database['txid']}" + (f" (-{database['behind']})" if database.get("behind") else "") for database in databases]
    return _cell("/".join(positions) or NOTHING)


def _rest(nodes: Sequence[Mapping[str, JSON]], *, others: bool) -> str:
    """Summarize the nodes without a row: `294 more nodes: consul 294 passing; nomad 294 ready; 293 replica, 1 primary`."""
    tally = "; ".join(f"{name} {_tally(node[name] for node in nodes)}" for name in ("consul", "nomad", "role"))
    return f"{count(len(nodes), 'more node' if others else 'node')}: {tally} (all with -v)"


def _tally(values: Iterable[str]) -> str:
    return ", ".join(f"{number} {value}" for value, number in Counter(values).most_common())
