"""Rules over observations: which rule fits which subject, with the observations that make it so. Knows no product by name.

A subject is what a rule's scope says: an allocation (`instance`), a `node`, a `service`, or the `cluster`; the observations of the topic of
that name are the list of subjects.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from collector.cutoff import TooSlow
from collector.model import JSON
from collector.observe.observation import Observation, Observations
from collector.observe.topics import Topic
from collector.rule import Condition, Group, Matcher, Rule

QUOTES_PER_MATCHER = 2
MAX_EVIDENCE = 6
_NARROWEST = ("alloc", "service", "node")
BY_TASK = frozenset({"log", "task_event"})
"""Topics whose observations are of one task; an allocation's own names the task that is worst off."""
PLAIN = 1000.0
"""From here on a number is told without a fraction."""
_SLOT = re.compile(r"\{(\w+)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*\{\w+\}[^\[\]]*)\]")
_WORD = re.compile(r"(?<!\S)\{(\w+)\}")
_FAR = re.compile(r"ssh\s+\S+\s")
"""A command for another machine, up to where its own words begin: ssh joins them, and a second shell reads them again."""


class Subject(NamedTuple):
    """What a rule is tried on. `onset` is when its own observation began, as far as that is known."""

    scope: Mapping[str, str]
    onset: float | None = None


@dataclass(slots=True)
class Match:
    """Observations that a condition rests on, in the order of its matchers; those that only gave values; what patterns captured."""

    observations: list[Observation] = field(default_factory=list)
    captures: dict[str, JSON] = field(default_factory=dict)
    quiet: list[Observation] = field(default_factory=list)

    def add(self, other: Match) -> None:
        """Take the other's observations too; what was captured first stays."""
        self.observations += [one for one in other.observations if one not in self.observations]
        self.quiet += other.quiet
        self.captures = {**other.captures, **self.captures}


class Hit(NamedTuple):
    """A rule that fits a subject."""

    rule: Rule
    subject: Subject
    match: Match

    def text(self, template: str, *, quoted: bool = False) -> str:
        """A text of the rule with its placeholders filled in; each quoted where it is a command."""
        values = self.values()
        whole = _whole(template, values)
        return _quoted(whole, values) if quoted else _SLOT.sub(lambda slot: _words(values.get(slot[1])), whole)

    def commands(self) -> tuple[tuple[str, str], ...]:
        """The rule's commands, filled in and quoted; without those that need what nobody knows here, or whose words would be options."""
        values = self.values()
        needed = [(what, text, _SLOT.findall(_OPTIONAL.sub("", text))) for what, text in self.rule.commands]
        known = [(what, _whole(text, values)) for what, text, slots in needed if all(values.get(slot) not in (None, "") for slot in slots)]
        return tuple((what, self._of_its_stream(_quoted(text, values))) for what, text in known if not _has_a_false_option(text, values))

    def _of_its_stream(self, command: str) -> str:
        """A command reads stderr, unless what was found stands on stdout alone."""
        streams = {one.fields.get("stream") for one in self.match.observations if one.topic == "log"}
        return command.replace(" -stderr ", " ", 1) if streams == {"stdout"} else command

    def values(self) -> dict[str, JSON]:
        """Captures before scope parts before fields, of the first matching observation first."""
        values: dict[str, JSON] = {}
        every = [*self.match.observations, *self.match.quiet]
        for one in reversed(every):
            values |= {name: value for name, value in one.fields.items() if value is not None}
        for one in reversed(every):
            values |= one.scope
        return values | dict(self.subject.scope) | self._task() | self.match.captures

    def _task(self) -> dict[str, JSON]:
        """Of an allocation's tasks the one that was seen to say or do it, else the one that was asked, where its evidence is one task's."""
        said = [one.scope["task"] for one in self.match.observations if one.topic in BY_TASK and "task" in one.scope]
        said += [one.fields["task"] for one in self.match.observations if one.fields.get("task")]
        return {"task": said[0]} if said else {}


class Dropped(NamedTuple):
    """A rule that fitted but for its `unless`."""

    rule: Rule
    subject: Subject
    because: str


class Engine:
    """Tries rules on the observations of one bundle."""

    def __init__(self, observations: Observations, topics: Mapping[str, Topic]) -> None:
        self._seen = observations
        self._topics = topics
        self._given_up: dict[str, Rule] = {}

    @property
    def given_up(self) -> tuple[Rule, ...]:
        """The rules with a pattern that took too long: what they would have found is not known."""
        return tuple(self._given_up.values())

    def run(self, rules: Iterable[Rule]) -> tuple[list[Hit], list[Dropped]]:
        """Every rule on every subject of its scope."""
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
        """Does a link of the hit's rule hold for its subject?"""
        if condition is None:
            return True
        try:
            return self.holds(condition, Subject(hit.subject.scope)) is not None
        except TooSlow:
            self._given_up[hit.rule.place] = hit.rule
            return False

    def holds(self, condition: Condition, subject: Subject) -> Match | None:
        """The match, or None when the condition does not hold for the subject."""
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
                found.add(Match([], dict(captures), [one]) if matcher.quiet else Match([one], dict(captures)))
            elif high is None and count >= low:
                break
        return found if count >= low and (high is None or count <= high) else None

    def _candidates(self, matcher: Matcher, subject: Subject) -> Iterator[Observation] | Sequence[Observation]:
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
        """Is there anything at all of what it must see? Spares the subjects of a big cluster."""
        if isinstance(condition, Matcher):
            return condition.times[0] == 0 or any(_fits(one, condition) is not None for one in self._seen.of(condition.topic))
        return all(self._possible(part) for part in condition.all) and (
            not condition.any or any(self._possible(part) for part in condition.any)
        )


def _fits(one: Observation, matcher: Matcher) -> Mapping[str, str] | None:
    captures: dict[str, str] = {}
    for name, test in matcher.tests:
        found = test(one.fields.get(name, one.scope.get(name)))
        if found is None:
            return None
        captures |= found
    return captures


def _whole(template: str, values: Mapping[str, JSON]) -> str:
    """A part in square brackets that holds a placeholder is left out when that has no value."""

    def part(optional: re.Match[str]) -> str:
        return optional[1] if all(values.get(slot) not in (None, "") for slot in _SLOT.findall(optional[1])) else ""

    return _OPTIONAL.sub(part, template)


def _quoted(command: str, values: Mapping[str, JSON]) -> str:
    """The command with its placeholders filled in, each quoted for every shell that reads it."""
    far = _FAR.match(command)

    def fill(slot: re.Match[str]) -> str:
        once = shlex.quote(_words(values.get(slot[1])))
        return shlex.quote(once) if far and slot.start() >= far.end() else once

    return _SLOT.sub(fill, command)


def _has_a_false_option(command: str, values: Mapping[str, JSON]) -> bool:
    """Whether a value would be read as an option, as a node's name of `-oProxyCommand=...` is by ssh: no quote helps against that."""
    return any(_words(values.get(slot)).startswith("-") for slot in _WORD.findall(command))


def _words(value: JSON) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < PLAIN else f"{value:.0f}"
    return " ".join(str(value).split())
