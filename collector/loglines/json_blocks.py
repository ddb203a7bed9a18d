"""Joins JSON that a logger spread over several lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

MOST = 120
"""Maximum lines of one object."""
_LETTERS, _ITEMS, _FIELDS = 300, 3, 20
"""How much is kept of a string, a list (usually stack frames) and an object, so that the message fits the line limit."""


def gathered(lines: Sequence[str]) -> list[str]:
    """Return the lines with each object that begins and ends in the first column joined into one line."""
    return list(_gathered(lines))


def _gathered(lines: Sequence[str]) -> Iterator[str]:
    index = 0
    while index < len(lines):
        end = _end(lines, index) if lines[index].rstrip() == "{" else index
        whole = _on_one_line(lines[index : end + 1]) if end > index else None
        yield lines[index] if whole is None else whole
        index += 1 if whole is None else end + 1 - index


def _end(lines: Sequence[str], start: int) -> int:
    """Return where the object that begins here ends, or its beginning if no line in the first column closes it."""
    for index in range(start + 1, min(start + MOST, len(lines))):
        if not lines[index].startswith((" ", "\t")):
            return index if lines[index].rstrip() == "}" else start
    return start


def _on_one_line(lines: Sequence[str]) -> str | None:
    try:
        return json.dumps(_short(json.loads("\n".join(lines))), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


def _short(value: object) -> object:
    if isinstance(value, dict):
        return {key: _short(one) for key, one in list(value.items())[:_FIELDS]}
    if isinstance(value, list):
        return [_short(one) for one in value[:_ITEMS]]
    return value[:_LETTERS] if isinstance(value, str) else value
