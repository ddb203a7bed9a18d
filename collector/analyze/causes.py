"""Joins matched rules into causes by what explains what. A root is a finding that nothing explains; the most likely root comes first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from collector.analyze.drafts import NEAR, Draft, Index, drafts_of, order
from collector.analyze.engine import Engine
from collector.analyze.findings import finding, quote
from collector.analyze.hits import Dropped, Hit, Match
from collector.model import RANK, Finding, Natural, RuledOut, natural
from collector.observe.observation import Observation, Observations
from collector.rulebook.joins import Link
from collector.rulebook.rule import UNKNOWN


class Causes(NamedTuple):
    """The root causes, most likely first; `findings` adds everything they explain; `ruled_out` is what was considered and dropped."""

    roots: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    ruled_out: tuple[RuledOut, ...]

    def with_roots(self, roots: Iterable[Finding]) -> Causes:
        """Return a copy with the roots replaced; `roots` must correspond to the present ones in number and order."""
        new = tuple(roots)
        return self._replace(roots=new, findings=(*new, *self.findings[len(new) :]))


def connect(hits: Sequence[Hit], dropped: Sequence[Dropped], engine: Engine, seen: Observations) -> Causes:
    """Join rule hits into causes."""
    ruled_out = [_ruled_out(one) for one in dropped]
    drafts = _without_ruled_out(drafts_of(hits), ruled_out, engine)
    _link(drafts, engine)
    drafts = _without_last_resorts(drafts)
    roots = [draft for draft in drafts if draft.parent is None and not draft.symptom]
    roots += _unknowns([draft for draft in drafts if draft.parent is None and draft.symptom], seen)
    ranked = _ranked(roots)
    below = [child for root in ranked for child in sorted(root.below(), key=order)]
    findings = tuple(finding(draft) for draft in [*ranked, *below])
    return Causes(findings[: len(ranked)], findings, tuple(dict.fromkeys(ruled_out)))


def _without_ruled_out(drafts: list[Draft], ruled_out: list[RuledOut], engine: Engine) -> list[Draft]:
    index = Index(drafts)
    gone: set[int] = set()
    for draft in drafts:
        for link in _links(draft, engine, "rules_out"):
            for other in (one for one in index.linked(link, draft) if engine.applies(link.where, one.best)):
                gone.add(id(other))
                ruled_out.append(RuledOut(other.code, other.node, f"{draft.code} accounts for it: {quote(draft)}"))
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
    """Give every explainable finding one parent: the nearest candidate, then the most direct one. Never creates a cycle."""
    index = Index(drafts)
    edges = [
        (_distance(link, draft, other), -draft.best.rule.directness, draft.id, draft, other)
        for draft in drafts
        for link in _links(draft, engine, "explains")
        for other in index.linked(link, draft)
        if other.may_be_explained_by(draft.code, link) and engine.applies(link.where, other.best)
    ]
    for *_, draft, other in sorted(edges, key=lambda edge: edge[:3]):
        if other.parent is None and draft.root is not other:
            other.parent = draft
            draft.children.append(other)


def _distance(link: Link, draft: Draft, other: Draft) -> tuple[bool, ...]:
    """Return a sort key, nearest first: same node, a cause rather than a symptom, same task, same instance, shared evidence."""
    far, outside = link.of not in NEAR, other.symptom and link.of != "instance"
    return far, draft.symptom, draft.of_another_task(other), outside, other.symptom and not draft.rests_on(other)


def _without_last_resorts(drafts: list[Draft]) -> list[Draft]:
    """Drop explained findings of last-resort rules, and attach their children to what explains them."""
    redundant = {draft for draft in drafts if draft.parent is not None and draft.best.rule.last_resort}
    kept = [draft for draft in drafts if draft not in redundant]
    for draft in kept:
        draft.children = list(_children_without(redundant, draft.children))
        for child in draft.children:
            child.parent = draft
    return kept


def _children_without(redundant: Collection[Draft], drafts: Iterable[Draft]) -> Iterator[Draft]:
    for draft in drafts:
        if draft in redundant:
            yield from _children_without(redundant, draft.children)
        else:
            yield draft


def _unknowns(symptoms: list[Draft], seen: Observations) -> list[Draft]:
    """Group unexplained symptoms into one `unknown` root per node.

    Cluster-wide symptoms join the worst node's group if there is one, unless they have a remedy of their own.
    """
    groups: dict[str | None, list[Draft]] = {}
    for symptom in symptoms:
        groups.setdefault(symptom.node, []).append(symptom)
    whole = groups.pop(None, [])
    if whole:
        first = min(groups, key=lambda node: (order(min(groups[node], key=order)), node or ""), default=None)
        for symptom in whole:
            groups.setdefault(None if symptom.best.rule.remedy else first, []).append(symptom)
    return [_unknown(node, sorted(some, key=order), seen) for node, some in groups.items()]


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


def _ranked(roots: list[Draft]) -> list[Draft]:
    """Sort by severity, known before unknown, number of findings explained, directness, onset; roots of one code stay together."""
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


def _ruled_out(one: Dropped) -> RuledOut:
    return RuledOut(one.rule.code, one.subject.scope.get("node"), one.because)
