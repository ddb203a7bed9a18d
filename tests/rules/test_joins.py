"""What each cause explains, and where, as a table: it must explain nothing else, since an explained finding is no longer a root."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from collector import rulebook
from collector.analyze.causes import Causes, connect
from collector.analyze.engine import Engine
from collector.analyze.hits import Hit, Match, Subject
from collector.model import Finding
from collector.observe import TOPICS, Observation, Observations
from collector.rulebook.joins import SYMPTOM
from collector.rulebook.rule import Rule
from tests.yamls import load

TABLE: dict[str, Any] = load(Path(__file__).with_name("joins.yml").read_text("utf-8"))
ROWS: list[dict[str, Any]] = [
    {**row, "causes": [code for cause in row["causes"] for code in TABLE["groups"].get(cause, [cause])]} for row in TABLE["rows"]
]
HERE, NEIGHBOUR, OTHERS, WHOLE = "here", "neighbour", "others", "whole"
PLACES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "instance": {
        HERE: {"node": "n1", "alloc": "a1"},
        NEIGHBOUR: {"node": "n1", "alloc": "a2"},
        OTHERS: {"node": "n2", "alloc": "b1"},
    },
    "node": {HERE: {"node": "n1"}, OTHERS: {"node": "n2"}},
    "service": {WHOLE: {"service": "wiki"}},
    "cluster": {WHOLE: {}},
}
"""Where a finding of a scope can be, seen from a cause on n1, in the allocation a1 where it is one of an instance."""
FACTS: Mapping[str, tuple[str, str, object, object]] = {
    "primary": ("node", "holds_primary", True, False),
    "silent": ("litefs", "answered", False, True),
    "takes-nothing": ("litefs", "receives", False, True),
    "leads": ("litefs", "role", "primary", "replica"),
    "unregistered": ("instance", "registered", False, True),
    "nagged": ("instance", "restarted_for", "ping", None),
    "dated": ("log", "misdated", True, False),
    "dated-event": ("task_event", "misdated", True, False),
    "dated-check": ("check", "misdated", True, False),
    "last": ("cluster", "candidates", 0, 1),
    "with-litefs": ("instance", "has_litefs", True, False),
    "measures-disk": ("check", "output", "DISK CRITICAL - free space: / 12 MB", "load 9.1"),
    "of-consul": ("task_event", "asks_consul", True, False),
    "server": ("node", "server_lost", True, False),
    "nomad-quorum-lost": ("node", "nomad_quorum_lost", True, False),
    "consul-quorum-lost": ("node", "consul_quorum_lost", True, False),
    "lost-with-node": ("server", "lost_with_node", True, False),
    "left-behind": ("check", "alloc_known", False, True),
    "unled": ("litefs", "primary_answers", False, True),
    "unfound": ("litefs", "never_synced", True, False),
    "far": ("litefs", "lagging", "critical", "warning"),
    "passed-on": ("check", "upstream", "n1", None),
    "stands-in": ("instance", "stands_in", True, False),
    "parted": ("server", "led_by", "10.1.0.2:8300", None),
    "takes-litefs-along": ("instance", "beside_litefs", False, True),
    "no-other-ineligible": ("node", "eligibility", "ineligible", "eligible"),
    "no-other-down": ("node", "nomad", "down", "ready"),
    "led": ("log", "message", "primary lease acquired, advertising as: http://10.1.0.11:20303", "GET /"),
}
"""What a row can ask for besides: topic and field of an observation, its value when the fact holds, and when it does not.

