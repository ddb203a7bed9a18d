"""One task and one item while they run, and the results that they come to."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

from collector.ladder import Climb, Outcome
from collector.model import JSON, Attempt, Item, Reply, Result, Status, Target, Task
from collector.plan import Turn


class Redaction(Protocol):
    """What collecting needs of redact.Redactor: values without secrets and control characters."""

    def counted(self, value: JSON) -> tuple[JSON, dict[str, int]]:
        """The value, redacted throughout, and how many secrets each rule took out."""

    def text(self, value: str) -> str:
        """The text, redacted."""


@dataclass(slots=True, eq=False)
class TaskRun:
    """One task while its items run; the three lists have one entry for each turn of its loop, `beginning` while turns are added."""

    task: Task
    index: int
    elements: list[JSON] = field(default_factory=list)
    results: list[Result | None] = field(default_factory=list)
    values: list[JSON] = field(default_factory=list)
    open: int = 0
    beginning: bool = False
    finished: bool = False

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


@dataclass(slots=True, eq=False)
class ItemRun:
    """One item while it runs; `turn` is its place among its task's turns, `work` the processor seconds that its parses took."""

    item: Item
    climb: Climb
    parent: TaskRun
    turn: int
    replies: list[Reply | None] = field(default_factory=list)
    missing: int = 0
    started_at: float = 0.0
    started: float | None = None
    tries: int = 1
    work: float = 0.0
    announced: bool = False


def unrun(task: Task, turn: Turn, redaction: Redaction, status: Status | None = None) -> Result:
    """The result of a turn that has no item."""
    status = status or (Status.FAILED if turn.failed else Status.SKIPPED)
    reason = redaction.text(turn.reason)
    return Result(f"{task.kind}: {task.name}", task.name, task.kind, Target(), status, reason=reason, started_at=time.time())


def result_of(run: ItemRun, outcome: Outcome, now: float, redaction: Redaction) -> Result:
    """The one place where a result is made: nothing unredacted exists after it."""
    item = run.item
    data, redactions = redaction.counted(outcome.data)
    return Result(
        id=item.id,
        task=item.task,
        kind=item.kind,
        target=item.target,
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


def _redacted(attempt: Attempt, redaction: Redaction) -> Attempt:
    endpoints = tuple(redaction.text(endpoint) for endpoint in attempt.endpoints)
    return attempt._replace(reason=redaction.text(attempt.reason), endpoints=endpoints)
