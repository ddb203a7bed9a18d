"""Draft to finding: the texts, evidence and remedy that a reader sees."""

from __future__ import annotations

from collector.analyze.drafts import Draft, order
from collector.model import UNEXPLAINED, Evidence, Finding
from collector.rulebook.rule import UNKNOWN

MAX_EVIDENCE = 6


def finding(draft: Draft) -> Finding:
    """An `unknown` whose strongest symptom has a remedy uses that symptom's texts; any other says that no rule explains it."""
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
    """`nomad alloc logs` wants the task's name where there are several, so that it is left out where nobody knows whose trouble it is."""
    if not draft.alloc:
        return ()
    hit = next((one for one in draft.hits if one.values().get("task")), draft.hits[0])
    texts = ("nomad alloc status {alloc}", "nomad alloc logs -stderr {alloc} {task}")
    return tuple(("read", hit.text(text, quoted=True)) for text in texts if "{task}" not in text or hit.values().get("task"))


def _evidence(draft: Draft) -> tuple[Evidence, ...]:
    """Each quote once on a node: two that say the same of two nodes are two."""
    quotes: dict[tuple[str | None, str], Evidence] = {}
    # What stands by itself rests on its own words alone: another rule of its code may have quoted somebody else's.
    hits = draft.hits if draft.best.rule.explained_by is None else [draft.best]
    for hit in sorted(hits, key=lambda one: -one.rule.directness) if draft.code != UNKNOWN else hits:
        for one in hit.match.observations:
            quotes.setdefault((one.scope.get("node"), one.quote), one.evidence())
    return tuple(quotes.values())[:MAX_EVIDENCE]


def quote(draft: Draft) -> str:
    """Its strongest evidence in one line; its title where it has none."""
    evidence = _evidence(draft)
    return evidence[0].quote if evidence else draft.best.text(draft.best.rule.title)
