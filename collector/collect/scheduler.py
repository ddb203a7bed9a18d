"""The scheduler: runs every item as soon as its inputs are available, and turns every outcome into a Result.

One thread (the caller's) renders expressions, drives the rungs and keeps all state; worker threads only perform requests. So no locks
are needed, a hanging server costs one worker, and the run ends at its deadline in any case.
"""

from __future__ import annotations

import heapq
import itertools
import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from collector.collect.dispatch import Dispatcher, Ticket
from collector.collect.ladder import Climb, Outcome
from collector.collect.pace import Pace
from collector.collect.plan import ItemIds, Iteration, Renderer, Selection, expand, select_tasks
from collector.collect.runs import ItemRun, Redaction, TaskRun, result_of, result_without_item, without_hidden
from collector.cutoff import Overdue, cut_off_at
from collector.errors import CollectorError
from collector.kinds.kind import Kind
from collector.model import JSON, Item, Performer, Reply, Request, Result, Spec, Status, Task

PAUSE = 0.2
"""Seconds between retries if the spec does not say."""
LATE = 0.1
"""Seconds after the deadline at which this thread's own work (an expression, a user's pattern) is cut off."""
TOO_LATE = "the answer came too late to do anything with it before the run's deadline"
SOON = 0.01
"""Seconds to wait for another reply before a chore is done instead."""
PARSE_BUGS = (RecursionError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError)


class Means(NamedTuple):
    """The collaborators of a run."""

    kinds: Mapping[str, Kind]
    sources: Performer
    renderer: Renderer
    redaction: Redaction
    progress: Callable[[int, int], None] = lambda _done, _known: None
    announce: Callable[[Item, Sequence[Request]], None] | None = None
    """For `--check`: called with every item and its first requests."""
    asks: Callable[[Task], bool] = lambda _task: True
    """For `--check`: which tasks may send requests; the others are only planned."""
    chores: Sequence[Callable[[], object]] = ()
    """Work to be done in any case, preferably while waiting; an exception ends the run."""


class Limits(NamedTuple):
    """The limits of a run: `deadline` in seconds for all of it, `forks` concurrent requests."""

    deadline: float = 30.0
    forks: int = 32
    afterwards: float = 0.0
    """The time needed after collecting, as a multiple of collecting's own work; the deadline covers both."""


class Collected(NamedTuple):
    """The results in the spec's order, and the number of requests."""

    results: tuple[Result, ...]
    requests: int
    interrupted: bool


def collect(spec: Spec, means: Means, limits: Limits, selection: Selection) -> Collected:
    """Run the spec's tasks within the deadline. Ctrl-C ends the run early and keeps the results so far."""
    return _Scheduler(spec, means, limits, selection).run()


