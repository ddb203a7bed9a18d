"""From rules that fit to causes: findings joined by what explains what. Roots are what nothing else explains, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from collector.engine import MAX_EVIDENCE, Dropped, Engine, Hit, Match
from collector.model import Evidence, Finding, Natural, RuledOut, Severity, natural
from collector.observe.observation import Observation, Observations
from collector.rule import SYMPTOM, UNKNOWN, Link

RANK = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
NEAR = {"instance", "node", "service"}


@dataclass(eq=False)
class Draft:
    """A finding in the making: every rule of one code that fits one subject. `parent` explains it."""

    id: str
    code: str
    node: str | None
    alloc: str | None
    service: str | None
    hits: list[Hit]
    parent: Draft | None = None
    children: list[Draft] = field(default_factory=list)

    @property
    def best(self) -> Hit:
        """The most direct of its rules."""
        return max(self.hits, key=lambda hit: (hit.rule.directness, -RANK[hit.rule.severity]))

    @property
    def severity(self) -> Severity:
        """The worst of its rules."""
        return min((hit.rule.severity for hit in self.hits), key=lambda severity: RANK[severity])

    @property
    def symptom(self) -> bool:
        """No cause."""
        return self.code.startswith(SYMPTOM)

    @property
    def onset(self) -> float | None:
        """The earliest time that its evidence names, or its subject's own trouble, whichever is earlier."""
        times = [one.at for hit in self.hits for one in hit.match.observations if one.at is not None]
        return min(times + [hit.subject.onset for hit in self.hits if hit.subject.onset is not None], default=None)

    @property
    def root(self) -> Draft:
        """What explains it in the end; itself when nothing does."""
        one = self
        while one.parent is not None:
            one = one.parent
        return one

    def below(self) -> Iterator[Draft]:
        """Everything that it explains, directly or not."""
        for child in self.children:
            yield child
            yield from child.below()


class Causes(NamedTuple):
    """Roots first, most likely first; then everything that they explain; and what was considered and dropped."""

    roots: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    ruled_out: tuple[RuledOut, ...]


def connect(hits: Sequence[Hit], dropped: Sequence[Dropped], engine: Engine, seen: Observations) -> Causes:
    """Join what was found into causes."""
    ruled_out = [_ruled_out(one) for one in dropped]
    drafts = _without_ruled_out(_drafts(hits), ruled_out, engine)
    _link(drafts, engine)
    drafts = _without_last_resorts(drafts)
    roots = [draft for draft in drafts if draft.parent is None and not draft.symptom]
    roots += _unknowns([draft for draft in drafts if draft.parent is None and draft.symptom], seen)
    ranked = _ranked(roots)
    below = [child for root in ranked for child in sorted(root.below(), key=_order)]
    return Causes(
        tuple(_finding(draft) for draft in ranked), tuple(_finding(draft) for draft in [*ranked, *below]), tuple(_unique(ruled_out))
    )


def _drafts(hits: Sequence[Hit]) -> list[Draft]:
    found: dict[tuple[str, str | None, str | None, str | None], Draft] = {}
    used: dict[str, int] = {}
    for hit in hits:
        scope = hit.subject.scope
        key = (hit.rule.code, scope.get("node"), scope.get("alloc"), scope.get("service"))
        if key in found:
            found[key].hits.append(hit)
            continue
        name = f"{hit.rule.code}@{scope.get('node') or scope.get('service') or 'cluster'}"
        used[name] = used.get(name, 0) + 1
        ident = name if used[name] == 1 else f"{name}#{used[name]}"
        found[key] = Draft(ident, *key, hits=[hit])
    return list(found.values())


