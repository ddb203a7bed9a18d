"""Findings under construction, and which of them a rule's link refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from collector.analyze.hits import Hit
from collector.model import RANK, Natural, Severity, natural
from collector.rulebook.joins import SYMPTOM, Link
from collector.rulebook.rule import HERE

NEAR = {"instance", "node", "service"}
"""Link relations that stay on the same node."""


@dataclass(eq=False)
class Draft:
    """A finding under construction: all hits of one code on one subject. `parent` is the finding that explains it."""

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
        """The hit of the most direct rule; of equally direct ones the most severe, then the first."""
        return max(self.hits, key=lambda hit: (hit.rule.directness, -RANK[hit.rule.severity]))

    @property
    def severity(self) -> Severity:
        """The worst severity among the hits."""
        return min((hit.rule.severity for hit in self.hits), key=lambda severity: RANK[severity])

    @property
    def symptom(self) -> bool:
        """True if the code is a symptom, not a cause."""
        return self.code.startswith(SYMPTOM)

    def of_another_task(self, other: Draft) -> bool:
        """True if the evidence of both comes from tasks, and they have no task in common."""
        mine, theirs = self.best.tasks, other.best.tasks
        return bool(mine and theirs and not mine & theirs)

    def rests_on(self, other: Draft) -> bool:
        """True if the first observation of `other` is also among this finding's evidence."""
        first = next(iter(other.best.match.observations), None)
        return any(one is first for hit in self.hits for one in hit.match.observations)

    @property
    def onset(self) -> float | None:
        """The earliest time in the evidence, or the onset of the subject's own observation if that is earlier (Unix seconds)."""
        times = [one.at for hit in self.hits for one in hit.match.observations if one.at is not None]
        return min(times + [hit.subject.onset for hit in self.hits if hit.subject.onset is not None], default=None)

    @property
    def root(self) -> Draft:
        """The finding at the end of the chain of parents; itself if it has no parent."""
        one = self
        while one.parent is not None:
            one = one.parent
        return one

    def may_be_explained_by(self, code: str, link: Link) -> bool:
        """Apply the best rule's `explained_by`: only the codes listed, or with `HERE` only causes on the same node."""
        allowed = self.best.rule.explained_by
        return allowed is None or code in allowed or (HERE in allowed and link.of in NEAR)

    def below(self) -> Iterator[Draft]:
        """Return everything it explains, directly or indirectly."""
        for child in self.children:
            yield child
            yield from child.below()


def drafts_of(hits: Sequence[Hit]) -> list[Draft]:
    """Return one draft per code and subject, in the order of the first hit."""
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
    """Drafts indexed by node and code, so that linking a big cluster is not quadratic."""

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

    def linked(self, link: Link, of: Draft) -> Iterator[Draft]:
        """Return the drafts that a link of `draft` refers to."""
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
    """Sort key: worst severity first, then most direct, then earliest."""
    return RANK[draft.severity], -draft.best.rule.directness, draft.onset or float("inf"), natural(draft.id)
