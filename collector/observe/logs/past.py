"""What of a log is over, by what the same log says later."""

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
    """Where in a log the newest run that tells something begins, and the last lines by which LiteFS says that a trouble has ended."""

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
        """Something that comes after the line says that its trouble is over."""
        ended = self.ready if MOUNTING.search(line.message) or _is_last_word(line) else self.settled
        if OF_LEASE.match(line.message):
            ended = max(ended, self.gained, -1 if NOBODY.match(line.message) else self.answered)
            ended = max(ended, self.refused) if UNREACHED.search(line.message) else ended
        ended = max(ended, self.found) if NOT_THERE.match(line.message) else ended
        return line.number in self.put_right or (line.number <= ended and line.run == self.last)


def past(lines: Sequence[Line], *, up: bool, loops: bool) -> Past:
    """The past of a log of a task that has stayed `up` since its last start, or `loops`."""
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
    """Index of the line since which LiteFS has the role that it has; behind the log's end while it has none."""
    last = _last(line for line in lines if ROLE_CHANGE.match(line.message) and not ENDING.search(line.message))
    return last if last < 0 or ROLE_TAKEN.match(lines[last].message) else len(lines)


def _last_run_that_tells(lines: Sequence[Line], last: int, *, loops: bool) -> int:
    """The newest run, or the one before while the newest is on its way: it has said nothing but its normal start, or what may pass.

    In a loop the newest run may be one that has not ended yet, and that complains of nothing. LiteFS that failed before it was ready
    fails there again, and until then complains of what its last end left: a lease of its own.
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
    """Indexes of the lines of a run that never was ready, when a later one is: it came further than what they complain of."""
    ready: dict[int, int] = {}
    for line in lines:
        if READY.match(line.message):
            ready.setdefault(line.run, line.number)
    last = max(ready, default=-1)
    return {line.number for line in lines if line.run < last and line.number < ready.get(line.run, len(lines))}
