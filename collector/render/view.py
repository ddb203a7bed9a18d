"""Converts a report document to words, ages and cells, still plain data, shared by all human-readable templates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from collector.model import JSON, count, name_of
from collector.render.causes import causes_in_words, only_named
from collector.render.changes import changes_in_words
from collector.render.diagnostics import diagnostics, fallbacks, left_out
from collector.render.machine import finding_counts, performance_data, suites
from collector.render.nodes import node_rows
from collector.render.timeline import timeline_picture
from collector.render.topology import topology
from collector.render.units import EPOCH, clock, duration, listing, on_the_day, seconds_between
from collector.text import on_one_line

_GAPS_LISTED = 12
_NAMED = 6
"""Maximum items of a gap named without -v."""
_APART = 3
"""Maximum reasons differing only in the address that are shown separately."""
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|\[[0-9a-fA-F:.]+\]:\d+")
_EACH = "each address"
"""Replaces the address in merged reasons."""


def view(document: Mapping[str, JSON], *, verbose: int, diff: bool = False) -> dict[str, JSON]:
    """Return the presentational fields of a report document; `diff` includes unchanged findings among the changes."""
    changes = changes_in_words(document, verbose=verbose or diff)
    causes = causes_in_words(document, verbose=verbose)
    alike = only_named(document, causes)
    diagnosed = diagnostics(document, verbose=verbose, without=alike)
    more = left_out(document, alike)
    return {
        "name": name_of(document),
        "title": on_one_line(document["headline"]),
        "started_seconds": seconds_between(EPOCH, document["started_at"]),
        "success_seconds": seconds_between(EPOCH, _last_success(document)),
        "facts": _facts(document) + ([changes["fact"]] if changes else []),
        "changes": changes,
        "first_run": diff and changes is None,
        "nodes": node_rows(document, verbose=verbose),
        "causes": causes,
        "others": _others(document, verbose),
        "diagnostics": diagnosed,
        "diagnostics_more": f"{count(more, 'more node')} with the same root causes" if more else "",
        "fallbacks": [] if diagnosed else fallbacks(document),
        "gaps": _gaps(document["coverage"]["gaps"], verbose),
        "timeline": [_event(event, document["now"]) for event in document["timeline"]],
        "spec_line": _spec_line(document),
        "redacted": sum(document["redactions"].values()),
        "topology": topology(document),
        "timeline_picture": timeline_picture(document),
        "suites": suites(document),
        "performance": performance_data(document),
        "counts": finding_counts(document["findings"]),
    }


def _last_success(document: Mapping[str, JSON]) -> str | None:
    """Return when the last kept run started that could give a verdict."""
    if document["verdict"] != "unknown":
        return str(document["started_at"])
    last: str | None = (document["changes"] or {}).get("last_success")
    return last


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


def _others(document: Mapping[str, JSON], verbose: int) -> list[JSON]:
    """Return the findings besides root causes: unexplained ones, and with -v the symptoms."""
    roots = {finding["id"] for finding in document["root_causes"]}
    return [finding for finding in document["findings"] if finding["id"] not in roots and (verbose or not finding["explained_by"])]


def _gaps(gaps: Sequence[Mapping[str, JSON]], verbose: int) -> dict[str, JSON]:
    """Return what was not collected: each reason with the names of its items.

    Without -v, reasons that differ only in the address are merged.
    """
    by_reason: dict[str, list[str]] = {}
    words = _reasons({gap["reason"] for gap in gaps}, verbose)
    for gap in gaps:
        by_reason.setdefault(words[gap["reason"]], []).append(_gap_name(gap))
    shown = [{"name": listing(names, len(names) if verbose else _NAMED), "reason": reason} for reason, names in by_reason.items()]
    kept = shown if verbose else shown[:_GAPS_LISTED]
    return {"shown": kept, "more": len(shown) - len(kept)}


def _reasons(reasons: Collection[str], verbose: int) -> dict[str, str]:
    """Return the text to show for each reason."""
    merged = {reason: _ADDRESS.sub(_EACH, reason) for reason in reasons}
    times = Counter(merged.values())
    return {reason: words if times[words] > _APART and not verbose else reason for reason, words in merged.items()}


def _gap_name(gap: Mapping[str, JSON]) -> str:
    redundant = gap["target"] == "cluster" or gap["target"] in gap["item"]
    return str(gap["item"]) if redundant else f"{gap['item']} of {gap['target']}"


def _event(event: Mapping[str, JSON], now: str) -> dict[str, JSON]:
    """Return an event with its time; one known only to lie between two runs says after which."""
    after = event.get("not_before")
    return {**event, "clock": on_the_day(event["at"], now), "after": f" (after {on_the_day(after, now)})" if after else ""}


def _spec_line(document: Mapping[str, JSON]) -> str:
    """Return which spec was used: name, file, the first twelve digits of its hash, commit."""
    file = document["spec_file"]
    parts = [
        document["spec"],
        file["path"],
        file["sha256"] and f"sha256 {file['sha256'][:12]}",
        file["commit"] and f"commit {file['commit'][:12]}",
    ]
    return ", ".join(part for part in parts if part)
