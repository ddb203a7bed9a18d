"""Every way to break one rule in one place, and the tests that must notice."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, reduce

from collector import rulebook, yamlio
from collector.analyze import analyze
from collector.errors import CollectorError
from collector.model import JSON, Bundle, Report
from collector.resources import incidents, rules_dir
from collector.rule import Rule, compile_rule
from collector.yamlio import Document
from tests.analysis import bundles
from tests.e2e.incidents import diagnose, recording, timeless
from tests.rules import test_cases as cases
from tests.rules import test_every_rule as further

Place = tuple[str | int, ...]
NEXT = {"ge": "gt", "gt": "ge", "le": "lt", "lt": "le"}
ELSEWHERE = {"same": "cluster", "node": "cluster", "cluster": "same", "elsewhere": "cluster", "instance": "cluster", "service": "cluster"}
TEXTS = {(name,) for name in ("title", "detail", "remedy", "commands", "summary", "reference", "code", "scope")}
ONE_OF_MANY = ("all", "any", "none", "codes", "explains", "rules_out", "not")


TESTS = {
    "code": cases.test_the_cause_is_the_first_root_on_the_right_node,
    "not": cases.test_the_cause_is_not_accused,
    "finds": further.test_the_finding_is_there_and_says_what_was_seen,
}
"""The test of a case, by the key that such a case has."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule file with one rule broken in one place."""

    file: str
    index: int
    code: str
    what: str
    rules: JSON

    @property
    def about(self) -> str:
        """Which rule it is."""
        return f"`{self.code}`, rule {self.index + 1} of {self.file}"


def mutants() -> Iterator[Mutant]:
    """All of them, rule by rule."""
    for path in sorted(rules_dir().glob("*.yml")):
        rules = yamlio.read(path).data
        for index, rule in enumerate(rules):
            for what, broken in _breaks(rule):
                others = [*rules[:index], *([broken] if broken else []), *rules[index + 1 :]]
                yield Mutant(path.name, index, rule["code"], what, others)


def _breaks(rule: JSON) -> Iterator[tuple[str, JSON]]:
    """What is done to a rule, and the rule that comes of it; None where the rule is gone."""
    yield "without the rule", None
    for place, value in _places(rule):
        yield from ((what, _put(rule, place, new)) for what, new in _broken(place, value))


def _places(value: JSON, place: Place = ()) -> Iterator[tuple[Place, JSON]]:
    """Every part of what a rule decides by. Texts, commands and optional evidence decide nothing."""
    if place[:1] in TEXTS or (isinstance(value, dict) and value.get("count") == {"min": 0}):
        return
    yield place, value
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(part, (*place, key))


def _broken(place: Place, value: JSON) -> Iterator[tuple[str, JSON]]:
    """What a part can become: its members dropped one by one, or another value."""
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
        yield f"{where} is {ELSEWHERE[value]}", ELSEWHERE[value]
    elif isinstance(value, dict) and len(value) == 1 and (comparison := next(iter(value))) in NEXT:
        yield f"{where}: {NEXT[comparison]} for {comparison}", {NEXT[comparison]: value[comparison]}


def _brief(member: JSON) -> str:
    if isinstance(member, dict) and "see" in member:
        return f"`{member['see']}: {', '.join(member.get('where', {}))}`"
    if isinstance(member, dict):
        return " of ".join(f"`{key}`" for key in member)
    return f"`{member}`"


def _put(rule: JSON, place: Place, new: JSON) -> JSON:
    """The rule with another value at one place; None and an empty condition take it out."""
    if not place:
        return new
    key, rest = place[0], place[1:]
    part = _put(rule[key], rest, new)
    gone = part is None or (part in ([], {}) and key in ONE_OF_MANY)
    if isinstance(rule, list):
        return [*rule[:key], *([] if gone else [part]), *rule[key + 1 :]]
    return {name: value for name, value in {**rule, key: part}.items() if not (gone and name == key)}


@cache
def _shipped(file: str) -> tuple[Rule, ...]:
    return _compiled(yamlio.read(rules_dir() / file).data)


def _compiled(rules: JSON) -> tuple[Rule, ...]:
    return tuple(compile_rule(rule, "mutant") for rule in rulebook.completed(rules))


def survives(mutant: Mutant) -> bool:
    """Whether no case, no recorded incident and no lint notices."""
    try:
        files = sorted(path.name for path in rules_dir().glob("*.yml"))
        broken = reduce(operator.add, (_compiled(mutant.rules) if name == mutant.file else _shipped(name) for name in files))
    except (CollectorError, KeyError, ValueError, TypeError):
        return False
    whole = rulebook.shipped
    rulebook.shipped = lambda: broken  # type: ignore[assignment]
    try:
        return (
            not any(_noticed(case) for case in _nearest_first(mutant.code)) and all(_alike(name) for name in incidents()) and _lints(mutant)
        )
    finally:
        rulebook.shipped = whole


def _nearest_first(code: str) -> list[dict[str, JSON]]:
    return sorted([*cases.CASES, *further.FURTHER], key=lambda case: code not in {case.get("code"), case.get("not"), case.get("finds")})


def _noticed(case: dict[str, JSON]) -> bool:
    test = next(test for key, test in TESTS.items() if key in case)
    try:
        test(case)
    except AssertionError:
        return True
    return False


def _alike(name: str) -> bool:
    """Whether the report on a recorded incident, which is kept as a golden, stays as it is."""
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
    return not rulebook.lint_rules(Document(mutant.file, mutant.rules, {}, {}))


def prepare() -> None:
    """What is the same for all mutants is done once: bundles, and the reports of the rules as they are."""
    made: dict[int, Bundle] = {}
    build = bundles.bundle

    def once(case: dict[str, JSON]) -> Bundle:
        return made[id(case)] if id(case) in made else made.setdefault(id(case), build(case))

    cases.bundle = further.bundle = once
    for case in _nearest_first(""):
        if _noticed(case):
            raise AssertionError(f"fails already without a mutation: {case['says']}")
    for name in incidents():
        _report(name)
