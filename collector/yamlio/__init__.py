"""Converts YAML text to plain JSON data with the position of every value.

Supports the subset needed by specs, rules and variable files: mappings with string keys, lists, scalars. Built on parser events, so that
nothing recurses, no tag constructs an object, and unsupported input is rejected before it costs anything (merge keys and aliases can
exhaust the CPU, duplicate keys silently override, deep nesting causes RecursionError).
"""

from __future__ import annotations

from pathlib import Path

import yaml

from collector.errors import Problem, SpecError
from collector.model import Mark
from collector.yamlio.composer import MAX_DEPTH, MAX_NODES, QUOTE_IT, Composer
from collector.yamlio.document import Document, child, parent
from collector.yamlio.scalars import scalar

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Document", "child", "load", "parent", "read", "scalar", "text_of"]

MAX_BYTES = 1 << 20
TOO_LARGE = f"is larger than {MAX_BYTES} bytes"
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(path: Path) -> Document:
    """Read and parse a YAML file; raises `SpecError`, also if it cannot be read."""
    try:
        return load(text_of(path), str(path))
    except OSError as error:
        raise SpecError([Problem(Mark(str(path)), f"cannot be read: {error.strerror}")]) from error


def text_of(path: Path) -> str:
    """Return the text of a file; `SpecError` if it is not text, OSError if it cannot be read."""
    with path.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise SpecError([Problem(Mark(str(path)), TOO_LARGE)])
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _mark_at(error.start, content, str(path))
        raise SpecError([Problem(place, f"is not UTF-8 text: {error.reason}", "is it a text file, and saved as UTF-8?")]) from error


def load(text: str, file: str) -> Document:
    """Parse one YAML document. Raises only `SpecError`, with every problem and its position."""
    try:
        if len(text.encode("utf-8")) > MAX_BYTES:
            raise SpecError([Problem(Mark(file), TOO_LARGE)])
        composer = Composer(file)
        for event in yaml.parse(text, Loader=_PARSER):
            composer.take(event)
    except UnicodeEncodeError as error:
        raise SpecError([Problem(Mark(file), f"is not text: {error.reason} at character {error.start}")]) from error
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
        return Problem(Mark(file, place.line + 1, place.column + 1), "not YAML: a tab character", "indent with spaces")
    context = getattr(error, "context", None)
    detail = f"{message} {context}" if context else message
    return Problem(Mark(file, place.line + 1, place.column + 1), f"not YAML: {detail}", QUOTE_IT if "{{" in line else "")


def _mark_at(position: int, content: bytes, file: str) -> Mark:
    """Return the position of a byte offset."""
    before = content[:position].decode(errors="ignore").split("\n")
    return Mark(file, len(before), len(before[-1]) + 1)
