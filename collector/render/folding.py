"""Folds repeated log lines: the same retry twenty times is one fact, not twenty lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LONGEST = 10
"""Maximum lines of a repeated block, such as the messages of one retry."""

# Parts that differ between repeats. Other numbers are kept: exit codes, ports and counts matter.
_VARYING = re.compile(
    r"\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?"  # a time, as in ISO 8601 or Go's log
    r"|\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"
    r"|\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
    r"|\b(?=[a-fA-F]*\d)(?=\d*[a-fA-F])[0-9a-fA-F]{8,}\b"  # hexadecimal with both letters and digits, so neither a word nor a number
    r"|\b1\d{9}(?:\.\d+|\d{3}|\d{6}|\d{9})?\b"  # Unix time, in units down to nanoseconds
)


def folded(lines: Sequence[str]) -> list[str]:
    """Return the lines with each run of equal blocks replaced by its last block and a count.

    Lines are equal if they differ only in times and IDs. A run is folded only if that makes the list shorter.
    """
    comparable = [without_ids(line) for line in lines]
    kept: list[str] = []
    start = 0
    while start < len(lines):
        size, times = _run(comparable, start)
        end = start + size * times
        kept += [*lines[end - size : end], *_note(size, times, exact=len(set(lines[start:end])) <= size)]
        start = end
    return kept


def without_ids(text: str) -> str:
    """Replace each time and ID by a star."""
    return _VARYING.sub("*", text)


def _run(comparable: Sequence[str], start: int) -> tuple[int, int]:
    """Return size and number of the equal blocks at `start` that save the most lines; (1, 1) if none do."""
    runs = [(size, _times(comparable, start, size)) for size in range(1, min(_LONGEST, (len(comparable) - start) // 2) + 1)]
    size, times = max(runs, key=lambda run: run[0] * (run[1] - 1), default=(1, 1))
    return (size, times) if size * (times - 1) > 1 else (1, 1)


def _times(comparable: Sequence[str], start: int, size: int) -> int:
    """Return how often the block of `size` lines at `start` is repeated consecutively."""
    block, times = comparable[start : start + size], 1
    while comparable[start + times * size : start + (times + 1) * size] == block:
        times += 1
    return times


def _note(size: int, times: int, *, exact: bool) -> list[str]:
    if times == 1:
        return []
    what = "..." if size == 1 else f"... these {size} lines"
    return [f"{what} x{times}" + ("" if exact else ", but for times and IDs")]
