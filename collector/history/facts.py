"""Facts tracked across runs besides findings: checks, leaders, the primary, nodes; since when each has its value, and when it changed.

A run that could not see a fact leaves it unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeVar, get_args

from collector.model import JSON

T = TypeVar("T")

FORGET = 50
"""Facts are forgotten after this many runs that did not see them."""

MOMENTS = 60
"""Maximum number of changes remembered, the latest ones."""

MOMENTS_OF_A_RUN = 20
"""Maximum from a single run, since an outage changes every check at once."""

NONE = "none"
"""The value if it was seen that there is none: no leader, no primary."""

Watched = Literal["check", "eligibility", "node status", "consul leader", "nomad leader", "primary"]
"""What is tracked, in ascending order of importance to readers."""
ORDER: tuple[Watched, ...] = get_args(Watched)


class Reading(NamedTuple):
    """A value seen by one run. A check is identified by `service` (None for a node's own check), `name` and `id`."""

    what: Watched
    value: str
    node: str | None = None
    service: str | None = None
    name: str | None = None
    id: str | None = None


class Fact(NamedTuple):
    """A value tracked over runs. All moments are RFC 3339.

    `since`: when the first of the consecutive runs with this value ended. `not_before`: when the last run with another value began (None:
    there
    was none). `seen`: when the last run that saw the value began. `missed`: number of runs since then that could not see it.
    """

    reading: Reading
    since: str
    not_before: str | None
    seen: str
    missed: int = 0


class Moment(NamedTuple):
    """A change of a fact between `not_before` and `at` (RFC 3339; `not_before` is None if a clock was set back)."""

    reading: Reading
    before: str
    not_before: str | None
    at: str


def readings(document: Mapping[str, JSON]) -> list[Reading]:
    """Return the readings in a report document (schemas/report.schema.json), omitting unknown values."""
    return [*_cluster(document), *(one for row in document["nodes"] for one in _node(row))]


def _cluster(document: Mapping[str, JSON]) -> Iterator[Reading]:
    cluster = document.get("cluster") or {}
    leaders: tuple[tuple[str, Watched], ...] = (("nomad", "nomad leader"), ("consul", "consul leader"))
    for product, what in leaders:
        known = cluster.get(product) or {}
        leader = known.get("leader") or (NONE if known.get("known_leader") is False else None)
        if leader:
            yield Reading(what, leader)
    litefs = cluster.get("litefs") or {}
    primaries = sorted(row["name"] for row in document["nodes"] if row["role"] == "primary")
    if primaries or (litefs.get("litefs_all") and litefs.get("primaries") == 0):
        yield Reading("primary", ", ".join(primaries) or NONE)


def _node(row: Mapping[str, JSON]) -> Iterator[Reading]:
    states: tuple[tuple[Watched, str], ...] = (("node status", row["nomad"]), ("eligibility", row["eligibility"]))
    yield from (Reading(what, value, row["name"]) for what, value in states if value != "unknown")
    for check in row.get("checks", ()):
        yield Reading("check", check["status"], row["name"], check["service"], check["name"], check["id"])


def follow_facts(before: Sequence[Fact], read: Sequence[Reading], began: str, ended: str) -> tuple[list[Fact], list[Moment]]:
    """Update the facts with a run that began and ended then; return them and the changes that this run saw, the most important last."""
    old = _matched(before, read)
    facts = [_carried(old.get(index), one, began, ended) for index, one in enumerate(read)]
    moments = [
        _moment(old[index], fact) for index, fact in enumerate(facts) if index in old and old[index].reading.value != fact.reading.value
    ]
    met = {id(fact) for fact in old.values()}
    missed = [fact._replace(missed=fact.missed + 1) for fact in before if id(fact) not in met and fact.missed + 1 < FORGET]
    return [*facts, *missed], sorted(moments, key=_weight)


def remember(before: Sequence[Moment], new: Sequence[Moment]) -> list[Moment]:
    """Return the changes that the next run needs, oldest first."""
    return [*before, *new[-MOMENTS_OF_A_RUN:]][-MOMENTS:]


def _weight(moment: Moment) -> tuple[int, bool]:
    return ORDER.index(moment.reading.what), moment.reading.value == "critical"


def _carried(old: Fact | None, one: Reading, began: str, ended: str) -> Fact:
    if old is None:
        return Fact(one, ended, None, began)
    if old.reading.value == one.value:
        return Fact(one, old.since, old.not_before, began)
    return Fact(one, ended, old.seen if old.seen <= ended else None, began)


def _moment(old: Fact, new: Fact) -> Moment:
    return Moment(new.reading, old.reading.value, new.not_before, new.since)


def _matched(before: Sequence[Fact], read: Sequence[Reading]) -> dict[int, Fact]:
    """Match each reading (by index) with a fact: of the same ID, else of the same name if that is unique on both sides.

    A check gets a new ID with each allocation but keeps its name.
    """
    exact = {(_name(fact.reading), fact.reading.id): fact for fact in before}
    found = {index: exact[key] for index, one in enumerate(read) if (key := (_name(one), one.id)) in exact}
    taken = {id(fact) for fact in found.values()}
    old = _alone((_name(fact.reading), fact) for fact in before if id(fact) not in taken)
    new = _alone((_name(one), index) for index, one in enumerate(read) if index not in found)
    return found | {index: old[name] for name, index in new.items() if name in old}


def _name(one: Reading) -> tuple[str | None, ...]:
    return one.what, one.node, one.service, one.name


def _alone(pairs: Iterable[tuple[tuple[str | None, ...], T]]) -> dict[tuple[str | None, ...], T]:
    """Return the entries whose name is unique."""
    groups: dict[tuple[str | None, ...], list[T]] = {}
    for name, one in pairs:
        groups.setdefault(name, []).append(one)
    return {name: some[0] for name, some in groups.items() if len(some) == 1}
