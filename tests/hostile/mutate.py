"""Random changes to JSON documents for hypothesis: replace a value, remove a member, add one."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.hostile.faults import ANSI, BIDI, LINES, MARKUP, NUL, SURROGATE, TEMPLATE

Path = tuple[str | int, ...]

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1 << 63, -(1 << 63), 10**19, 10**400, 0.5, 1e308, -1e308, 5e-324,
    "", " ", "x", "0", "-1", "1e400", "null", "ok", "failed", "critical", "passing", "running", "[", "http://[", "http://x:99999", "::1",
    "a/b?c#d", "../..", ANSI, BIDI, NUL, MARKUP, TEMPLATE, LINES, SURROGATE, "A" * 20_000,
    "9999-12-31T23:59:59.999999999+00:00", "0001-01-01T00:00:00Z", "2026-11-24T06:23:41-23:59",
    [], {}, [None], [[]], {"": None}, [[[[[[]]]]]], {"x": {"y": {"z": []}}}, list(range(300)),
)  # fmt: skip
"""What a field may hold that nobody thought of."""


@dataclass(frozen=True, slots=True)
class Step:
    """Put `value` at `path`, or remove what is there."""

    path: Path
    value: Any
    remove: bool = False


def paths(document: Any) -> list[Path]:
    """Return every position in a document except its root; in lists only the ends and middles."""
    return list(_paths(document, ()))


def _paths(value: Any, here: Path) -> Iterator[Path]:
    entries: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = [(index, value[index]) for index in sorted({0, len(value) // 2, len(value) - 1}) if 0 <= index < len(value)]
    for key, part in entries:
        yield (*here, key)
        yield from _paths(part, (*here, key))


def mutations(places: Sequence[Path], most: int = 6) -> st.SearchStrategy[list[Step]]:
    """Generate a few random steps."""
    step = st.builds(Step, st.sampled_from(places), st.sampled_from(ODD), st.sampled_from([False, False, False, True]))
    return st.lists(step, min_size=1, max_size=most)


def changed(document: Any, steps: Sequence[Step]) -> Any:
    """Return the document after the steps; a step whose position has been removed does nothing."""
    out = copy.deepcopy(document)
    for step in steps:
        _apply(out, step)
    return out


def _apply(document: Any, step: Step) -> None:
    *way, last = step.path
    for key in way:
        if not _has(document, key):
            return
        document = document[key]
    if not _has(document, last):
        return
    if step.remove:
        del document[last]
    else:
        document[last] = copy.deepcopy(step.value)


def _has(value: Any, key: str | int) -> bool:
    return key in value if isinstance(value, dict) else isinstance(value, list) and isinstance(key, int) and key < len(value)