On the other node it is the other way round, so that `no-other-down` says what holds there.
"""

BESIDE: Mapping[str, Mapping[str, object]] = {
    "log": {"live": True, "decisive": False, "asks_for_lease": True, "origin": "litefs"},
    "check": {"level": "node", "status": "critical"},
    "instance": {"failing": True},
    "task_event": {"current": True},
    "litefs": {"knows_primary": False},
    "node": {"missing": True},
}
"""What an observation has besides, wherever there is one."""


Trial = tuple[str, str, str]


@cache
def seen(facts: frozenset[str]) -> Observations:
    """Return a cluster in which only these facts hold; on the other node the opposite."""
    fields: dict[tuple[str, str], dict[str, Any]] = {}
    for fact, (topic, field, yes, no) in FACTS.items():
        values = (yes, no) if fact in facts else (no, yes)
        for place, value in zip((HERE, OTHERS), values, strict=True):
            fields.setdefault((topic, place), dict(BESIDE.get(topic, {})))[field] = value
    found = Observations()
    for (topic, place), said in fields.items():
        scope = {part: where for part, where in PLACES["instance"][place].items() if part in TOPICS[topic].scope.split()}
        if scope or place == HERE:
            found.add(Observation(topic, scope, said))
    return found


def joined(cause: Rule, effects: Iterable[tuple[Rule, str]], facts: frozenset[str] = frozenset()) -> Causes:
    """Return one finding of the cause, and one of each effect; effects explain nothing themselves."""
    here = next(iter(PLACES[cause.scope].values()))
    idle = (Hit(effect._replace(explains=(), rules_out=()), Subject(PLACES[effect.scope][place]), Match()) for effect, place in effects)
    return connect([Hit(cause, Subject(here), Match()), *idle], [], Engine(seen(facts), TOPICS), seen(facts))


def explained(cause: Rule, effects: Collection[tuple[Rule, str]], facts: frozenset[str]) -> set[Trial]:
    """Return code, scope and place of each effect that ends up below the cause, or disappears as a last resort."""
    findings = joined(cause, effects, facts).findings
    explains = {ident for one in findings if one.code == cause.code for ident in one.explains}
    below = {where(one) for one in findings if one.id in explains}
    left = {where(one) for one in findings}
    found = set()
    for effect, place in effects:
        its = (effect.code, *(PLACES[effect.scope][place].get(part) for part in ("node", "alloc", "service")))
        if its not in left if effect.last_resort else its in below:
            found.add((effect.code, effect.scope, place))
    return found


def where(one: Finding) -> tuple[str, str | None, str | None, str | None]:
    """Return what a finding is about."""
    return one.code, one.node, one.alloc, one.service


def joins(cause: Rule) -> tuple[object, ...]:
    """Return all of a rule that decides what it explains; of rules that are equal in it, one is tried."""
    return cause.explains, cause.rules_out, cause.explained_by, cause.directness, cause.severity, cause.last_resort


def effects() -> dict[tuple[str, str], Rule]:
    """Return one rule per code and scope."""
    return {(rule.code, rule.scope): rule for rule in rulebook.shipped()}


def causes() -> list[tuple[str, str]]:
    """Return code and scope of every rule that explains anything, and of all in the table."""
    told = {cause for row in ROWS for cause in row["causes"]}
    return sorted({(rule.code, rule.scope) for rule in rulebook.shipped() if rule.explains or name(rule.code, rule.scope) in told})


def wanted(row: Mapping[str, Any], effect: Rule, place: str) -> bool:
    """True if the row says that this is explained there; `anywhere` is every place."""
    codes = {*row.get(place, ()), *row.get("anywhere", ())}
    return effect.code in codes or (place != WHOLE and effect.symptom and SYMPTOM + "*" in codes)


def asked(row: Mapping[str, Any], key: str) -> frozenset[str]:
    """Return the facts that a row requires in `if` or `where`: none, one, or all of a list."""
    told = row.get(key, ())
    return frozenset([told] if isinstance(told, str) else told)


def holds_there(row: Mapping[str, Any], place: str, facts: frozenset[str]) -> bool:
    """True if the row's condition on findings holds here: locally and cluster-wide with the fact, on the other node without it."""
    return "where" not in row or place in ((HERE, WHOLE) if asked(row, "where") <= facts else (OTHERS,))


def worlds(rows: Sequence[Mapping[str, Any]]) -> set[frozenset[str]]:
    """Return combinations of facts: none, each fact that a row requires, and all facts of a row."""
    every = [asked(row, "if") | asked(row, "where") for row in rows]
    return {frozenset(), *every, *(frozenset({fact}) for facts in every for fact in facts)}


def name(code: str, scope: str) -> str:
    """Return the table's name for the rules of a code with this scope."""
    first = next(rule.scope for rule in rulebook.shipped() if rule.code == code)
    return code if scope == first else f"{code}@{scope}"


def of(code: str, scope: str) -> list[dict[str, Any]]:
    """Return the rows about a cause. A node's cause that explains what is on its own node explains every allocation's."""
    mine = [row for row in ROWS if name(code, scope) in row["causes"]]
    return [{**row, NEIGHBOUR: row.get(HERE, ())} if scope == "node" else row for row in mine]


def trials(code: str) -> Iterator[tuple[Rule, str]]:
    """Return every finding of another code, at every possible place."""
    for (other, scope), effect in effects().items():
        yield from ((effect, place) for place in PLACES[scope] if other != code)


@pytest.mark.parametrize(("code", "scope"), causes())
def test_a_cause_explains_what_the_table_says_and_nothing_else(code: str, scope: str) -> None:
    rules = {joins(rule): rule for rule in rulebook.shipped() if (rule.code, rule.scope) == (code, scope)}
    rows = of(code, scope)
    assert rows, f"no row of tests/rules/joins.yml lists {code} in `causes`"
    tried = list(trials(code))
    for facts in worlds(rows):
        told = [row for row in rows if asked(row, "if") <= facts]
        says = {
            (effect.code, effect.scope, place)
            for effect, place in tried
            if any(wanted(row, effect, place) for row in told if holds_there(row, place, facts))
        }
        for cause in rules.values():
            found = explained(cause, tried, facts)
            assert not (found ^ says), f"{cause.place}, with {facts}: only the rule: {found - says}; only joins.yml: {says - found}"


RULED_OUT = [(code, row) for row in ROWS for code in row["causes"] if "rules_out" in row]


@pytest.mark.parametrize(("code", "row"), RULED_OUT, ids=[code for code, _ in RULED_OUT])
def test_a_cause_rules_out_a_lookalike_on_its_own_instance(code: str, row: dict[str, Any]) -> None:
    rules = [rule for rule in rulebook.shipped() if (rule.code, rule.scope) == (code, "instance")]
    for cause, (effect, place) in product(rules, trials(code)):
        gone = effect.code in row["rules_out"] and place == HERE
        found = joined(cause, [(effect, place)])
        if effect.last_resort:
            continue
        assert (effect.code not in {one.code for one in found.findings}) == gone, (effect.code, place)
        assert (effect.code in {one.code for one in found.ruled_out}) == gone, (effect.code, place)


def test_the_table_names_only_existing_codes() -> None:
    known = {rule.code for rule in rulebook.shipped()} | {SYMPTOM + "*"}
    told = {code.split("@")[0] for row in ROWS for key, codes in row.items() if key not in {"if", "where", "says"} for code in codes}
    assert told <= known