class _Index:
    """Findings by node and by code, so that a big cluster's links cost what they join, not its square."""

    def __init__(self, drafts: Iterable[Draft]) -> None:
        self.by_node: dict[str, list[Draft]] = {}
        self.by_code: dict[str, list[Draft]] = {}
        self.by_service: dict[str, list[Draft]] = {}
        for draft in drafts:
            self.by_code.setdefault(draft.code, []).append(draft)
            if draft.node:
                self.by_node.setdefault(draft.node, []).append(draft)
            if draft.service:
                self.by_service.setdefault(draft.service, []).append(draft)

    def meant(self, link: Link, of: Draft) -> Iterator[Draft]:
        """The findings that a link of a finding means."""
        for other in self._related(link, of):
            if other is not of and link.covers(other.code):
                yield other

    def _related(self, link: Link, of: Draft) -> Iterator[Draft]:
        if link.of == "instance":
            yield from (one for one in self.by_node.get(of.node or "", ()) if None in (one.alloc, of.alloc) or one.alloc == of.alloc)
        elif link.of == "node":
            yield from self.by_node.get(of.node or "", ())
        elif link.of == "service":
            yield from self.by_service.get(of.service or "", ())
        else:
            codes = [code for code in self.by_code if link.covers(code)]
            everywhere = (one for code in codes for one in self.by_code[code])
            yield from (one for one in everywhere if link.of == "cluster" or (one.node is not None and one.node != of.node))


def _without_ruled_out(drafts: list[Draft], ruled_out: list[RuledOut], engine: Engine) -> list[Draft]:
    index = _Index(drafts)
    gone: set[int] = set()
    for draft in drafts:
        for link in _links(draft, engine, "rules_out"):
            for other in index.meant(link, draft):
                gone.add(id(other))
                ruled_out.append(RuledOut(other.code, other.node, f"{draft.code} accounts for it: {_quote(draft)}"))
    return [draft for draft in drafts if id(draft) not in gone]


def _links(draft: Draft, engine: Engine, which: str) -> Iterator[Link]:
    taken: list[Link] = []
    for hit in draft.hits:
        links: tuple[Link, ...] = getattr(hit.rule, which)
        for link in links:
            if link not in taken and engine.applies(link.only_if, hit):
                taken.append(link)
                yield link


def _link(drafts: list[Draft], engine: Engine) -> None:
    """Give every finding that something explains its one parent: the nearest, then the most direct, never in a circle."""
    index = _Index(drafts)
    edges = [
        (link.of not in NEAR, draft.symptom, -draft.best.rule.directness, draft.id, draft, other)
        for draft in drafts
        for link in _links(draft, engine, "explains")
        for other in index.meant(link, draft)
    ]
    for *_, draft, other in sorted(edges, key=lambda edge: edge[:4]):
        if other.parent is None and draft.root is not other:
            other.parent = draft
            draft.children.append(other)


def _without_last_resorts(drafts: list[Draft]) -> list[Draft]:
    """A last resort says what nobody else knows; where something explains it, that has said it already."""
    said = {id(draft) for draft in drafts if draft.parent is not None and draft.best.rule.last_resort}
    for draft in drafts:
        draft.children = [child for child in draft.children if id(child) not in said]
    return [draft for draft in drafts if id(draft) not in said]


def _unknowns(symptoms: list[Draft], seen: Observations) -> list[Draft]:
    """What no rule explains, taken together by node; what concerns the whole goes with a node's, if there is one."""
    groups: dict[str | None, list[Draft]] = {}
    for symptom in symptoms:
        groups.setdefault(symptom.node, []).append(symptom)
    whole = groups.pop(None, [])
    if whole:
        first = min(groups, key=lambda node: (_order(min(groups[node], key=_order)), node or ""), default=None)
        groups.setdefault(first, []).extend(whole)
    return [_unknown(node, sorted(some, key=_order), seen) for node, some in groups.items()]


def _unknown(node: str | None, symptoms: list[Draft], seen: Observations) -> Draft:
    strongest = symptoms[0]
    hits = [hit for symptom in symptoms for hit in symptom.hits]
    if strongest.alloc:
        lines = [one for one in seen.of("log", alloc=strongest.alloc) if one.fields["decisive"] and one.fields["live"]]
        hits = [_with(hits[0], lines), *hits[1:]]
    root = Draft(f"{UNKNOWN}@{node or 'cluster'}", UNKNOWN, node, strongest.alloc, None, hits)
    for symptom in symptoms:
        symptom.parent = root
        root.children.append(symptom)
    return root


