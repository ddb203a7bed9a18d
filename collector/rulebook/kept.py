"""What a YAML file that ships says, kept as Python keeps its modules: compiled, in `__pycache__` beside it, until the file changes.

Reading the rules' YAML takes a tenth of a run on three nodes. Python's own machinery decides whether what is kept still holds, and does
without where it may not be written (a read-only installation, PYTHONDONTWRITEBYTECODE).
"""

from __future__ import annotations

import json
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from collector import yamlio
from collector.model import JSON


class Kept(NamedTuple):
    """The data of a file, and for a list the line in which each of its members begins."""

    data: JSON
    lines: list[int]


def read(path: Path) -> Kept:
    """Raises `SpecError` for what is no YAML, and OSError where there is no such file."""
    (text, *_) = _Loader("", str(path)).get_code("").co_consts  # type: ignore[union-attr]  # None for a built-in module alone
    return Kept(*json.loads(text))


class _Loader(SourceFileLoader):
    """Has a YAML file compiled to code that holds its data and its lines, as JSON."""

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]  # as SourceLoader has it
        document = yamlio.load(data.decode(), path)
        members = document.data if isinstance(document.data, list) else ()
        lines = [document.mark(yamlio.child("$", index)).line for index in range(len(members))]
        return compile(repr(json.dumps([document.data, lines])), path, "eval")
