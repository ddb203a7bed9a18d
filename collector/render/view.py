"""Report document to what a reader is shown: words, ages and cells, still plain data, shared by every template made for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.model import JSON
from collector.render.changes import changes_in_words
from collector.render.clean import on_one_line
from collector.render.diagnostics import diagnostics
from collector.render.impact import impact_in_words
from collector.render.machine import finding_counts, performance_data, suites
from collector.render.nodes import node_rows
from collector.render.timeline import timeline_picture
from collector.render.topology import topology
from collector.render.units import EPOCH, age, clock, count, duration, seconds_between, time_of_day

_LISTED = 4
"""So many symptoms are named under their cause; the rest is counted (all of them with -v)."""

_GAPS_LISTED = 12


def view(document: Mapping[str, JSON], *, verbose: int) -> dict[str, JSON]:
    """Return the presentational fields of a report document."""
    titles = {finding["id"]: finding for finding in [*document["findings"], *document["root_causes"]]}
    causes = [_cause(number, finding, document, titles, verbose) for number, finding in enumerate(document["root_causes"], 1)]
    changes = changes_in_words(document, verbose=verbose)
    return {
        "title": on_one_line(document["headline"]),
        "started_seconds": seconds_between(EPOCH, document["started_at"]),
        "facts": _facts(document) + ([changes["fact"]] if changes else []),
        "changes": changes,
        "nodes": node_rows(document["nodes"], document["coverage"]["unseen_nodes"], verbose=verbose),
        "causes": causes,
        "others": _others(document, verbose),
        "diagnostics": diagnostics(document, verbose=verbose),
        "gaps": _gaps(document["coverage"]["gaps"], verbose),
        "timeline": [_event(event) for event in document["timeline"]],
        "spec_line": _spec_line(document),
        "redacted": sum(document["redactions"].values()),
        "topology": topology(document),
        "timeline_picture": timeline_picture(document),
        "suites": suites(document),
        "performance": performance_data(document),
        "counts": finding_counts(document["findings"]),
    }


def _facts(document: Mapping[str, JSON]) -> list[str]:
    coverage = document["coverage"]
    facts = [
        clock(document["started_at"]),
        f"{coverage['collected']} of {coverage['planned']} items",
        duration(document["duration_seconds"]),
    ]
    if unseen := coverage["unseen_nodes"]:
        everyone = {node["name"] for node in document["nodes"]} | set(unseen)
        facts.append(f"{len(unseen)} of {count(len(everyone), 'node')} unseen")
    return facts


def _cause(
    number: int, finding: Mapping[str, JSON], document: Mapping[str, JSON], titles: Mapping[str, Mapping[str, JSON]], verbose: int
) -> dict[str, JSON]:
    """Return one root cause: everything in words, nothing in identifiers."""
    explained = [titles[name] for name in finding["explains"] if name in titles]
    shown = explained if verbose else explained[:_LISTED]
    more = [f"and {len(explained) - len(shown)} more"] if len(shown) < len(explained) else []
    return {
        **finding,
        "number": number,
        "where": finding["node"] or "the cluster",
        "said": finding["title"] in document["headline"],
        "title_line": on_one_line(finding["title"]),
        "since_clock": clock(finding["since"]),
        "age": age(finding["since"], document["now"]),
        "explained": [_symptom(symptom, finding) for symptom in shown] + more,
        "commands": [_command(command) for command in finding["commands"]],
        "impact_text": impact_in_words(finding["impact"]),
    }


def _command(command: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return a command to paste, on one line, and in words whether it changes anything."""
    changes = command["what"] != "read"
    return {"what": "changes" if changes else "read-only", "changes": changes, "command": on_one_line(command["command"])}


def _symptom(symptom: Mapping[str, JSON], cause: Mapping[str, JSON]) -> str:
    elsewhere = symptom["node"] and symptom["node"] != cause["node"] and symptom["node"] not in symptom["title"]
    return f"{symptom['node']}: {symptom['title']}" if elsewhere else str(symptom["title"])


def _others(document: Mapping[str, JSON], verbose: int) -> list[JSON]:
    """Return findings beside the root causes: those that nothing explains, and with -v the symptoms too."""
    roots = {finding["id"] for finding in document["root_causes"]}
    return [finding for finding in document["findings"] if finding["id"] not in roots and (verbose or not finding["explained_by"])]


def _gaps(gaps: Sequence[Mapping[str, JSON]], verbose: int) -> dict[str, JSON]:
    """Return what was not collected: each gap with a name that says of what it is a part."""
    shown = gaps if verbose else gaps[:_GAPS_LISTED]
    named = [{**gap, "name": gap["item"] if gap["target"] in gap["item"] else f"{gap['item']} of {gap['target']}"} for gap in shown]
    return {"shown": named, "more": len(gaps) - len(shown)}


def _event(event: Mapping[str, JSON]) -> dict[str, JSON]:
    return {**event, "clock": time_of_day(event["at"])}


def _spec_line(document: Mapping[str, JSON]) -> str:
    """Return which spec the report followed: name, file, the first twelve digits of its content's hash, commit."""
    file = document["spec_file"]
    parts = [
        document["spec"],
        file["path"],
        file["sha256"] and f"sha256 {file['sha256'][:12]}",
        file["commit"] and f"commit {file['commit'][:12]}",
    ]
    return ", ".join(part for part in parts if part)
