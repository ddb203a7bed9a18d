"""Findings in the making, and which of them a rule's link refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from collector.analyze.hits import Hit
from collector.model import RANK, Natural, Severity, natural
from collector.rulebook.joins import SYMPTOM, Link
from collector.rulebook.rule import HERE

NEAR = {"instance", "node", "service"}
"""Relations of a link that stay on the node."""


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

    def of_another_task(self, other: Draft) -> bool:
        """What the two rest on was said or done by tasks, and by none that both have."""
        mine, theirs = self.best.tasks, other.best.tasks
        return bool(mine and theirs and not mine & theirs)

    def rests_on(self, other: Draft) -> bool:
        """What the other tells first is among its own evidence, too."""
        first = next(iter(other.best.match.observations), None)
        return any(one is first for hit in self.hits for one in hit.match.observations)

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

    def may_be_explained_by(self, code: str, link: Link) -> bool:
        """Its most direct rule may say who alone explains it: some codes, or what is found `HERE`, on its own node."""
        allowed = self.best.rule.explained_by
        return allowed is None or code in allowed or (HERE in allowed and link.of in NEAR)

    def below(self) -> Iterator[Draft]:
        """Everything that it explains, directly or not."""
        for child in self.children:
            yield child
            yield from child.below()


def drafts_of(hits: Sequence[Hit]) -> list[Draft]:
    """One for each code and subject, in the order in which they were first hit."""
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


class Index:
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


def order(draft: Draft) -> tuple[int, int, float, Natural]:
    """The worst first, then the most direct, then the earliest."""
    return RANK[draft.severity], -draft.best.rule.directness, draft.onset or float("inf"), natural(draft.id)
