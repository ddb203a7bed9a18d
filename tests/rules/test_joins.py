"""What a cause explains, and where, as a table: nothing that it should not, for what it explains is no root any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector import rulebook
from collector.analyze.causes import Causes, connect
from collector.analyze.engine import Engine
from collector.analyze.hits import Hit, Match, Subject
from collector.observe import TOPICS, Observation, Observations
from collector.rulebook.rule import SYMPTOM, Rule

ROWS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("joins.yml").read_text("utf-8"))["rows"]
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
    "lost-with-node": ("server", "lost_with_node", True, False),
    "left-behind": ("check", "alloc_known", False, True),
    "unled": ("litefs", "primary_answers", False, True),
    "unfound": ("litefs", "never_synced", True, False),
    "far": ("litefs", "lagging", "critical", "warning"),
    "passed-on": ("check", "upstream", "n1", None),
    "stands-in": ("instance", "stands_in", True, False),
    "parted": ("server", "led_by", "10.1.0.2:8300", None),
}
"""What a row can ask for besides: topic and field of an observation, its value when the fact holds, and when it does not."""

BESIDE: Mapping[str, Mapping[str, object]] = {
    "log": {"live": True, "decisive": False, "asks_for_lease": True},
    "check": {"level": "node", "status": "critical"},
    "task_event": {"current": True},
    "litefs": {"knows_primary": False},
    "server": {"answers": True, "leader": True},
}
"""What an observation has besides, wherever there is one."""


@cache
def seen(facts: frozenset[str]) -> Observations:
    """A cluster in which these facts hold, and no other; on the other node it is the other way round."""
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


def joined(cause: Rule, effect: Rule, place: str, facts: frozenset[str] = frozenset()) -> Causes:
    """A finding of each, and nothing else."""
    here = next(iter(PLACES[cause.scope].values()))
    hits = [Hit(cause, Subject(here), Match()), Hit(effect, Subject(PLACES[effect.scope][place]), Match())]
    return connect(hits, [], Engine(seen(facts), TOPICS), seen(facts))


def explains(cause: Rule, effect: Rule, place: str, facts: frozenset[str]) -> bool:
    """Does the finding of the one end under that of the other, or go where it is a last resort?"""
    findings = joined(cause, effect, place, facts).findings
    if effect.last_resort:
        return effect.code not in {one.code for one in findings}
    below = {ident for one in findings if one.code == cause.code for ident in one.explains}
    return any(one.code == effect.code and one.id in below for one in findings)


def effects() -> dict[tuple[str, str], Rule]:
    """One rule of each code and scope."""
    return {(rule.code, rule.scope): rule for rule in rulebook.shipped()}


def causes() -> list[tuple[str, str]]:
    """Code and scope of every rule that explains anything, and of all that the table names."""
    told = {cause for row in ROWS for cause in row["causes"]}
    return sorted({(rule.code, rule.scope) for rule in rulebook.shipped() if rule.explains or name(rule.code, rule.scope) in told})


def wanted(row: Mapping[str, Any], effect: Rule, place: str) -> bool:
    """Does the row say that this is explained there? `anywhere` is every place."""
    codes = {*row.get(place, ()), *row.get("anywhere", ())}
    return effect.code in codes or (place != WHOLE and effect.symptom and SYMPTOM + "*" in codes)


def holds_there(row: Mapping[str, Any], place: str, facts: frozenset[str]) -> bool:
    """What a row says only of findings where something holds: here with the fact, and on the other node without it."""
    return "where" not in row or place == (HERE if row["where"] in facts else OTHERS)


def name(code: str, scope: str) -> str:
    """The table's name for the rules of a code that have this scope."""
    first = next(rule.scope for rule in rulebook.shipped() if rule.code == code)
    return code if scope == first else f"{code}@{scope}"


def of(code: str, scope: str) -> list[dict[str, Any]]:
    """The rows about a cause. What is explained on its own node is, for a cause on a node, every allocation's."""
    mine = [row for row in ROWS if name(code, scope) in row["causes"]]
    return [{**row, NEIGHBOUR: row.get(HERE, ())} if scope == "node" else row for row in mine]


def trials(code: str) -> Iterator[tuple[Rule, str]]:
    """Every finding of another code, everywhere that it can be."""
    for (other, scope), effect in effects().items():
        yield from ((effect, place) for place in PLACES[scope] if other != code)


@pytest.mark.parametrize(("code", "scope"), causes())
def test_a_cause_explains_what_the_table_says_and_nothing_else(code: str, scope: str) -> None:
    rules = [rule for rule in rulebook.shipped() if (rule.code, rule.scope) == (code, scope)]
    rows = of(code, scope)
    assert rows, "no row tells what it explains"
    for facts in (frozenset[str](), *(frozenset({row[key]}) for row in rows for key in ("if", "where") if key in row)):
        for cause, (effect, place) in product(rules, trials(code)):
            told = [row for row in rows if row.get("if", "") in {*facts, ""} and holds_there(row, place, facts)]
            says = any(wanted(row, effect, place) for row in told)
            assert explains(cause, effect, place, facts) == says, (cause.place, effect.code, place, facts)


RULED_OUT = [(code, row) for row in ROWS for code in row["causes"] if "rules_out" in row]


@pytest.mark.parametrize(("code", "row"), RULED_OUT, ids=[code for code, _ in RULED_OUT])
def test_a_cause_takes_away_what_only_looks_like_another_on_its_own_instance(code: str, row: dict[str, Any]) -> None:
    rules = [rule for rule in rulebook.shipped() if (rule.code, rule.scope) == (code, "instance")]
    for cause, (effect, place) in product(rules, trials(code)):
        gone = effect.code in row["rules_out"] and place == HERE
        found = joined(cause, effect, place)
        if effect.last_resort:
            continue
        assert (effect.code not in {one.code for one in found.findings}) == gone, (effect.code, place)
        assert (effect.code in {one.code for one in found.ruled_out}) == gone, (effect.code, place)


def test_the_table_names_no_code_that_is_not_there() -> None:
    known = {rule.code for rule in rulebook.shipped()} | {SYMPTOM + "*"}
    told = {code.split("@")[0] for row in ROWS for key, codes in row.items() if key not in {"if", "where", "says"} for code in codes}
    assert told <= known
