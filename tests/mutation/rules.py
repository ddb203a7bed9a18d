"""Generates single mutations of rules, and runs the tests that must notice them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import repeat
from pathlib import Path
from typing import TypeVar

import pytest

from collector import analyze as analysis
from collector import rulebook, yamlio
from collector.analyze import analyze
from collector.errors import CollectorError
from collector.model import JSON, Bundle, Report
from collector.resources import incidents, rule_files
from collector.rulebook import joins as named
from collector.rulebook import lint_rules
from collector.rulebook.joins import joins
from collector.rulebook.reading import compile_all
from collector.rulebook.rule import Rule
from collector.yamlio import Document
from tests.analysis import bundles
from tests.decided import incidents as decided
from tests.e2e.incidents import diagnose, recording, timeless
from tests.mutation.alone import codes_found, found
from tests.rules import test_cases as cases
from tests.rules import test_every_rule as findings
from tests.rules import test_joins as table

Place = tuple[str | int, ...]
Given, Made = TypeVar("Given"), TypeVar("Made")
NEXT = {"ge": "gt", "gt": "ge", "le": "lt", "lt": "le"}
ELSEWHERE = {"same": "cluster", "node": "cluster", "cluster": "same", "elsewhere": "cluster"}
JOINED = {"instance": "cluster", "node": "cluster", "service": "cluster", "elsewhere": "cluster", "cluster": "node"}
"""Where else a matcher can look, and a link can reach."""
TEXTS = {(name,) for name in ("title", "detail", "remedy", "at_risk", "commands", "summary", "reference", "code", "scope")}
CONDITIONS = ("all", "any", "none")
ONE_OF_MANY = (*CONDITIONS, "codes", "explains", "rules_out", "not")


TESTS = {
    "code": cases.test_the_cause_is_the_first_root_on_the_right_node,
    "not": cases.test_the_cause_is_not_accused,
    "finds": findings.test_the_finding_is_there_and_says_what_was_seen,
    "lacks": findings.test_the_finding_is_not_there,
}
"""The test of a case, by the key that such a case has."""
JOINS = "joins.yml"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule file with a single mutation in a rule or a join; for a join `code` is its name."""

    file: str
    index: int
    code: str
    what: str
    data: JSON

    @property
    def about(self) -> str:
        """Which rule or join it is."""
        return f"the join `{self.code}`" if self.file == JOINS else f"`{self.code}`, rule {self.index + 1} of {self.file}"


def mutants() -> Iterator[Mutant]:
    """Return all mutants, rule by rule."""
    for index, (name, join) in enumerate(joins().items()):
        for what, broken in _breaks(join):
            if broken:
                yield Mutant(JOINS, index, name, what, {**joins(), name: broken})
    for path in rule_files():
        rules = yamlio.read(path).data
        for index, rule in enumerate(rules):
            for what, broken in _breaks(rule):
                others = [*rules[:index], *([broken] if broken else []), *rules[index + 1 :]]
                yield Mutant(path.name, index, rule["code"], what, others)


def _breaks(rule: JSON) -> Iterator[tuple[str, JSON]]:
    """Return mutations of a rule with their result; None means that the rule is removed."""
    yield "without the rule", None
    for place, value in _places(rule):
        yield from ((what, _put(rule, place, new)) for what, new in _broken(place, value))


def _places(value: JSON, place: Place = ()) -> Iterator[tuple[Place, JSON]]:
    """Return every position in a rule's conditions and links; texts, commands and optional evidence have no effect on the result."""
    if place[:1] in TEXTS or (isinstance(value, dict) and value.get("count") == {"min": 0}):
        return
    yield place, value
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(part, (*place, key))


