"""Matches rules against observations. Knows no product by name.

A rule's scope determines its subjects: allocations (`instance`), nodes (`node`), services (`service`) or the `cluster`. Each observation of
the topic of that name is one subject.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from collector.analyze.hits import Dropped, Hit, Match, Subject
from collector.cutoff import TooSlow
from collector.model import JSON
from collector.observe.observation import Observation, Observations
from collector.observe.topics import Topic
from collector.rulebook.conditions import Condition, Group, Matcher
from collector.rulebook.rule import Rule

QUOTES_PER_MATCHER = 2
_NARROWEST = ("alloc", "service", "node")
_FEW = 32
"""Topics with more observations than this are pre-checked by a field's distinct values, if there are at most this many."""


class Engine:
    """Evaluates rules on the observations of one bundle."""

    def __init__(self, observations: Observations, topics: Mapping[str, Topic]) -> None:
        self._seen = observations
        self._topics = topics
        self._given_up: dict[str, Rule] = {}
        self._known_values: dict[tuple[str, str], Collection[JSON]] = {}

    @property
    def given_up(self) -> tuple[Rule, ...]:
        """Rules abandoned because a pattern took too long; whether they apply is unknown."""
        return tuple(self._given_up.values())

    def run(self, rules: Iterable[Rule]) -> tuple[list[Hit], list[Dropped]]:
        """Evaluate every rule on every subject of its scope; return the hits, and those dropped because of an `unless`."""
        hits: list[Hit] = []
        dropped: list[Dropped] = []
        for rule in rules:
            try:
                self._try(rule, hits, dropped)
            except TooSlow:
                self._given_up[rule.place] = rule
        return hits, dropped

    def _try(self, rule: Rule, hits: list[Hit], dropped: list[Dropped]) -> None:
        if not self._possible(rule.when):
            return
        for subject in self._subjects(rule.scope):
            match = self.holds(rule.when, subject)
            if match is None:
                continue
            veto = self.holds(rule.unless, subject) if rule.unless else None
            if veto is None:
                hits.append(Hit(rule, subject, match))
            else:
                dropped.append(Dropped(rule, subject, veto.observations[0].quote if veto.observations else "its condition is not met"))

    def applies(self, condition: Condition | None, hit: Hit) -> bool:
        """True if a link's condition holds for the hit's subject."""
        if condition is None:
            return True
        try:
            return self.holds(condition, Subject(hit.subject.scope)) is not None
        except TooSlow:
            self._given_up[hit.rule.place] = hit.rule
            return False

    def holds(self, condition: Condition, subject: Subject) -> Match | None:
        """Return the match, or None if the condition does not hold for the subject."""
        return self._see(condition, subject) if isinstance(condition, Matcher) else self._group(condition, subject)

    def _group(self, group: Group, subject: Subject) -> Match | None:
        found = Match()
        for condition in group.all:
            match = self.holds(condition, subject)
            if match is None:
                return None
            found.add(match)
        if any(self.holds(condition, subject) is not None for condition in group.none):
            return None
        matches = [match for match in (self.holds(condition, subject) for condition in group.any) if match is not None]
        if group.any and not matches:
            return None
        for match in matches:
            found.add(match)
        return found

    def _see(self, matcher: Matcher, subject: Subject) -> Match | None:
        found = Match()
        count = 0
        low, high = matcher.times
        for one in self._candidates(matcher, subject):
            captures = _fits(one, matcher)
            if captures is None:
                continue
            count += 1
            if count <= QUOTES_PER_MATCHER:
                found.add(Match([], captures, [one]) if matcher.quiet else Match([one], captures))
            elif high is None and count >= low:
                break
        return found if count >= low and (high is None or count <= high) else None

    def _candidates(self, matcher: Matcher, subject: Subject) -> Iterable[Observation]:
        if matcher.of == "cluster":
            return self._seen.of(matcher.topic)
        if matcher.of == "elsewhere":
            here = subject.scope.get("node")
            return (one for one in self._seen.of(matcher.topic) if one.scope.get("node") != here)
        parts = self._topics[matcher.topic].scope.split()
        for part in ("node",) if matcher.of == "node" else _NARROWEST:
            if part in subject.scope and part in parts:
                return self._seen.of(matcher.topic, **{part: subject.scope[part]})
        return self._seen.of(matcher.topic)

    def _subjects(self, scope: str) -> list[Subject]:
        if scope == "cluster":
            return [Subject({})]
        return [Subject(one.scope, one.at) for one in self._seen.of(scope)]

    def _possible(self, condition: Condition) -> bool:
        """Quick check for big clusters: False if no observation at all could satisfy the condition."""
        if isinstance(condition, Matcher):
            return condition.times[0] == 0 or (
                self._conceivable(condition) and any(_fits(one, condition) is not None for one in self._seen.of(condition.topic))
            )
        return all(self._possible(part) for part in condition.all) and (
            not condition.any or any(self._possible(part) for part in condition.any)
        )

    def _conceivable(self, matcher: Matcher) -> bool:
        """Quick check: is there, for each tested field, any value that passes? Distinct values are far fewer than observations."""
        if len(self._seen.of(matcher.topic)) <= _FEW:
            return True
        known = ((self._values(matcher.topic, name), test) for name, test in matcher.tests)
        return all(len(values) > _FEW or any(test(value) is not None for value in values) for values, test in known)

    def _values(self, topic: str, name: str) -> Collection[JSON]:
        """Return the distinct values of a field in a topic; True and 1 are distinct."""
        if (topic, name) not in self._known_values:
            every = (_value(one, name) for one in self._seen.of(topic))
            self._known_values[topic, name] = {(value.__class__, value): value for value in every}.values()
        return self._known_values[topic, name]


def _value(one: Observation, name: str) -> JSON:
    return one.fields.get(name, one.scope.get(name))


def _fits(one: Observation, matcher: Matcher) -> dict[str, JSON] | None:
    captures: dict[str, JSON] = {}
    for name, test in matcher.tests:
        found = test(_value(one, name))
        if found is None:
            return None
        captures |= found
    return captures
