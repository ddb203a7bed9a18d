"""One item's progress down its ladder: which requests come next, and the outcome. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from collector.errors import Unanswered
from collector.kinds.asking import refused, stale_helps, takes_a_token
from collector.kinds.kind import STALE
from collector.model import JSON, Attempt, Item, Reply, Request, Rung, Status

CLIENT_ERROR = 4
"""The first digit of HTTP codes for which repeating the request is pointless."""

RungFunction = Callable[[Mapping[str, JSON]], Rung]


class Outcome(NamedTuple):
    """An item's outcome: data from the rung that answered, or the first rung's failure with the reasons of all rungs.

    `attempts` includes those of earlier retries; all other fields are from the last one.
    """

    status: Status
    rung: str | None
    data: JSON
    reason: str
    attempts: tuple[Attempt, ...]
    date: float | None
    retryable: bool = False


class Climb:
    """The state of one item: `step(None)` starts it, `step(replies)` continues; both return requests or the `Outcome`.

    The caller passes the time (monotonic seconds). A rung that is not the last may use half of the remaining time, so that a hanging first
    rung leaves time for the next.
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
        """Start the item's clock unless it is running; return the current rung's deadline."""
        if self.deadline is None:
            self.deadline = min(now + self.item.timeout, run_deadline)
        if self.rung_deadline is None:
            last = self._position >= len(self.item.ladder) - 1
            self.rung_deadline = self.deadline if last else now + max(0.0, self.deadline - now) / 2
            self._opened = now
        return self.rung_deadline

    def step(self, replies: Sequence[Reply] | None, now: float) -> Sequence[Request] | Outcome:
        """Take the replies to the last batch (None at the start); return the next batch or the outcome."""
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
        """End the item because the run's time is up."""
        self._attempt(status, reason, now)
        return self._exhausted()

    def rung_name(self) -> str | None:
        """The name of the current rung."""
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
        """Return the data; a part that was denied becomes an attempt of its own, so that the report can name it."""
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
    """Say why no rung answered: each reason once, with the rungs it applies to unless it applies to all."""
    rungs: dict[str, list[str]] = {}
    for attempt in attempts:
        rungs.setdefault(attempt.reason, []).append(attempt.rung)
    if len(rungs) == 1:
        return next(iter(rungs))
    return "; ".join(f"{', '.join(dict.fromkeys(names))}: {reason}" for reason, names in rungs.items())


def _transient(attempts: Sequence[Attempt]) -> bool:
    """True if a retry may help: not after a client error (4xx), a missing tool or an invalid answer."""
    again = {Status.UNREACHABLE, Status.TIMEOUT, Status.FAILED}
    return any(a.status in again and (a.code is None or a.code // 100 != CLIENT_ERROR) for a in attempts)
