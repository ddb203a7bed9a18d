"""Explains a code from its rules."""

from __future__ import annotations

from collections.abc import Sequence

from collector.errors import UsageError
from collector.model import JSON
from collector.rulebook.joins import SYMPTOM
from collector.rulebook.reading import codes, shipped, symptoms
from collector.rulebook.rule import OPTIONAL, UNKNOWN, Rule
from collector.suggest import did_you_mean


def explain(code: str) -> dict[str, JSON]:
    """Explain a code from its rules: `{code, summary, severity, ways, explains, references, ...}`.

    `ways` to recognise it are `{recognised, remedy, commands}`; those with the same remedy and commands are merged.

    Raises `UsageError` with a suggestion for an unknown code.
    """
    if code == UNKNOWN:
        return _EXPLAIN_UNKNOWN
    mine = [rule for rule in shipped() if rule.code == code]
    if not mine:
        hint = did_you_mean(code, (*codes(), *symptoms())) or "`collector explain` lists the causes"
        raise UsageError(f"there is no code {code!r} ({hint})")
    return {
        "code": code,
        "summary": mine[0].summary,
        "severity": str(mine[0].severity),
        "symptom": mine[0].symptom,
        "ways": _ways(mine),
        "explains": sorted({named for rule in mine for link in rule.explains for named in link.codes} - {code}),
        "rules_out": sorted({named for rule in mine for link in rule.rules_out for named in link.codes}),
        "references": sorted({rule.reference for rule in mine if rule.reference}),
        "rules": [rule.place for rule in mine],
    }


def _ways(rules: Sequence[Rule]) -> list[JSON]:
    ways: dict[tuple[str, ...], dict[str, JSON]] = {}
    for rule in rules:
        commands = [{"what": what, "command": _plain(text)} for what, text in rule.commands]
        key = (rule.remedy, *(one["command"] for one in commands))
        way = ways.setdefault(key, {"recognised": [], "remedy": _plain(rule.remedy), "commands": commands})
        if (sign := _plain(rule.detail or rule.title)) not in way["recognised"]:
            way["recognised"].append(sign)
    return list(ways.values())


def _plain(text: str) -> str:
    """Remove the brackets around optional parts of a text."""
    return OPTIONAL.sub(r"\1", text)


_EXPLAIN_UNKNOWN: dict[str, JSON] = {
    "code": UNKNOWN,
    "summary": "something is wrong and no rule explains it",
    "severity": "critical",
    "symptom": False,
    "ways": [
        {
            "recognised": ["symptoms that no cause explains, taken together by node; the strongest evidence is shown instead of a guess"],
            "remedy": "Look at the evidence; if the cause is one that comes back, write a rule for it (docs/rules.md).",
            "commands": [],
        }
    ],
    "explains": [SYMPTOM + "*"],
    "rules_out": [],
    "references": [],
    "rules": [],
}
