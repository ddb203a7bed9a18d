"""A matched rule: its subject, its evidence, and its texts and commands with placeholders filled in."""

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
"""Topics whose observations belong to one task (an `instance` observation only names its worst task)."""
PLAIN = 1000.0
"""Numbers from here on are shown without a fraction."""
_WORD = re.compile(r"(?<!\S)\{(\w+)\}")
_COUNTED = re.compile(r"\{(\w+)\} (?:restart|transaction|time)s\b")
_FAR = re.compile(r"ssh\s+\S+\s")
"""The part of an ssh command before the remote command, whose words are parsed by a second shell."""


class Subject(NamedTuple):
    """What a rule is evaluated on. `onset` is when the subject's own observation began (Unix seconds), if known."""

    scope: Mapping[str, str]
    onset: float | None = None


@dataclass(slots=True)
class Match:
    """The evidence for a condition, in the order of its matchers; `captures` of its patterns; `quiet` observations only supply values."""

    observations: list[Observation] = field(default_factory=list)
    captures: dict[str, JSON] = field(default_factory=dict)
    quiet: list[Observation] = field(default_factory=list)

    def add(self, other: Match) -> None:
        """Merge another match into this one; captures already present are kept."""
        self.observations += [one for one in other.observations if one not in self.observations]
        self.quiet += other.quiet
        self.captures = {**other.captures, **self.captures}


class Hit(NamedTuple):
    """A rule that matches a subject."""

    rule: Rule
    subject: Subject
    match: Match

    def text(self, template: str, *, quoted: bool = False) -> str:
        """Fill in a template's placeholders; `quoted` quotes each value for the shell."""
        values = self.values()
        whole = _with_optional_parts(template, values)
        return _quoted(whole, values) if quoted else PLACEHOLDER.sub(lambda slot: _format(values.get(slot[1])), _singular(whole, values))

    def commands(self) -> tuple[tuple[str, str], ...]:
        """Return the commands, filled in and quoted, without those with an unknown value or one that would be read as an option."""
        values = self.values()
        needed = [(what, text, PLACEHOLDER.findall(OPTIONAL.sub("", text))) for what, text in self.rule.commands]
        known = [
            (what, _with_optional_parts(text, values))
            for what, text, slots in needed
            if all(values.get(slot) not in (None, "") for slot in slots)
        ]
        return tuple((what, self._for_its_stream(_quoted(text, values))) for what, text in known if not _injects_an_option(text, values))

    def _for_its_stream(self, command: str) -> str:
        """Drop `-stderr` from a logs command if all the evidence is on stdout."""
        streams = {one.fields.get("stream") for one in self.match.observations if one.topic == "log"}
        return command.replace(" -stderr ", " ", 1) if streams == {"stdout"} else command

    def values(self) -> dict[str, JSON]:
        """Return the placeholders' values. Captures win over scope parts, scope parts over fields, earlier observations over later ones."""
        values: dict[str, JSON] = {}
        every = [*self.match.observations, *self.match.quiet]
        for one in reversed(every):
            values |= {name: value for name, value in one.fields.items() if value is not None}
        for one in reversed(every):
            values |= one.scope
        return values | dict(self.subject.scope) | self._task() | self.match.captures

    @property
    def tasks(self) -> frozenset[str]:
        """Names of the tasks whose logs or events are evidence."""
        return frozenset(self._evidence_tasks())

    def _task(self) -> dict[str, JSON]:
        """Return the task to name in texts: the one whose log or event is evidence, else the first one that an observation names."""
        named = (one.fields["task"] for one in self.match.observations if one.fields.get("task"))
        task = next(chain(self._evidence_tasks(), named), None)
        return {"task": task} if task else {}

    def _evidence_tasks(self) -> Iterator[str]:
        return (one.scope["task"] for one in self.match.observations if one.topic in BY_TASK and "task" in one.scope)


class Dropped(NamedTuple):
    """A rule that matched except for its `unless`."""

    rule: Rule
    subject: Subject
    because: str


def _with_optional_parts(template: str, values: Mapping[str, JSON]) -> str:
    """Resolve optional parts in square brackets: omitted if a placeholder within has no value."""

    def part(optional: re.Match[str]) -> str:
        return optional[1] if all(values.get(slot) not in (None, "") for slot in PLACEHOLDER.findall(optional[1])) else ""

    return OPTIONAL.sub(part, template)


def _singular(template: str, values: Mapping[str, JSON]) -> str:
    """Use the singular (`1 restart`) if the count is 1."""
    return _COUNTED.sub(lambda many: many[0][:-1] if values.get(many[1]) == 1 else many[0], template)


def _quoted(command: str, values: Mapping[str, JSON]) -> str:
    """Fill in a command's placeholders, each quoted for every shell that parses it."""
    far = _FAR.match(command)

    def fill(slot: re.Match[str]) -> str:
        once = shlex.quote(_format(values.get(slot[1])))
        return shlex.quote(once) if far and slot.start() >= far.end() else once

    return PLACEHOLDER.sub(fill, command)


def _injects_an_option(command: str, values: Mapping[str, JSON]) -> bool:
    """True if a value would be read as an option, as ssh reads a node named `-oProxyCommand=...`. Quoting does not prevent that."""
    return any(_format(values.get(slot)).startswith("-") for slot in _WORD.findall(command))


def _format(value: JSON) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < PLAIN else f"{value:.0f}"
    return " ".join(str(value).split())
