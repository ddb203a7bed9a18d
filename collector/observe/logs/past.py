"""Determines which problems in a log are over, according to later lines of the same log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from collector.loglines import ERROR, Line
from collector.loglines.litefs import (
    ANSWERED,
    ENDING,
    FOUND,
    GAINED,
    LAST_WORD,
    MOUNTING,
    NOBODY,
    NOT_THERE,
    OF_LEASE,
    READY,
    ROLE_CHANGE,
    ROLE_TAKEN,
    UNREACHED,
)


class Past(NamedTuple):
    """Where the newest informative run of the process begins, and the last lines with which LiteFS reports the end of each problem."""

    newest: int
    last: int
    put_right: AbstractSet[int]
    settled: int
    ready: int
    gained: int
    answered: int
    refused: int
    found: int
    role: int

    def is_over(self, line: Line) -> bool:
        """True if a later line shows that this line's problem is over."""
        ended = self.ready if MOUNTING.search(line.message) or _is_last_word(line) else self.settled
        if OF_LEASE.match(line.message):
            ended = max(ended, self.gained, -1 if NOBODY.match(line.message) else self.answered)
            ended = max(ended, self.refused) if UNREACHED.search(line.message) else ended
        ended = max(ended, self.found) if NOT_THERE.match(line.message) else ended
        return line.number in self.put_right or (line.number <= ended and line.run == self.last)


def past(lines: Sequence[Line], *, up: bool, loops: bool) -> Past:
    """Analyze the log of a task that has stayed `up` since its last start, or that `loops`."""
    last = lines[-1].run if lines else 0
    return Past(
        newest=last if up else _last_run_that_tells(lines, last, loops=loops),
        last=last,
        put_right=_put_right(lines),
        settled=_last(line for line in lines if line.settles),
        ready=_last(line for line in lines if READY.match(line.message)),
        gained=_last(line for line in lines if GAINED.match(line.message)),
        answered=_last(line for line in lines if NOBODY.match(line.message)),
        refused=_last(line for line in lines if OF_LEASE.match(line.message) and ANSWERED in line.message),
        found=_last(line for line in lines if FOUND.match(line.message)),
        role=_role_since(lines),
    )


def _last(lines: Iterable[Line]) -> int:
    return max((line.number for line in lines), default=-1)


def _role_since(lines: Sequence[Line]) -> int:
    """Return the index of the line since which LiteFS has had its role; beyond the end if it has none."""
    last = _last(line for line in lines if ROLE_CHANGE.match(line.message) and not ENDING.search(line.message))
    return last if last < 0 or ROLE_TAKEN.match(lines[last].message) else len(lines)


def _last_run_that_tells(lines: Sequence[Line], last: int, *, loops: bool) -> int:
    """Return the newest run, or the one before if the newest has logged only a normal start, or problems that may be temporary.

    In a restart loop the newest run may not have failed yet. A LiteFS that failed before it was ready will fail there again, and until then
    complains about what its previous end left behind, such as its own lease.
    """
    newest = [line for line in lines if line.run == last and line.text.strip()]
    before = [line for line in lines if line.run == last - 1]
    if all(line.harmless or (loops and line.weight < ERROR) for line in newest):
        return max(last - 1, 0)
    on_its_way = all(line.origin == "litefs" and not READY.match(line.message) and not _is_last_word(line) for line in newest)
    failed = not any(READY.match(line.message) for line in before) and any(_is_last_word(line) for line in before)
    return last - 1 if on_its_way and failed else last


def _is_last_word(line: Line) -> bool:
    return line.origin == "litefs" and bool(LAST_WORD.match(line.text))


def _put_right(lines: Sequence[Line]) -> set[int]:
    """Return the indexes of lines in runs that never became ready, if a later run did: it got past their problems."""
    ready: dict[int, int] = {}
    for line in lines:
        if READY.match(line.message):
            ready.setdefault(line.run, line.number)
    last = max(ready, default=-1)
    return {line.number for line in lines if line.run < last and line.number < ready.get(line.run, len(lines))}