def _broken(place: Place, value: JSON) -> Iterator[tuple[str, JSON]]:
    """Return the possible mutations of a value: its members removed one by one, or another value."""
    name, where = place[-1] if place else "", ".".join(map(str, place))
    if name == "where":
        for field in value:
            yield f"{where} without `{field}`", {key: wanted for key, wanted in value.items() if key != field}
    elif isinstance(value, list) and (name in ONE_OF_MANY or "where" in place):
        for index, member in enumerate(value):
            if isinstance(member, dict) and member.get("count") == {"min": 0}:
                continue
            yield f"{where} without {_brief(member)}", [*value[:index], *value[index + 1 :]]
    elif name in {"unless", "if", "count"}:
        yield f"without {where}", None
    elif isinstance(value, bool) and name != "quiet":
        yield f"{where} is {str(not value).lower()}", not value
    elif name == "of":
        other = (JOINED if place[-3] in {"explains", "rules_out"} else ELSEWHERE)[value]
        yield f"{where} is {other}", other
    elif isinstance(value, dict) and len(value) == 1 and (comparison := next(iter(value))) in NEXT:
        yield f"{where}: {NEXT[comparison]} for {comparison}", {NEXT[comparison]: value[comparison]}


def _brief(member: JSON) -> str:
    if isinstance(member, dict) and "see" in member:
        return f"`{member['see']}: {', '.join(member.get('where', {}))}`"
    if isinstance(member, dict):
        return " of ".join(f"`{key}`" for key in member)
    return f"`{member}`"


def _put(rule: JSON, place: Place, new: JSON) -> JSON:
    """Return the rule with another value at one position; None and an empty condition remove it."""
    if not place:
        return new
    key, rest = place[0], place[1:]
    part = _put(rule[key], rest, new)
    gone = part is None or (part in ([], {}) and key in CONDITIONS)
    if isinstance(rule, list):
        return [*rule[:key], *([] if gone else [part]), *rule[key + 1 :]]
    return {name: value for name, value in {**rule, key: part}.items() if not (gone and name == key)}


def _rulebook(mutant: Mutant) -> tuple[Rule, ...]:
    """Return all rules including the mutated one."""
    if mutant.file == JOINS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(named, "joins", lambda: mutant.data)
            patch.setattr(named, "_links_of", named._links_of.__wrapped__)
            return tuple(rule for path in rule_files() for rule in _compiled(yamlio.read(path).data))
    return tuple(rule for path in rule_files() for rule in (_compiled(mutant.data) if path.name == mutant.file else _shipped(path)))


@cache
def _shipped(path: Path) -> list[Rule]:
    return _compiled(yamlio.read(path).data)


def _shipped_as(name: str) -> list[Rule]:
    return next(_shipped(path) for path in rule_files() if path.name == name)


def _compiled(rules: JSON) -> list[Rule]:
    return list(compile_all(rules, repeat("mutant")))


def survives(mutant: Mutant) -> bool:
    """True if no case, recorded incident, lint or decided incident notices."""
    try:
        broken = _rulebook(mutant)
    except (CollectorError, KeyError, ValueError, TypeError):
        return False
    reached = _reached(mutant, broken)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rulebook, "shipped", lambda: broken)
        told = _as_the_table_says(mutant) and _lints(mutant) and _as_cases_say(mutant, reached)
        alike = told and all(_alike(name) for name in incidents() if reached(_bundle(name)))
        return alike and not any(decided.differences(case) for case in _decided(mutant.code) if reached(decided.bundle_of(case)))


def _reached(mutant: Mutant, broken: Sequence[Rule]) -> Callable[[Bundle], bool]:
    """Return the bundles that the mutation can affect; not those in which the rule alone finds the same, or still nothing.

    Links and joins are not determined by the rule alone: they may matter wherever the cause, or what uses the join, is found.
    """
    part = mutant.what.removeprefix("without ")
    if mutant.file == JOINS or part.startswith(("explains", "rules_out")):
        explaining = _meant(mutant)
        return lambda bundle: not explaining.isdisjoint(_codes(bundle))
    if not part.startswith(("when", "unless", "the rule")):
        return lambda _bundle: True
    before = _shipped_as(mutant.file)[mutant.index]
    after = None if mutant.what == "without the rule" else _at(broken, mutant)
    return lambda bundle: found(before, bundle) != found(after, bundle)


