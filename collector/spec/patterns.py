"""Finds patterns in a spec that backtrack excessively. A run cuts them off; `lint` reports them beforehand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from collector.errors import Problem
from collector.model import JSON
from collector.spec.backtracking import slow_on
from collector.yamlio import Document, child

HINT = "one repetition within another, or several in a row, can be shared out in many ways: make them exclude each other"


def slow_redactions(document: Document) -> list[Problem]:
    """Check the patterns of `redact`, which are applied line by line."""
    patterns = [(f"$.redact[{index}]", pattern) for index, pattern in enumerate(document.data.get("redact") or ())]
    return _slow(document, patterns, re.MULTILINE)


def slow_rules(document: Document, at: str = "$") -> list[Problem]:
    """Check the patterns of the rules at this JSON path of the document."""
    return _slow(document, _patterns(document.data, at))


def _slow(document: Document, patterns: Iterator[tuple[str, str]] | list[tuple[str, str]], flags: int = 0) -> list[Problem]:
    tried = ((path, slow_on(pattern, flags)) for path, pattern in patterns)
    return [Problem(document.mark(path), f"this pattern takes for ever on {text}", HINT) for path, text in tried if text]


def _patterns(data: JSON, at: str) -> Iterator[tuple[str, str]]:
    """Return every `matches` pattern of rules that fit their schema."""
    if isinstance(data, list):
        for index, part in enumerate(data):
            yield from _patterns(part, child(at, index))
    elif isinstance(data, Mapping):
        for name, part in data.items():
            if name == "matches" and isinstance(part, str):
                yield child(at, name), part
            else:
                yield from _patterns(part, child(at, name))
