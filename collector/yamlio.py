"""YAML text to plain JSON data, with the place of every value.

The subset of YAML that a spec, a rule file or a file of variables needs: mappings with text keys, lists, scalars. Built on the parser's
events, so that nothing recurses, nothing is constructed from a tag, and what is refused is refused before it can cost anything
(facts: merge keys and aliases are CPU bombs, duplicate keys silently win, deep nesting ends in RecursionError).
Plain scalars mean what they mean in YAML 1.2: `no` and `on` are text, `012` and `12:30:45` are text, there are no dates.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from collector.errors import Problem, SpecError
from collector.model import JSON, Mark

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_NODES = 100_000
MAX_DIGITS = 100
TOO_LARGE = f"is larger than {MAX_BYTES} bytes"

_CONSTANTS: dict[str, JSON] = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NUMERIC = frozenset("+-.0123456789")
"""What a number may begin with: a quick look, since most scalars are words."""
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_QUOTE_IT = 'an expression needs quotes: "{{ ... }}"'
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


Place = Any
"""A mark of PyYAML, of its C parser or its own: lines and columns from 0; None where it has none."""


class Document(NamedTuple):
    """The data of a YAML file. `marks` holds the place of each value and `keys` that of each mapping key, by JSON path."""

    file: str
    data: JSON
    marks: Mapping[str, Place]
    keys: Mapping[str, Place]

    def mark(self, path: str) -> Mark:
        """Where the value at `path` stands; for a path that is not there, where its nearest container stands."""
        while path not in self.marks and path != "$":
            path = parent(path)
        return _mark(self.file, self.marks.get(path), path if path in self.marks else "$")

    def key_mark(self, path: str) -> Mark:
        """Where the key of the value at `path` stands."""
        return _mark(self.file, self.keys[path], path) if path in self.keys else self.mark(path)


def child(path: str, key: str | int) -> str:
    """The JSON path of a member: `$.a`, `$.a[0]`, `$['a b']`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return path + _step(key)


@lru_cache(1 << 12)
def _step(key: str) -> str:
    return f".{key}" if _IDENTIFIER.fullmatch(key) else f"[{key!r}]"


def parent(path: str) -> str:
    """The JSON path of the container of `path`; `$` for `$`."""
    cut = max(path.rfind("."), path.rfind("["))
    return path[:cut] if cut > 0 else "$"


def scalar(text: str) -> JSON:
    """What an unquoted scalar means: null, true, false, a number, or the text itself."""
    lowered = text.lower()
    if lowered in _CONSTANTS and text in (lowered, text.upper(), text.title()):
        return _CONSTANTS[lowered]
    if text[0] not in _NUMERIC or len(text) > MAX_DIGITS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


def read(path: Path) -> Document:
    """Reads and loads a YAML file; raises `SpecError` also when it cannot be read."""
    try:
        return load(text_of(path), str(path))
    except OSError as error:
        raise SpecError([Problem(Mark(str(path), 1, 1), f"cannot be read: {error.strerror}")]) from error


def text_of(path: Path) -> str:
    """The text of a file; `SpecError` where it holds none, OSError where it cannot be read."""
    with path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise SpecError([Problem(Mark(str(path), 1, 1), TOO_LARGE)])
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _mark_at(error.start, content, str(path))
        raise SpecError([Problem(place, f"is not UTF-8 text: {error.reason}", "is it a text file, and saved as UTF-8?")]) from error


def load(text: str, file: str) -> Document:
    """The data of one YAML document. Raises `SpecError` with every problem and its place, and nothing else, whatever the text is."""
    try:
        if len(text.encode("utf-8")) > MAX_BYTES:
            raise SpecError([Problem(Mark(file, 1, 1), TOO_LARGE)])
        composer = _Composer(file)
        for event in yaml.parse(text, Loader=_PARSER):
            composer.take(event)
    except UnicodeEncodeError as error:
        raise SpecError([Problem(Mark(file, 1, 1), f"is not text: {error.reason} at character {error.start}")]) from error
    except yaml.YAMLError as error:
        raise SpecError([_syntax_problem(error, text, file)]) from error
    if composer.problems:
        raise SpecError(composer.problems)
    return Document(file, composer.root.value, composer.marks, composer.keys)


def _syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    place = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    message = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    if place is None:
        return Problem(_mark_at(getattr(error, "position", 0), text.encode(), file), f"not YAML: {message}")
    lines = text.splitlines()
    line = lines[place.line] if place.line < len(lines) else ""
    if line[place.column : place.column + 1] == "\t":
        return Problem(Mark(file, place.line + 1, place.column + 1), "not YAML: a tab stands here", "indent with spaces")
    context = getattr(error, "context", None)
    detail = f"{message} {context}" if context else message
    return Problem(Mark(file, place.line + 1, place.column + 1), f"not YAML: {detail}", _QUOTE_IT if "{{" in line else "")


def _mark_at(position: int, content: bytes, file: str) -> Mark:
    """The place of a byte."""
    before = content[:position].decode(errors="ignore").split("\n")
    return Mark(file, len(before), len(before[-1]) + 1)


class _Frame:
    """A container that is being filled. `value` is a list, a dict, or for the document itself its one value."""

    __slots__ = ("awaits_key", "key", "kind", "path", "value")

    def __init__(self, kind: type[list[Any] | dict[str, Any]] | None, path: str, value: Any = None, *, awaits_key: bool = False) -> None:
        self.kind = kind
        self.path = path
        self.value = value
        self.key: str | None = None
        self.awaits_key = awaits_key


class _Composer:
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
            self._problem(event, "a key must be text, not a list or a mapping", _QUOTE_IT if expression else "")
            frame.key = None
            return
        text = getattr(event, "value", "")
        if _plain(event) and not isinstance(scalar(text), str):
            self._problem(event, f"a key must be text, not {text or 'empty'}", f'quote it: "{text}"')
        path = child(frame.path, text)
        if path in self.keys:
            self._problem(
                event, f'key "{text}" stands here a second time', f"the first is in line {_mark(self.file, self.keys[path]).line}", path
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
        self.problems.append(Problem(_mark(self.file, event.start_mark, place), message, hint))

    def _stop(self, event: yaml.Event, message: str) -> None:
        self._problem(event, message)
        raise SpecError(self.problems)


def _mark(file: str, place: Place, path: str = "$") -> Mark:
    """A place as people count it: from 1."""
    return Mark(file, place.line + 1, place.column + 1, path) if place else Mark(file, 1, 1, path)


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
