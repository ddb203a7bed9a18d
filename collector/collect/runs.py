"""The state of a task and of an item during a run, and the results made from them."""

from __future__ import annotations

import time
from typing import Protocol

from collector.collect.ladder import Climb, Outcome
from collector.collect.plan import Iteration
from collector.model import HIDDEN, JSON, Attempt, Item, Reply, Result, Status, Target, Task


class Redaction(Protocol):
    """The part of redact.Redactor that collecting needs: removes secrets and control characters."""

    def counted(self, value: JSON) -> tuple[JSON, dict[str, int]]:
        """Return the redacted value, and the number of redactions by rule."""

    def text(self, value: str) -> str:
        """Return the redacted text."""


class TaskRun:
    """A running task; its three lists have one entry per iteration. `beginning` is true while iterations are being added."""

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
        """Add an iteration; return its index."""
        self.elements.append(element)
        self.results.append(result)
        self.values.append(None)
        self.open += result is None
        return len(self.results) - 1

    def registered(self) -> JSON:
        """Return what expressions see under the task's registered name."""
        if self.task.loop is None:
            return self.values[0] if self.values else None
        rows = zip(self.elements, self.results, self.values, strict=True)
        return [{"item": e, "status": str(r.status) if r else str(Status.BUDGET), "data": v} for e, r, v in rows]


class ItemRun:
    """A running item.

    `iteration` is its index among its task's iterations, `work` the processor seconds spent on parsing, `outcome` the last attempt's
    outcome while a retry is due or in progress.
    """

    __slots__ = (
        "announced",
        "climb",
        "item",
        "iteration",
        "missing",
        "outcome",
        "parent",
        "replies",
        "started",
        "started_at",
        "tries",
        "work",
    )

    def __init__(self, item: Item, climb: Climb, parent: TaskRun, iteration: int) -> None:
        self.item = item
        self.climb = climb
        self.parent = parent
        self.iteration = iteration
        self.replies: list[Reply | None] = []
        self.missing = 0
        self.started_at = 0.0
        self.started: float | None = None
        self.tries = 1
        self.outcome: Outcome | None = None
        self.work = 0.0
        self.announced = False


def result_without_item(task: Task, iteration: Iteration, redaction: Redaction, status: Status | None = None) -> Result:
    """Return the result of an iteration that has no item."""
    status = status or (Status.FAILED if iteration.failed else Status.SKIPPED)
    reason = redaction.text(iteration.reason)
    name = task.kind if task.name == task.kind else f"{task.kind}: {task.name}"
    return Result(name, task.name, task.kind, Target(), status, reason=reason, started_at=time.time())


def result_of(run: ItemRun, outcome: Outcome, now: float, redaction: Redaction) -> Result:
    """Make the redacted result. The only place where results are made, so that nothing unredacted exists afterwards."""
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


def without_hidden(result: Result, task: Task) -> Result:
    """Return the result as the bundle keeps it: a `no_log` task's without data and reasons, and `skipped` instead of `ok`.

    So hidden data counts neither as collected nor as a gap.
    """
    if not task.no_log:
        return result
    attempts = tuple(attempt._replace(reason=HIDDEN if attempt.reason else "") for attempt in result.attempts)
    status = Status.SKIPPED if result.status is Status.OK else result.status
    return result._replace(status=status, data=None, reason=HIDDEN, attempts=attempts)


def _redacted(attempt: Attempt, redaction: Redaction) -> Attempt:
    endpoints = tuple(redaction.text(endpoint) for endpoint in attempt.endpoints)
    return attempt._replace(reason=redaction.text(attempt.reason), endpoints=endpoints)
