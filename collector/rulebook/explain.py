"""What a code means, told from its rules alone."""

from __future__ import annotations

from collector.errors import UsageError
from collector.model import JSON
from collector.rulebook.reading import codes, shipped, symptoms
from collector.rulebook.rule import SYMPTOM, UNKNOWN
from collector.suggest import did_you_mean


def explain(code: str) -> dict[str, JSON]:
    """What a code means, from its rules alone: `{code, summary, severity, recognised, explains, remedy, commands, references}`.

    Raises `UsageError` with a suggestion for a code that no rule has.
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
        "recognised": [rule.detail or rule.title for rule in mine],
        "explains": sorted({named for rule in mine for link in rule.explains for named in link.codes} - {code}),
        "rules_out": sorted({named for rule in mine for link in rule.rules_out for named in link.codes}),
        "remedy": [rule.remedy for rule in mine if rule.remedy],
        "commands": [{"what": what, "command": text} for rule in mine for what, text in rule.commands],
        "references": sorted({rule.reference for rule in mine if rule.reference}),
        "rules": [rule.place for rule in mine],
    }


_EXPLAIN_UNKNOWN: dict[str, JSON] = {
    "code": UNKNOWN,
    "summary": "something is wrong and no rule explains it",
    "severity": "critical",
    "symptom": False,
    "recognised": ["symptoms that no cause explains, taken together by node; the strongest evidence is shown instead of a guess"],
    "explains": [SYMPTOM + "*"],
    "rules_out": [],
    "remedy": ["Look at the evidence; if the cause is one that comes back, write a rule for it (docs/rules.md)."],
    "commands": [],
    "references": [],
    "rules": [],
}
