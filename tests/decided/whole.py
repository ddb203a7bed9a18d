"""Compares the rest of a report, as in `-o json`, with a case's decisions.

Further keys of a case: `rows` (node -> fields; `behind` is database -> transactions), `unseen` and `gaps_say` (words in the gaps; an empty
list: there are none), `under` (root, CODE@NODE -> words that a finding below it, or it itself, must quote, and no other root's), `quotes`
and `remedy` (words in the first root's evidence and remedy; in a nested list any of them). `called` renames things as in another cluster:
within texts (node names, addresses, ports, versions), `exactly` for whole values (a task's name, a driver).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any

from collector.model import Report
from collector.render.document import report_document

Data = Any
PORTS = frozenset({"port", "static", "to", "litefs_port"})
ANSWER = ("rows", "unseen", "gaps_say", "under", "quotes", "remedy", "called", "exactly")


class Whole:
    """A report document, and its differences from the decision by part."""

    def __init__(self, report: Report) -> None:
        self.document = report_document(report)
        self.findings = {one["id"]: one for one in [*self.document["root_causes"], *self.document["findings"]]}

    def differences(self, case: Mapping[str, Data]) -> dict[str, list[str]]:
        """Return part of the report -> what differs."""
        return {
            "rows": [*self._rows(case.get("rows", {})), *self._coverage(case)],
            "links": [*self._links(case.get("under", {})), *self._loose()],
            "evidence": self._evidence(case),
        }

    def _rows(self, decided: Mapping[str, Mapping[str, Data]]) -> Iterator[str]:
        rows = {row["name"]: row for row in self.document["nodes"]}
        for name, fields in decided.items():
            if name not in rows:
                yield f"there is no row of {name}"
                continue
            shown = _shown(rows[name])
            for field, value in fields.items():
                if not (shown[field] in value if isinstance(value, list) else shown[field] == value):
                    yield f"{name}: {field} is {shown[field]!r}, not {value!r}"

    def _coverage(self, case: Mapping[str, Data]) -> Iterator[str]:
        coverage = self.document["coverage"]
        if "unseen" in case and sorted(case["unseen"]) != sorted(coverage["unseen_nodes"]):
            yield f"unseen are {coverage['unseen_nodes']}, not {case['unseen']}"
        if "gaps_say" in case:
            told = [f"{gap['item']} {gap['target']} {gap['reason']}" for gap in coverage["gaps"]]
            yield from (f"{words!r} is in no gap of {told}" for words in case["gaps_say"] if not any(words in gap for gap in told))
            if told and not case["gaps_say"]:
                yield f"gaps where there are none: {told}"

    def _links(self, decided: Mapping[str, Sequence[str]]) -> Iterator[str]:
        for root, texts in decided.items():
            for words in texts:
                tops = {_named(self._top(one)) for one in self.findings.values() if _quotes(one, words)}
                if tops != {root}:
                    yield f"{words!r} is below {sorted(tops)}, not below {root} alone"

    def _loose(self) -> Iterator[str]:
        """Check the links: each leads to a root, and the explaining finding lists it."""
        roots = {root["id"] for root in self.document["root_causes"]}
        for one in self.findings.values():
            if self._top(one)["id"] not in roots:
                yield f"{_named(one)} leads to no root"
            if one["explained_by"] and one["id"] not in self.findings[one["explained_by"]]["explains"]:
                yield f"{_named(one)} is not among what its explanation explains"

    def _top(self, finding: Mapping[str, Data]) -> Mapping[str, Data]:
        while finding["explained_by"]:
            finding = self.findings[finding["explained_by"]]
        return finding

    def _evidence(self, case: Mapping[str, Data]) -> list[str]:
        first = next(iter(self.document["root_causes"]), None)
        if first is None:
            return [f"no root has {case[part]}" for part in ("quotes", "remedy") if case.get(part)]
        quoted = "\n".join(one["quote"] for one in first["evidence"])
        advice = "\n".join([first["remedy"], *(one["command"] for one in first["commands"])])
        found = [f"{words!r} is not quoted in {quoted!r}" for words in case.get("quotes", ()) if not _has(quoted, words)]
        return found + [f"{words!r} is not in the remedy {advice!r}" for words in case.get("remedy", ()) if not _has(advice, words)]


def _shown(row: Mapping[str, Data]) -> dict[str, Data]:
    allocation = row["allocation"] or {}
    return {
        **row,
        "lag": row["lag_seconds"],
        "restarts": allocation.get("restarts"),
        "allocation": allocation.get("client_status"),
        "behind": {one["name"]: one["behind"] for one in row["databases"]},
    }


def _named(finding: Mapping[str, Data]) -> str:
    return f"{finding['code']}@{finding['node'] or ''}"


def _quotes(finding: Mapping[str, Data], words: str) -> bool:
    return any(words in one["quote"] for one in finding["evidence"])


def _has(text: str, words: str | Sequence[str]) -> bool:
    wanted = [words] if isinstance(words, str) else words
    return any(one.lower() in text.lower() for one in wanted)


def renamed(data: Data, called: Mapping[str, str], exactly: Mapping[str, str], key: str = "") -> Data:
    """Return the data with another cluster's names."""
    if not called and not exactly:
        return data
    if isinstance(data, Mapping):
        return {_text(str(name), called, {}): renamed(value, called, exactly, str(name)) for name, value in data.items()}
    if isinstance(data, list | tuple):
        made = [renamed(value, called, exactly, key) for value in data]
        return type(data)._make(made) if hasattr(data, "_make") else type(data)(made)
    if isinstance(data, str) and not isinstance(data, Enum):
        return _text(data, called, exactly)
    return int(called.get(str(data), data)) if type(data) is int and key in PORTS else data


def _text(text: str, called: Mapping[str, str], exactly: Mapping[str, str]) -> str:
    if text in exactly:
        return exactly[text]
    return _words(tuple(called)).sub(lambda found: _word(found, called), text) if called else text


@cache
def _words(names: tuple[str, ...]) -> re.Pattern[str]:
    words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<![\w.])(?:{words})(?!\w)(?=(:\d)?)")


def _word(found: re.Match[str], called: Mapping[str, str]) -> str:
    """Return the replacement; an IPv6 address gets brackets before a port."""
    word = called[found[0]]
    return f"[{word}]" if found[1] and ":" in word else word