class _Scheduler:
    def __init__(self, spec: Spec, means: Means, limits: Limits, selection: Selection) -> None:
        self._means, self._selection = means, selection
        self._variables: dict[str, JSON] = dict(spec.vars)
        self._tasks = [TaskRun(task, index) for index, task in enumerate(select_tasks(spec, selection))]
        self._waiting = list(self._tasks)
        self._ids = ItemIds([t.task for t in self._tasks])
        self._dispatcher = Dispatcher(lambda request, until: means.sources.perform(request, deadline=until), limits.forks)
        self._later: list[tuple[float, int, ItemRun]] = []
        self._count = itertools.count()
        self._runs: dict[ItemRun, None] = {}
        self._pace = Pace(limits.deadline, limits.afterwards)
        self._done = self._known = 0
        self._chores = deque(means.chores)
        self._patience = SOON

    def run(self) -> Collected:
        interrupted = False
        try:
            self._work_until_the_deadline()
            while self._chores:
                self._chores.popleft()()
        except KeyboardInterrupt:
            interrupted = True
        self._abandon_rest("interrupted" if interrupted else "the run's deadline came first")
        self._dispatcher.close()
        results = tuple(without_hidden(result, task.task) for task in self._tasks for result in task.results if result is not None)
        return Collected(results, self._dispatcher.sent, interrupted)

    def _work_until_the_deadline(self) -> None:
        with suppress(Overdue), cut_off_at(self._pace.deadline + LATE):
            with self._pace.work():
                self._start_ready_tasks()
            while self._runs and time.monotonic() < self._pace.end(len(self._runs)):
                self._turn_over()

    def _turn_over(self) -> None:
        """Send what can be sent and process one reply; if none arrives soon, use the time for a chore."""
        now = time.monotonic()
        with self._pace.work():
            while self._later and self._later[0][0] <= now:
                self._try_again(heapq.heappop(self._later)[2])
            self._dispatcher.send_ready()
        end = self._pace.end(len(self._runs))
        until = min(end, self._later[0][0]) if self._later else end
        if received := self._dispatcher.next_reply(min(until, now + self._patience) if self._chores else until):
            self._patience = SOON
            with self._pace.work():
                self._receive(*received)
        elif self._chores:
            self._patience = 0.0
            self._chores.popleft()()

    # --- tasks ---

    def _start_ready_tasks(self) -> None:
        """Start every task whose inputs are available; a task without items may make the next one ready."""
        while ready := [t for t in self._waiting if self._has_inputs(t.task)]:
            self._waiting = [t for t in self._waiting if t not in ready]
            for task_run in ready:
                self._start_task(task_run)

    def _has_inputs(self, task: Task) -> bool:
        """True if every name it uses is available. Names of tasks that were not selected will never be, and are not waited for."""
        return not any(t.task.register in task.after and not t.finished for t in self._tasks)

    def _start_task(self, task_run: TaskRun) -> None:
        task = task_run.task
        known = dict.fromkeys(task.after) | self._variables
        task_run.beginning = True  # until all iterations are added: an item may end before the next one begins
        for iteration in expand(task, self._means.kinds[task.kind], self._means.renderer, known, self._selection):
            if iteration.item is not None:
                self._start_item(task_run, iteration.element, self._ids.unique(iteration.item))
            elif iteration.failed or task.loop is None:
                task_run.add(iteration.element, result_without_item(task, iteration, self._means.redaction))
        task_run.beginning = False
        if task_run.open == 0:
            self._finish_task(task_run)

    def _finish_task(self, task_run: TaskRun) -> None:
        task_run.finished = True
        if name := task_run.task.register:
            self._variables[name] = task_run.registered()
            self._start_ready_tasks()

    # --- items ---

    def _start_item(self, task_run: TaskRun, element: JSON, item: Item) -> None:
        run = ItemRun(item, Climb(item, self._means.kinds[item.kind].rungs), task_run, task_run.add(element))
        self._runs[run] = None
        self._known += 1
        self._advance(run, None)

    def _advance(self, run: ItemRun, replies: Sequence[Reply] | None) -> None:
        now, began = time.monotonic(), time.thread_time()
        try:
            step = run.climb.step(replies, now)
        except PARSE_BUGS as bug:
            # Parsers should never raise anything else; if one does, a single odd answer must not cost the whole report.
            reason = f"this answer upset {run.item.kind} ({type(bug).__name__}: {bug}); that is a bug of the collector, please report it"
            step = run.climb.abandon(Status.INVALID, reason, now)
        run.work += time.thread_time() - began
        if isinstance(step, Outcome) and step.status is Status.OK and not self._pace.has_room(run.work):
            step = run.climb.abandon(Status.BUDGET, TOO_LATE, now)._replace(status=Status.BUDGET, reason=TOO_LATE)
        if isinstance(step, Outcome):
            self._settle(run, step, now)
        else:
            self._ask(run, step)

    def _ask(self, run: ItemRun, requests: Sequence[Request]) -> None:
        if self._means.announce and not run.announced:
            run.announced = True
            self._means.announce(run.item, requests)
        if not self._means.asks(run.parent.task):
            now = time.monotonic()
            self._finish(run, run.climb.abandon(Status.SKIPPED, "planned only", now), now)
            return
        run.replies = [None] * len(requests)
        run.missing = len(requests)
        for slot, request in enumerate(requests):
            self._dispatcher.add((run.parent.index, run.iteration), Ticket(run, slot, request, lambda now: self._begin(run, now)))
        if not requests:
            self._advance(run, [])

    def _begin(self, run: ItemRun, now: float) -> float:
        if run.started is None:
            run.started, run.started_at = now, time.time()
        return run.climb.begin(now, self._pace.deadline)

    def _receive(self, ticket: Ticket, reply: Reply) -> None:
        run = ticket.asker
        if not isinstance(run, ItemRun) or run not in self._runs:
            return
        run.replies[ticket.slot] = reply
        run.missing -= 1
        if run.missing == 0:
            self._advance(run, [r for r in run.replies if r is not None])

    def _settle(self, run: ItemRun, outcome: Outcome, now: float) -> None:
        due = now + (run.item.delay or PAUSE) * random.uniform(1.0, 1.5)  # noqa: S311 - jitter, not a secret
        if self._wants_another_try(run, outcome) and due < self._pace.end(len(self._runs)):
            run.outcome = outcome
            heapq.heappush(self._later, (due, next(self._count), run))
        else:
            self._finish(run, outcome, now)

    def _wants_another_try(self, run: ItemRun, outcome: Outcome) -> bool:
        if run.tries > run.item.retries:
            return False
        if outcome.status is not Status.OK:
            return outcome.retryable
        return run.item.until is not None and not self._is_satisfied(run, run.item.until, outcome.data)

    def _is_satisfied(self, run: ItemRun, until: str, data: JSON) -> bool:
        scope = {**self._variables, "item": run.parent.elements[run.iteration], "result": data}
        if run.parent.task.register:
            scope[run.parent.task.register] = data
        try:
            return self._means.renderer.test(until, scope)
        except CollectorError:
            return True

    def _try_again(self, run: ItemRun) -> None:
        run.tries += 1
        run.climb = Climb(run.item, self._means.kinds[run.item.kind].rungs, attempts=run.climb.attempts)
        self._advance(run, None)

    def _finish(self, run: ItemRun, outcome: Outcome, now: float) -> None:
        result = result_of(run, outcome, now, self._means.redaction)
        run.parent.values[run.iteration] = result.data if result.status is Status.OK else None
        run.parent.results[run.iteration] = result
        # Only after its result is stored: the deadline's signal may arrive in between, and the item must not get lost.
        self._runs.pop(run, None)
        run.parent.open -= 1
        self._done += 1
        self._means.progress(self._done, self._known)
        if run.parent.open == 0 and not run.parent.beginning:
            self._finish_task(run.parent)

    def _abandon_rest(self, reason: str) -> None:
        """Give every open item a result, since the time is up; an item being retried keeps its last outcome."""
        now = time.monotonic()
        waiting, self._waiting = self._waiting, []
        for run in list(self._runs):
            abandoned = run.climb.abandon(Status.BUDGET, reason, now)._replace(status=Status.BUDGET, reason=reason)
            self._finish(run, run.outcome or abandoned, now)
        for task_run in self._tasks:
            if not task_run.finished and (task_run.beginning or not task_run.results):
                iteration = Iteration(None, None, f"{reason}, and what it waits for had not come" if task_run in waiting else reason)
                task_run.add(None, result_without_item(task_run.task, iteration, self._means.redaction, Status.BUDGET))
