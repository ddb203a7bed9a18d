"""Root causes in words: the first of a code in full, further ones by their differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from collector.model import JSON, count, natural
from collector.render.alike import Statement, statement
from collector.render.impact import impact_in_words
from collector.render.units import age, clock
from collector.text import on_one_line

_SYMPTOMS = 4
"""Maximum symptoms named under their cause; others are counted (none with -v)."""

_ALSO = 24
"""Maximum nodes of omitted causes named; others are counted."""

_ALIKE = 3
"""Maximum root causes of one code shown; of the others only the nodes are named (all are shown with -v)."""


def causes_in_words(document: Mapping[str, JSON], *, verbose: int) -> list[JSON]:
    """Return the root causes to show, in order, with all texts in words instead of identifiers.

    Causes that say the same about several nodes are merged, with the nodes in `where`. `alike` is the number of an earlier cause of the
    same code with the same detail and remedy (None: there is none); impact and commands are omitted if equal. `also`, on a code's last
    cause shown, names the nodes of those omitted.
    """
    known = {finding["id"]: finding for finding in [*document["findings"], *document["root_causes"]]}
    addresses = {node["name"]: node["address"] for node in document["nodes"]}
    groups: dict[str, list[_Shown]] = {}
    shown: list[_Shown] = []
    for finding in document["root_causes"]:
        of_code = groups.setdefault(finding["code"], [])
        if not verbose and sum(len(one.nodes) for one in of_code) >= _ALIKE:
            of_code[-1].others.append(finding["node"] or "the cluster")
            continue
        cause = _cause(len(shown) + 1, finding, document, known, verbose)
        words = statement(cause, [known[name] for name in finding["explains"] if name in known], addresses.get(finding["node"]))
        same = next((one for one in of_code if one.statement.covers(words)), None) if finding["node"] and not verbose else None
        if same:
            same.nodes.append(finding["node"])
            continue
        of_code.append(_Shown(cause if not of_code else _without_repeats(cause, of_code[0].cause), words, [cause["where"]], []))
        shown.append(of_code[-1])
    return [_named(one) for one in shown]


class _Shown(NamedTuple):
    """A cause to show, its nodes, and the nodes of omitted causes of its code."""

    cause: dict[str, JSON]
    statement: Statement
    nodes: list[str]
    others: list[str]


def _named(one: _Shown) -> dict[str, JSON]:
    also = one.others[:_ALSO] + ([f"{len(one.others) - _ALSO} more"] if len(one.others) > _ALSO else [])
    return {**one.cause, "where": ", ".join(sorted(one.nodes, key=natural)), "also": also}


def only_named(document: Mapping[str, JSON], causes: Sequence[Mapping[str, JSON]]) -> frozenset[str]:
    """Return the nodes that the causes shown only name, because the same problem is shown for another node."""
    named: dict[str, list[str]] = {}
    for root in document["root_causes"]:
        named.setdefault(root["code"], []).append(root["node"])
    first = {node for nodes in named.values() for node in nodes[:_ALIKE]}
    return frozenset(root["node"] for root in document["root_causes"] if root["node"]) - first - {cause["node"] for cause in causes}


def _without_repeats(cause: dict[str, JSON], first: Mapping[str, JSON]) -> dict[str, JSON]:
    """Remove from a cause what the first one of its code already says."""
    if any(cause[field] != first[field] for field in ("detail", "remedy")):
        return cause
    return {
        **cause,
        "alike": first["number"] if any(first[field] for field in ("detail", "remedy", "commands")) else None,
        "impact_text": "" if cause["impact_text"] == first["impact_text"] else cause["impact_text"],
        "commands": [] if cause["commands"] == first["commands"] else cause["commands"],
    }


def _cause(
    number: int, finding: Mapping[str, JSON], document: Mapping[str, JSON], known: Mapping[str, Mapping[str, JSON]], verbose: int
) -> dict[str, JSON]:
    explained = [known[name] for name in finding["explains"] if name in known]
    shown = explained if verbose else explained[:_SYMPTOMS]
    more = [f"and {len(explained) - len(shown)} more"] if len(shown) < len(explained) else []
    return {
        **finding,
        "number": number,
        "where": finding["node"] or "the cluster",
        "said": finding["title"] in document["headline"],
        "title_line": on_one_line(finding["title"]),
        "since_clock": clock(finding["since"]),
        "age": age(finding["since"], document["now"]),
        "first_seen": "" if finding["since"] else _first_seen(finding, document),
        "explained": [_symptom(symptom, finding) for symptom in shown] + more,
        "commands": [_command(command) for command in finding["commands"]],
        "impact_text": impact_in_words(finding["impact"]),
        "alike": None,
        "also": [],
    }


def _first_seen(finding: Mapping[str, JSON], document: Mapping[str, JSON]) -> str:
    """Return when earlier runs first saw a finding without onset; empty if they did not."""
    for row in (document["changes"] or {}).get("findings") or []:
        if row["runs"] > 1 and all(row[part] == finding[part] for part in ("code", "node", "service")):
            return f"first seen {clock(row['first_seen'])} ({age(row['first_seen'], document['now'])} ago, {count(row['runs'], 'run')})"
    return ""


def _command(command: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return a command on one line, and in words whether it changes anything."""
    changes = command["what"] != "read"
    return {"what": "changes" if changes else "read-only", "changes": changes, "command": on_one_line(command["command"])}


def _symptom(symptom: Mapping[str, JSON], cause: Mapping[str, JSON]) -> str:
    elsewhere = symptom["node"] and symptom["node"] != cause["node"] and symptom["node"] not in symptom["title"]
    return f"{symptom['node']}: {symptom['title']}" if elsewhere else str(symptom["title"])
