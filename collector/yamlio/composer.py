"""Builds data from the YAML parser's events, without recursion; unsupported input is rejected before it costs anything."""

from __future__ import annotations

from typing import Any

import yaml

from collector.errors import Problem, SpecError
from collector.model import JSON
from collector.yamlio.document import Place, child, mark_of
from collector.yamlio.scalars import scalar

MAX_DEPTH = 64
MAX_NODES = 100_000
QUOTE_IT = 'an expression needs quotes: "{{ ... }}"'


class _Frame:
    """A container under construction. `value` is a list, a dict, or for the document itself its single value.

    `key` and `member` are the key and path of the dict entry whose value comes next.
    """

    __slots__ = ("awaits_key", "key", "kind", "member", "path", "value")

    def __init__(self, kind: type[list[Any] | dict[str, Any]] | None, path: str, value: Any = None) -> None:
        self.kind = kind
        self.path = self.member = path
        self.value = value
        self.key: str | None = None
        self.awaits_key = kind is dict


class Composer:
    """Builds data from events, without recursion."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.marks: dict[str, Place] = {}
        self.keys: dict[str, Place] = {}
        self.root = self._frame = _Frame(None, "$")
        self._stack: list[_Frame] = []
        self._documents = 0
        self._nodes = 0
        self._skipping = 0

    def take(self, event: yaml.Event) -> None:
        """Process one parser event."""
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
        if self._skipping:
            self._skipping += isinstance(event, yaml.CollectionStartEvent)
            return
        self._refuse(event)
        if self._frame.awaits_key:
            self._key(self._frame, event)
        else:
            self._value(self._frame, event)

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
            frame.key, frame.member = None, frame.path
            return
        text = getattr(event, "value", "")
        if _plain(event) and not isinstance(scalar(text), str):
            self._problem(event, f"a key must be text, not {text or 'empty'}", f'quote it: "{text}"')
        path = child(frame.path, text)
        if path in self.keys:
            self._problem(
                event, f'key "{text}" is here a second time', f"the first is in line {mark_of(self.file, self.keys[path]).line}", path
            )
        self.keys.setdefault(path, event.start_mark)
        frame.key, frame.member = text, path

    def _value(self, frame: _Frame, event: yaml.NodeEvent) -> None:
        path = _next(frame)
        self.marks[path] = event.start_mark
        if isinstance(event, yaml.ScalarEvent):
            _put(frame, event.value if event.style else scalar(event.value))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._stack.append(frame)
            self._frame = _Frame(dict, path, {}) if isinstance(event, yaml.MappingStartEvent) else _Frame(list, path, [])
            _put(frame, self._frame.value)
        else:
            _put(frame, None)

    def _end(self) -> None:
        if self._skipping:
            self._skipping -= 1
        else:
            self._frame = self._stack.pop()

    def _problem(self, event: yaml.Event, message: str, hint: str = "", path: str | None = None) -> None:
        self.problems.append(Problem(mark_of(self.file, event.start_mark, path or _next(self._frame)), message, hint))

    def _stop(self, event: yaml.Event, message: str) -> None:
        self._problem(event, message)
        raise SpecError(self.problems)


def _plain(event: yaml.Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and not event.style


def _next(frame: _Frame) -> str:
    """Return the path of the next value."""
    return f"{frame.path}[{len(frame.value)}]" if frame.kind is list else frame.member


def _put(frame: _Frame, value: JSON) -> None:
    if frame.kind is list:
        frame.value.append(value)
    elif frame.kind is dict:
        if frame.key is not None:
            frame.value[frame.key] = value
        frame.key, frame.member, frame.awaits_key = None, frame.path, True
    else:
        frame.value = value
