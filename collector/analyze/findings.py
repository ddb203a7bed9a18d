"""Turns a draft into a finding: the texts, evidence and remedy that a reader sees."""

from __future__ import annotations

from collector.analyze.drafts import Draft, order
from collector.model import UNEXPLAINED, Evidence, Finding
from collector.rulebook.rule import UNKNOWN

MAX_EVIDENCE = 6


def finding(draft: Draft) -> Finding:
    """Build the finding; an `unknown` uses the texts of its strongest symptom if that has a remedy, else says that no rule explains it."""
    best = draft.best
    unknown = draft.code == UNKNOWN and not best.rule.remedy
    title = best.text(best.rule.title)
    return Finding(
        id=draft.id,
        code=draft.code,
        severity=draft.severity,
        node=draft.node,
        title=title + UNEXPLAINED if unknown else title,
        detail="No rule matches what was seen; the strongest evidence is shown instead of a guess."
        if unknown
        else best.text(best.rule.detail),
        remedy=_look_next(draft) if unknown else best.text(best.rule.remedy),
        commands=_unknown_commands(draft) if unknown else best.commands(),
        explained_by=draft.root.id if draft.parent else None,
        explains=tuple(child.id for child in sorted(draft.below() if draft.parent is None else draft.children, key=order)),
        evidence=_evidence(draft),
        alloc=draft.alloc,
        service=draft.service,
        onset=draft.onset,
        at_risk="" if unknown else best.text(best.rule.at_risk),
        reference="" if unknown else best.rule.reference,
    )


def _look_next(draft: Draft) -> str:
    where = "the allocation's log and task events" if draft.alloc else "the evidence"
    return f"Look at {where} next; if this happens again, write a rule for it (docs/rules.md)."


def _unknown_commands(draft: Draft) -> tuple[tuple[str, str], ...]:
    """Return commands to look further.

    `nomad alloc logs` needs the task's name if there are several, so it is omitted if that is unknown.
    """
    if not draft.alloc:
        return ()
    hit = next((one for one in draft.hits if one.values().get("task")), draft.hits[0])
    texts = ("nomad alloc status {alloc}", "nomad alloc logs -stderr {alloc} {task}")
    return tuple(("read", hit.text(text, quoted=True)) for text in texts if "{task}" not in text or hit.values().get("task"))


def _evidence(draft: Draft) -> tuple[Evidence, ...]:
    """Return the evidence, strongest first, each quote once per node."""
    quotes: dict[tuple[str | None, str], Evidence] = {}
    # A rule with `explained_by` stands on its own evidence: another rule of the same code may quote an unrelated line.
    hits = draft.hits if draft.best.rule.explained_by is None else [draft.best]
    for hit in sorted(hits, key=lambda one: -one.rule.directness) if draft.code != UNKNOWN else hits:
        for one in hit.match.observations:
            quotes.setdefault((one.scope.get("node"), one.quote), one.evidence())
    return tuple(quotes.values())[:MAX_EVIDENCE]


def quote(draft: Draft) -> str:
    """Return the strongest evidence on one line, or the title if there is none."""
    evidence = _evidence(draft)
    return evidence[0].quote if evidence else draft.best.text(draft.best.rule.title)