def _with(hit: Hit, lines: list[Observation]) -> Hit:
    match = Match([*lines, *hit.match.observations], hit.match.captures, hit.match.quiet)
    return Hit(hit.rule, hit.subject, match)


def _order(draft: Draft) -> tuple[int, int, float, Natural]:
    return RANK[draft.severity], -draft.best.rule.directness, draft.onset or float("inf"), natural(draft.id)


def _ranked(roots: list[Draft]) -> list[Draft]:
    """By severity, what is known first, what it explains (what is as bad first), directness, onset; one cause's nodes together."""
    groups: dict[str, list[Draft]] = {}
    for root in roots:
        groups.setdefault(root.code, []).append(root)
    ordered = sorted(groups.values(), key=lambda group: min(_likelihood(root) for root in group))
    return [root for group in ordered for root in sorted(group, key=_likelihood)]


def _likelihood(root: Draft) -> tuple[int, bool, int, int, int, float, Natural]:
    explained = {(child.code, child.node) for child in root.below()}
    worst = {(child.code, child.node) for child in root.below() if child.severity is root.severity}
    return (
        RANK[root.severity],
        root.code == UNKNOWN,
        -len(worst),
        -len(explained),
        -root.best.rule.directness,
        root.onset or float("inf"),
        natural(root.id),
    )


def _finding(draft: Draft) -> Finding:
    """An `unknown` whose strongest symptom says what to do is told in that symptom's words; any other says that no rule explains it."""
    best = draft.best
    unknown = draft.code == UNKNOWN and not best.rule.remedy
    title = best.text(best.rule.title)
    return Finding(
        id=draft.id,
        code=draft.code,
        severity=draft.severity,
        node=draft.node,
        title=f"{title}; no rule explains it" if unknown else title,
        detail="What was seen fits no rule; the strongest evidence is shown instead of a guess."
        if unknown
        else best.text(best.rule.detail),
        remedy=_look_next(draft) if unknown else best.text(best.rule.remedy),
        commands=_unknown_commands(draft) if unknown else best.commands(),
        explained_by=draft.root.id if draft.parent else None,
        explains=tuple(child.id for child in sorted(draft.below() if draft.parent is None else draft.children, key=_order)),
        evidence=_evidence(draft),
        alloc=draft.alloc,
        service=draft.service,
        onset=draft.onset,
        reference="" if unknown else best.rule.reference,
    )


def _look_next(draft: Draft) -> str:
    where = "the allocation's log and task events" if draft.alloc else "the evidence"
    return f"Look at {where} next; if the cause comes back, write a rule for it (docs/rules.md)."


def _unknown_commands(draft: Draft) -> tuple[tuple[str, str], ...]:
    """`nomad alloc logs` wants the task's name where there are several, so that it is left out where nobody knows whose trouble it is."""
    if not draft.alloc:
        return ()
    hit = next((one for one in draft.hits if one.values().get("task")), draft.hits[0])
    texts = ("nomad alloc status {alloc}", "nomad alloc logs -stderr {alloc} {task}")
    return tuple(("read", hit.text(text, quoted=True)) for text in texts if "{task}" not in text or hit.values().get("task"))


def _evidence(draft: Draft) -> tuple[Evidence, ...]:
    quotes: dict[str, Evidence] = {}
    for hit in sorted(draft.hits, key=lambda one: -one.rule.directness) if draft.code != UNKNOWN else draft.hits:
        for one in hit.match.observations:
            quotes.setdefault(one.quote, one.evidence())
    return tuple(quotes.values())[:MAX_EVIDENCE]


def _quote(draft: Draft) -> str:
    evidence = _evidence(draft)
    return evidence[0].quote if evidence else draft.best.text(draft.best.rule.title)


def _ruled_out(one: Dropped) -> RuledOut:
    return RuledOut(one.rule.code, one.subject.scope.get("node"), one.because)


def _unique(some: Iterable[RuledOut]) -> Iterable[RuledOut]:
    found: Mapping[RuledOut, None] = dict.fromkeys(some)
    return found
