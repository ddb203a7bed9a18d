"""One task and one item while they run, and the results that they come to."""

from __future__ import annotations

import time
from typing import Protocol

from collector.collect.ladder import Climb, Outcome
from collector.collect.plan import Turn
from collector.model import HIDDEN, JSON, Attempt, Item, Reply, Result, Status, Target, Task


class Redaction(Protocol):
    """What collecting needs of redact.Redactor: values without secrets and control characters."""

    def counted(self, value: JSON) -> tuple[JSON, dict[str, int]]:
        """The value, redacted throughout, and how many secrets each rule took out."""

    def text(self, value: str) -> str:
        """The text, redacted."""


class TaskRun:
    """One task while its items run; the three lists have one entry for each turn of its loop, `beginning` while turns are added."""

    def __init__(self, task: Task, index: int) -> None:
        self.task = task
        self.index = index
        self.elements: list[JSON] = []
        self.results: list[Result | None] = []
        self.values: list[JSON] = []
        self.open = 0
        self.beginning = False
        self.finished = False

    def add(self, element: JSON, result: Result | None = None) -> int:
        """A new turn; its place among the turns."""
        self.elements.append(element)
        self.results.append(result)
        self.values.append(None)
        self.open += result is None
        return len(self.results) - 1

    def registered(self) -> JSON:
        """What expressions see under the task's registered name."""
        if self.task.loop is None:
            return self.values[0] if self.values else None
        rows = zip(self.elements, self.results, self.values, strict=True)
        return [{"item": e, "status": str(r.status) if r else str(Status.BUDGET), "data": v} for e, r, v in rows]


class ItemRun:
    """One item while it runs.

    `turn` is its place among its task's turns, `work` the processor seconds that its parses took, `outcome` what its last try came to where
    another one is due or under way.
    """

    __slots__ = ("announced", "climb", "item", "missing", "outcome", "parent", "replies", "started", "started_at", "tries", "turn", "work")

    def __init__(self, item: Item, climb: Climb, parent: TaskRun, turn: int) -> None:
        self.item = item
        self.climb = climb
        self.parent = parent
        self.turn = turn
        self.replies: list[Reply | None] = []
        self.missing = 0
        self.started_at = 0.0
        self.started: float | None = None
        self.tries = 1
        self.outcome: Outcome | None = None
        self.work = 0.0
        self.announced = False


def unrun(task: Task, turn: Turn, redaction: Redaction, status: Status | None = None) -> Result:
    """The result of a turn that has no item."""
    status = status or (Status.FAILED if turn.failed else Status.SKIPPED)
    reason = redaction.text(turn.reason)
    name = task.kind if task.name == task.kind else f"{task.kind}: {task.name}"
    return Result(name, task.name, task.kind, Target(), status, reason=reason, started_at=time.time())


def result_of(run: ItemRun, outcome: Outcome, now: float, redaction: Redaction) -> Result:
    """The one place where a result is made: nothing unredacted exists after it."""
    item = run.item
    data, redactions = redaction.counted(outcome.data)
    return Result(
        id=redaction.text(item.id),
        task=item.task,
        kind=item.kind,
        target=Target(*(part and redaction.text(part) for part in item.target)),
        status=outcome.status,
        rung=outcome.rung,
        reason=redaction.text(outcome.reason),
        data=data,
        attempts=tuple(_redacted(attempt, redaction) for attempt in outcome.attempts),
        started_at=run.started_at or time.time(),
        seconds=now - run.started if run.started is not None else 0.0,
        date=outcome.date,
        redactions=redactions,
        ignore_errors=item.ignore_errors,
    )


def told(result: Result, task: Task) -> Result:
    """What the bundle is told of a result. What `no_log` keeps out of it was not there to be judged, and is no gap either."""
    if not task.no_log:
        return result
    attempts = tuple(attempt._replace(reason=HIDDEN if attempt.reason else "") for attempt in result.attempts)
    status = Status.SKIPPED if result.status is Status.OK else result.status
    return result._replace(status=status, data=None, reason=HIDDEN, attempts=attempts)


def _redacted(attempt: Attempt, redaction: Redaction) -> Attempt:
    endpoints = tuple(redaction.text(endpoint) for endpoint in attempt.endpoints)
    return attempt._replace(reason=redaction.text(attempt.reason), endpoints=endpoints)
