"""Events of the YAML parser to data, without recursion; what is refused is refused before it can cost anything."""

from __future__ import annotations

from typing import Any

import yaml

from collector.errors import Problem, SpecError
from collector.model import JSON
from collector.yamlio.places import Place, child, mark_of
from collector.yamlio.scalars import scalar

MAX_DEPTH = 64
MAX_NODES = 100_000
QUOTE_IT = 'an expression needs quotes: "{{ ... }}"'


class _Frame:
    """A container that is being filled. `value` is a list, a dict, or for the document itself its one value."""

    __slots__ = ("awaits_key", "key", "kind", "path", "value")

    def __init__(self, kind: type[list[Any] | dict[str, Any]] | None, path: str, value: Any = None, *, awaits_key: bool = False) -> None:
        self.kind = kind
        self.path = path
        self.value = value
        self.key: str | None = None
        self.awaits_key = awaits_key


class Composer:
    """Builds data out of events, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.marks: dict[str, Place] = {}
        self.keys: dict[str, Place] = {}
        self.root = _Frame(None, "$")
        self._stack: list[_Frame] = []
        self._documents = 0
        self._nodes = 0
        self._skipping = 0

    def take(self, event: yaml.Event) -> None:
        """One event of the parser."""
        if isinstance(event, yaml.NodeEvent):
            self._node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._stop(event, "a second document starts here: one file holds one")

    def _node(self, event: yaml.NodeEvent) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._stop(event, f"has more than {MAX_NODES} values")
        if len(self._stack) + self._skipping > MAX_DEPTH:
            self._stop(event, f"is nested deeper than {MAX_DEPTH} levels")
        container = isinstance(event, yaml.CollectionStartEvent)
        if self._skipping:
            self._skipping += container
            return
        self._refuse(event)
        frame = self._stack[-1] if self._stack else self.root
        if frame.awaits_key:
            self._key(frame, event)
        else:
            self._value(frame, event)

    def _refuse(self, event: yaml.NodeEvent) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._problem(event, f"alias *{event.anchor} is not allowed: write the value out")
        elif event.anchor:
            self._problem(event, f"anchor &{event.anchor} is not allowed: write the value out where it is needed")
        elif tag := getattr(event, "tag", None):
            self._problem(event, f"tag {tag} is not allowed", "quote the value to make it text")

    def _key(self, frame: _Frame, event: yaml.NodeEvent) -> None:
        frame.awaits_key = False
        if isinstance(event, yaml.CollectionStartEvent):
            self._skipping = 1
            expression = isinstance(event, yaml.MappingStartEvent) and event.flow_style
            self._problem(event, "a key must be text, not a list or a mapping", QUOTE_IT if expression else "")
            frame.key = None
            return
        text = getattr(event, "value", "")
        if _plain(event) and not isinstance(scalar(text), str):
            self._problem(event, f"a key must be text, not {text or 'empty'}", f'quote it: "{text}"')
        path = child(frame.path, text)
        if path in self.keys:
            self._problem(
                event, f'key "{text}" stands here a second time', f"the first is in line {mark_of(self.file, self.keys[path]).line}", path
            )
        self.keys.setdefault(path, event.start_mark)
        frame.key = text

    def _value(self, frame: _Frame, event: yaml.NodeEvent) -> None:
        path = self._member_path(frame)
        self.marks[path] = event.start_mark
        value: Any = None
        if isinstance(event, yaml.MappingStartEvent):
            value = {}
            self._stack.append(_Frame(dict, path, value, awaits_key=True))
        elif isinstance(event, yaml.SequenceStartEvent):
            value = []
            self._stack.append(_Frame(list, path, value))
        elif isinstance(event, yaml.ScalarEvent):
            value = scalar(event.value) if _plain(event) else event.value
        _put(frame, value)

    def _member_path(self, frame: _Frame) -> str:
        if frame.kind is list:
            return child(frame.path, len(frame.value))
        return frame.path if frame.kind is None or frame.key is None else child(frame.path, frame.key)

    def _end(self) -> None:
        if self._skipping:
            self._skipping -= 1
        else:
            self._stack.pop()

    def _problem(self, event: yaml.Event, message: str, hint: str = "", path: str | None = None) -> None:
        place = path or (self._member_path(self._stack[-1]) if self._stack else "$")
        self.problems.append(Problem(mark_of(self.file, event.start_mark, place), message, hint))

    def _stop(self, event: yaml.Event, message: str) -> None:
        self._problem(event, message)
        raise SpecError(self.problems)


def _plain(event: yaml.Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and not event.style


def _put(frame: _Frame, value: JSON) -> None:
    if frame.kind is list:
        frame.value.append(value)
    elif frame.kind is dict:
        if frame.key is not None:
            frame.value[frame.key] = value
        frame.key, frame.awaits_key = None, True
    else:
        frame.value = value
