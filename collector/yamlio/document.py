"""JSON paths, and the position of each value in its file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from collector.model import JSON, Mark

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
Place = Any
"""A mark of PyYAML's C or Python parser: lines and columns from 0; None if it has none."""


class Document(NamedTuple):
    """The data of a YAML file. `marks` has the position of each value and `keys` that of each mapping key, by JSON path."""

    file: str
    data: JSON
    marks: Mapping[str, Place]
    keys: Mapping[str, Place]

    def mark(self, path: str) -> Mark:
        """Return the position of the value at `path`; if there is none, that of its nearest container."""
        while path not in self.marks and path != "$":
            path = parent(path)
        return mark_of(self.file, self.marks.get(path), path if path in self.marks else "$")

    def key_mark(self, path: str) -> Mark:
        """Return the position of the key of the value at `path`."""
        return mark_of(self.file, self.keys[path], path) if path in self.keys else self.mark(path)


def child(path: str, key: str | int) -> str:
    """Return the JSON path of a member: `$.a`, `$.a[0]`, `$['a b']`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return path + _step(key)


@lru_cache(1 << 12)
def _step(key: str) -> str:
    return f".{key}" if _IDENTIFIER.fullmatch(key) else f"[{key!r}]"


def parent(path: str) -> str:
    """Return the JSON path of the container of `path`; `$` for `$`."""
    cut = max(path.rfind("."), path.rfind("["))
    return path[:cut] if cut > 0 else "$"


def mark_of(file: str, place: Place, path: str = "$") -> Mark:
    """Convert a position to one counted from 1."""
    return Mark(file, place.line + 1, place.column + 1, path) if place else Mark(file, path=path)