def _at(broken: Sequence[Rule], mutant: Mutant) -> Rule:
    """Return the mutated rule as compiled among all."""
    names = [path.name for path in rule_files()]
    before = sum(len(_shipped_as(name)) for name in names[: names.index(mutant.file)])
    return broken[before + mutant.index]


def _as_the_table_says(mutant: Mutant) -> bool:
    """True if the links match the table of joins."""
    if not mutant.what.removeprefix("without ").startswith(("explains", "rules_out")):
        return True
    every = [(code, scope) for code, scope in table.causes() if code in _meant(mutant)]
    return all(_passes(partial(table.test_a_cause_explains_what_the_table_says_and_nothing_else, *one)) for one in every) and all(
        _passes(partial(table.test_a_cause_rules_out_a_lookalike_on_its_own_instance, *one)) for one in table.RULED_OUT
    )


def _meant(mutant: Mutant) -> set[str]:
    """The codes whose findings a mutant is about."""
    return _naming(mutant.code) if mutant.file == JOINS else {mutant.code}


@cache
def _naming(join: str) -> set[str]:
    """Return the codes of the rules that use a join."""
    return {rule["code"] for path in rule_files() for rule in yamlio.read(path).data if join in rule.get("explains", ())}


def _as_cases_say(mutant: Mutant, reached: Callable[[Bundle], bool]) -> bool:
    return not any(_noticed(case) for case in _nearest_first(mutant.code) if reached(cases.bundle(case)))


def _nearest_first(code: str) -> list[dict[str, JSON]]:
    return sorted(cases.CASES, key=lambda case: code not in {case.get(key) for key in TESTS})


@cache
def _decided(code: str) -> list[dict[str, JSON]]:
    """Return the incidents of tests/decided that are answered as decided, those about this code first."""
    return sorted(_answered(), key=lambda case: not any(answer.startswith(f"{code}@") for answer in case["first"]))


@cache
def _answered() -> list[dict[str, JSON]]:
    return [case for case in decided.incidents().values() if "open" not in case]


def _noticed(case: dict[str, JSON]) -> bool:
    return not _passes(partial(next(test for key, test in TESTS.items() if key in case), case))


def _passes(test: Callable[[], None]) -> bool:
    try:
        test()
    except AssertionError:
        return False
    return True


def _alike(name: str) -> bool:
    """True if the golden report on a recorded incident is unchanged."""
    report = _report(name)
    now = analyze(_bundle(name))
    return (report.verdict, report.findings, report.ruled_out) == (now.verdict, now.findings, now.ruled_out)


@cache
def _report(name: str) -> Report:
    return analyze(_bundle(name))


@cache
def _bundle(name: str) -> Bundle:
    return timeless(diagnose(name), float(recording(name).meta["recorded_at"]))


def _lints(mutant: Mutant) -> bool:
    return mutant.file == JOINS or not lint_rules(Document(mutant.file, mutant.data, {}, {}))


def _once(make: Callable[[Given], Made]) -> Callable[[Given], Made]:
    """Cache a function whose arguments are immutable."""
    made: dict[int, tuple[Given, Made]] = {}

    def kept(given: Given) -> Made:
        return (made[id(given)] if id(given) in made else made.setdefault(id(given), (given, make(given))))[1]

    return kept


_codes = _once(codes_found)


def prepare() -> None:
    """Compute once what is the same for all mutants: bundles, and the reports of the original rules."""
    cases.bundle = findings.bundle = _once(bundles.bundle)
    decided.bundle_of = _once(decided.bundle_of)
    analysis.observe = _once(analysis.observe)
    for case in _nearest_first(""):
        if _noticed(case):
            raise AssertionError(f"fails already without a mutation: {case['says']}")
    for name in incidents():
        _report(name)
    for each in (*map(cases.bundle, cases.CASES), *map(_bundle, incidents()), *map(decided.bundle_of, _answered())):
        _codes(each)
