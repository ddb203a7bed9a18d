"""Root causes in words: the first of a code in full, further ones of the same code by what is their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.model import JSON
from collector.render.clean import on_one_line
from collector.render.impact import impact_in_words
from collector.render.units import age, clock, count

_SYMPTOMS = 4
"""So many symptoms are named under their cause; the rest is counted (all of them with -v)."""

_ALSO = 24
"""So many of those nodes are named; the rest is counted."""

_ALIKE = 3
"""So many root causes of one code are shown; the nodes of the others are named (all of them are shown with -v)."""


def causes_in_words(document: Mapping[str, JSON], *, verbose: int) -> list[JSON]:
    """Return the root causes to show, in their order, with everything in words and nothing in identifiers.

    `alike` is the number of an earlier cause of the same code whose detail and remedy hold here too (None: there is none); impact and
    commands are left out where they are the same there. `also`, on the last one shown of a code, names the nodes of those that are not.
    """
    known = {finding["id"]: finding for finding in [*document["findings"], *document["root_causes"]]}
    shown: dict[str, list[dict[str, JSON]]] = {}
    passed_over: dict[str, list[str]] = {}
    causes: list[JSON] = []
    for number, finding in enumerate(document["root_causes"], 1):
        of_code = shown.setdefault(finding["code"], [])
        if len(of_code) >= _ALIKE and not verbose:
            passed_over.setdefault(finding["code"], []).append(finding["node"] or "the cluster")
            continue
        of_code.append(_cause(number, finding, document, known, verbose))
        causes.append(_told_once(of_code[-1], of_code[0]))
        of_code[-1] = causes[-1]
    for code, names in passed_over.items():
        shown[code][-1]["also"] = names[:_ALSO] + ([f"{len(names) - _ALSO} more"] if len(names) > _ALSO else [])
    return causes


def only_named(document: Mapping[str, JSON], causes: Sequence[Mapping[str, JSON]]) -> frozenset[str]:
    """Return the nodes of which the causes to show have the name alone, because what they have is shown of other nodes."""
    return frozenset(root["node"] for root in document["root_causes"] if root["node"]) - {cause["node"] for cause in causes}


def _told_once(cause: dict[str, JSON], first: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return a cause without what the first one of its code says already."""
    if first is cause or any(cause[field] != first[field] for field in ("detail", "remedy")):
        return cause
    return {
        **cause,
        "alike": first["number"],
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
    """Return since when earlier runs know a finding that nothing dates; empty when they do not."""
    for row in (document["changes"] or {}).get("findings") or []:
        if row["runs"] > 1 and all(row[part] == finding[part] for part in ("code", "node", "service")):
            return f"first seen {clock(row['first_seen'])} ({age(row['first_seen'], document['now'])} ago, {count(row['runs'], 'run')})"
    return ""


def _command(command: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return a command to paste, on one line, and in words whether it changes anything."""
    changes = command["what"] != "read"
    return {"what": "changes" if changes else "read-only", "changes": changes, "command": on_one_line(command["command"])}


def _symptom(symptom: Mapping[str, JSON], cause: Mapping[str, JSON]) -> str:
    elsewhere = symptom["node"] and symptom["node"] != cause["node"] and symptom["node"] not in symptom["title"]
    return f"{symptom['node']}: {symptom['title']}" if elsewhere else str(symptom["title"])
