"""One item on its way down its ladder: which requests next, and what it came to. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from collector.errors import Unanswered
from collector.kinds.asking import refused, stale_helps, takes_a_token
from collector.kinds.kind import STALE
from collector.model import JSON, Attempt, Item, Reply, Request, Rung, Status

CLIENT_ERROR = 4
"""The first digit of HTTP codes that say: do not ask like this again."""

RungFunction = Callable[[Mapping[str, JSON]], Rung]


class Outcome(NamedTuple):
    """What an item came to: data from the rung that answered, or the first rung's failure with every rung's reason.

    `attempts` are those of earlier tries, too; all else is told by the last one.
    """

    status: Status
    rung: str | None
    data: JSON
    reason: str
    attempts: tuple[Attempt, ...]
    date: float | None
    retryable: bool = False


class Climb:
    """The state of one item: `step(None)` opens it, `step(replies)` goes on; both return requests, or the `Outcome`.

    Times are given by the caller (monotonic seconds). A rung that is not the last may use half of the time that is left, so that a
    hanging first rung leaves room for the next.
    """

    def __init__(self, item: Item, rungs: Mapping[str, RungFunction], attempts: Sequence[Attempt] = ()) -> None:
        self.item = item
        self.attempts = list(attempts)
        self._earlier = len(attempts)
        self.deadline: float | None = None
        self.rung_deadline: float | None = None
        self.requests = 0
        self._rungs = rungs
        self._position = -1
        self._rung: Rung | None = None
        self._opened = 0.0
        self._endpoints: list[str] = []
        self._date: float | None = None
        self._final = False
        self._stale_helps = True
        self._asked: Sequence[Request] = ()
        self._refused = ""

    def begin(self, now: float, run_deadline: float) -> float:
        """Start this item's clock if it is not running; return until when the current rung may take."""
        if self.deadline is None:
            self.deadline = min(now + self.item.timeout, run_deadline)
        if self.rung_deadline is None:
            last = self._position >= len(self.item.ladder) - 1
            self.rung_deadline = self.deadline if last else now + max(0.0, self.deadline - now) / 2
            self._opened = now
        return self.rung_deadline

    def step(self, replies: Sequence[Reply] | None, now: float) -> Sequence[Request] | Outcome:
        """Hand over the replies to the last batch (None at the start); return the next batch or the outcome."""
        for request, reply in zip(self._asked, replies or (), strict=False):
            self._endpoints.append(reply.endpoint)
            self._date = reply.date if reply.date is not None else self._date
            if takes_a_token(request):
                self._refused = self._refused or refused(reply)
        rung = self._rung
        while True:
            if rung is None:
                rung = self._open_next()
                if rung is None:
                    return self._exhausted()
                replies = None
            try:
                batch = next(rung) if replies is None else rung.send(replies)
            except StopIteration as done:
                return self._answered(done.value, now)
            except Unanswered as why:
                self._give_up(why, now)
                rung = self._rung = None
                continue
            self.requests += len(batch)
            self._asked = batch
            return batch

    def abandon(self, status: Status, reason: str, now: float) -> Outcome:
        """End here: the run's time is up."""
        self._attempt(status, reason, now)
        return self._exhausted()

    def rung_name(self) -> str | None:
        """The rung being climbed."""
        return None if self._position < 0 else self.item.ladder[self._position][0]

    def _open_next(self) -> Rung | None:
        if self._final or not self._has_next():
            return None
        self._position += 1
        if self.rung_name() == STALE and not self._stale_helps:
            return self._open_next()
        name, value = self.item.ladder[self._position]
        self._endpoints, self.rung_deadline, self._opened, self._refused = [], None, 0.0, ""
        self._rung = self._rungs[name]({**self.item.args, "rung": value})
        return self._rung

    def _has_next(self) -> bool:
        return self._position + 1 < len(self.item.ladder)

    def _answered(self, data: JSON, now: float) -> Outcome:
        """A part that was refused is an attempt of its own: the data is there, and what it lacks has a name."""
        if self._refused:
            self._attempt(Status.DENIED, self._refused, now)
        self._attempt(Status.OK, "", now)
        return Outcome(Status.OK, self.rung_name(), data, "", tuple(self.attempts), self._date)

    def _give_up(self, why: Unanswered, now: float) -> None:
        self._final = self._final or why.final
        self._stale_helps = stale_helps(why)
        self._attempt(why.status, why.reason, now, why.reply)

    def _attempt(self, status: Status, reason: str, now: float, reply: Reply | None = None) -> None:
        cause, code = (reply.cause, reply.code) if reply else ("", None)
        started = self._opened or now
        name = self.rung_name() or "none"
        self.attempts.append(Attempt(name, status, reason, max(0.0, now - started), tuple(self._endpoints), cause, code))

    def _exhausted(self) -> Outcome:
        mine = self.attempts[self._earlier :]
        first = mine[0] if mine else Attempt("none", Status.SKIPPED, "no rung to try", 0.0)
        return Outcome(
            first.status,
            None,
            None,
            _reasons(mine) or first.reason,
            tuple(self.attempts),
            self._date,
            retryable=not self._final and _transient(mine),
        )


def _reasons(attempts: Sequence[Attempt]) -> str:
    """Why no rung answered: each reason once, with the rungs that met it; the rungs are not named where all met the same."""
    rungs: dict[str, list[str]] = {}
    for attempt in attempts:
        rungs.setdefault(attempt.reason, []).append(attempt.rung)
    if len(rungs) == 1:
        return next(iter(rungs))
    return "; ".join(f"{', '.join(dict.fromkeys(names))}: {reason}" for reason, names in rungs.items())


def _transient(attempts: Sequence[Attempt]) -> bool:
    """Would asking again help? Not where a server said no (4xx), a tool is missing or an answer made no sense."""
    again = {Status.UNREACHABLE, Status.TIMEOUT, Status.FAILED}
    return any(a.status in again and (a.code is None or a.code // 100 != CLIENT_ERROR) for a in attempts)
