"""A matched rule: its subject, the observations behind it, and its texts and commands filled in with them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from collector.model import JSON
from collector.observe.observation import Observation
from collector.rulebook.rule import OPTIONAL, PLACEHOLDER, Rule

BY_TASK = frozenset({"log", "task_event"})
"""Topics whose observations are of one task; an allocation's own names the task that is worst off."""
PLAIN = 1000.0
"""From here on a number is told without a fraction."""
_WORD = re.compile(r"(?<!\S)\{(\w+)\}")
_COUNTED = re.compile(r"\{(\w+)\} (?:restart|transaction|time)s\b")
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
        return _quoted(whole, values) if quoted else PLACEHOLDER.sub(lambda slot: _words(values.get(slot[1])), _of_one(whole, values))

    def commands(self) -> tuple[tuple[str, str], ...]:
        """The rule's commands, filled in and quoted; without those that need what nobody knows here, or whose words would be options."""
        values = self.values()
        needed = [(what, text, PLACEHOLDER.findall(OPTIONAL.sub("", text))) for what, text in self.rule.commands]
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

    @property
    def tasks(self) -> frozenset[str]:
        """The tasks whose own words or ends it rests on."""
        return frozenset(self._speaking())

    def _task(self) -> dict[str, JSON]:
        """Of an allocation's tasks the one that was seen to say or do it, else the one that was asked, where its evidence is one task's."""
        asked = (one.fields["task"] for one in self.match.observations if one.fields.get("task"))
        task = next(chain(self._speaking(), asked), None)
        return {"task": task} if task else {}

    def _speaking(self) -> Iterator[str]:
        return (one.scope["task"] for one in self.match.observations if one.topic in BY_TASK and "task" in one.scope)


class Dropped(NamedTuple):
    """A rule that fitted but for its `unless`."""

    rule: Rule
    subject: Subject
    because: str


def _whole(template: str, values: Mapping[str, JSON]) -> str:
    """A part in square brackets that holds a placeholder is left out when that has no value."""

    def part(optional: re.Match[str]) -> str:
        return optional[1] if all(values.get(slot) not in (None, "") for slot in PLACEHOLDER.findall(optional[1])) else ""

    return OPTIONAL.sub(part, template)


def _of_one(template: str, values: Mapping[str, JSON]) -> str:
    """`1 restart`: what is counted stands in rules as of many."""
    return _COUNTED.sub(lambda many: many[0][:-1] if values.get(many[1]) == 1 else many[0], template)


def _quoted(command: str, values: Mapping[str, JSON]) -> str:
    """The command with its placeholders filled in, each quoted for every shell that reads it."""
    far = _FAR.match(command)

    def fill(slot: re.Match[str]) -> str:
        once = shlex.quote(_words(values.get(slot[1])))
        return shlex.quote(once) if far and slot.start() >= far.end() else once

    return PLACEHOLDER.sub(fill, command)


def _has_a_false_option(command: str, values: Mapping[str, JSON]) -> bool:
    """Whether a value would be read as an option, as a node's name of `-oProxyCommand=...` is by ssh: no quote helps against that."""
    return any(_words(values.get(slot)).startswith("-") for slot in _WORD.findall(command))


def _words(value: JSON) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < PLAIN else f"{value:.0f}"
    return " ".join(str(value).split())
