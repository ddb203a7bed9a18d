"""A run ends at its deadline whatever it is doing, and names what did not fit."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from collector.collect import Limits, Means, collect, pace
from collector.collect.pace import Effort
from collector.collect.plan import Selection
from collector.collect.runs import TaskRun
from collector.cutoff import Overdue
from collector.kinds.kind import Kind
from collector.model import JSON, Http, Reply, Rung, Spec, Status, Task
from tests.collect.fakes import KINDS, PATH, Expressions, Servers, Shouting, run, task


def test_a_server_that_hangs_costs_its_item_and_not_the_run() -> None:
    release = threading.Event()
    servers = Servers(a=lambda _deadline: str(release.wait(30)))
    try:
        first, second = run(task("text", "a", timeout=0.1), task("text", "b"), servers=servers).results
    finally:
        release.set()
    assert (first.status, second.status) == (Status.TIMEOUT, Status.OK)


def test_at_the_deadline_open_items_and_their_dependents_are_named() -> None:
    release = threading.Event()
    servers = Servers(a=lambda _deadline: str(release.wait(30)))
    tasks = (task("list", "a", register="names"), task("text", "$item", loop="$names", after=frozenset({"names"})), task("text", "b"))
    try:
        started = time.monotonic()
        results = run(*tasks, servers=servers, deadline=1.5).results
        assert time.monotonic() - started < 15  # the server would hang for 30
    finally:
        release.set()
    assert [result.status for result in results] == [Status.BUDGET, Status.BUDGET, Status.OK]


def test_no_pause_before_a_retry_exceeds_the_deadline_and_the_last_outcome_is_reported() -> None:
    refused = Reply("a", Status.UNREACHABLE, cause="refused", reason="refused")
    started = time.monotonic()
    (result,) = run(task("text", "a", retries=3, delay=60.0), servers=Servers(a=refused)).results
    assert (result.status, result.reason, len(result.attempts)) == (Status.UNREACHABLE, "refused", 1)
    assert time.monotonic() - started < 15  # the deadline is at 20


def test_a_retry_that_hangs_at_the_deadline_keeps_the_previous_outcome() -> None:
    release = threading.Event()
    answers = iter([lambda: "there", lambda: str(release.wait(30))])
    try:
        servers = Servers(a=lambda _deadline: next(answers)())
        (result,) = run(task("text", "a", retries=3, delay=0.001, until=0), servers=servers, deadline=1.5).results
    finally:
        release.set()
    assert (result.status, result.data) == (Status.OK, "THERE")


class Endless(Expressions):
    """`~` is an expression that never ends."""

    def render(self, value: JSON, variables: Mapping[str, JSON]) -> JSON:
        while value == "~":
            pass
        return super().render(value, variables)


def test_this_threads_own_work_is_cut_off_at_the_deadline_and_every_item_has_a_result() -> None:
    tasks = (
        task("text", "a"),
        task("text", "b", loop="~"),
        task("text", "c"),
        task("text", "d", after=frozenset({"x"})),
        task("list", "e", register="x"),
    )
    spec = Spec("s", "s.yml", "", "0" * 64, {}, tasks, {})
    collected = collect(spec, Means(KINDS, Servers(), Endless(), Shouting()), Limits(0.2), Selection())
    assert [result.task for result in collected.results] == [task.name for task in tasks]
    assert {result.status for result in collected.results} == {Status.BUDGET}


def test_an_answer_that_is_being_redacted_when_the_deadline_comes_is_named() -> None:
    class Slow(Shouting):
        def counted(self, value: JSON) -> tuple[JSON, dict[str, int]]:
            while value == "a":
                pass
            return super().counted(value)

    spec = Spec("s", "s.yml", "", "0" * 64, {}, (task("text", "a"), task("text", "b")), {})
    collected = collect(spec, Means(KINDS, Servers(), Expressions(), Slow()), Limits(0.3, forks=1), Selection())
    assert [(result.task, result.status) for result in collected.results] == [("text a", Status.BUDGET), ("text b", Status.BUDGET)]


def laborious(seconds: float, args: Mapping[str, JSON]) -> Rung:
    (reply,) = yield [Http("nomad", str(args["path"]))]
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass
    return reply.body.decode()


TIMES = {"hard": 0.05, "harder": 0.5}
LABORIOUS = KINDS | {name: Kind(name, "", {"api": partial(laborious, seconds)}, (("api", None),), PATH) for name, seconds in TIMES.items()}


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate an idle machine; the effect of other processes is tested in test_pace.py."""
    monkeypatch.setattr(Effort, "_slowness", lambda _self: 1.0)


@pytest.mark.usefixtures("quiet")
def test_collecting_leaves_time_for_the_report() -> None:
    servers = Servers(b=lambda deadline: time.sleep(max(0.0, deadline - time.monotonic())) or "late")
    spec = Spec("s", "s.yml", "", "0" * 64, {}, (task("hard", "a"), task("text", "b")), {})
    started = time.monotonic()
    collected = collect(spec, Means(LABORIOUS, servers, Expressions(), Shouting()), Limits(5.0, afterwards=40.0), Selection())
    assert time.monotonic() - started < 4.9  # leaves two of them
    assert [(result.status, result.reason) for result in collected.results] == [
        (Status.OK, ""),
        (Status.BUDGET, "the run's deadline came first"),
    ]


@pytest.mark.usefixtures("quiet")
def test_an_answer_without_time_left_to_process_is_named_and_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FOLLOWS", 100.0)  # so that even a busy machine reads the answer before the deadline
    tasks = task("harder", "a", register="names"), task("text", "$item", loop="$names", after=frozenset({"names"}))
    spec = Spec("s", "s.yml", "", "0" * 64, {}, tasks, {})
    collected = collect(spec, Means(LABORIOUS, Servers(), Expressions(), Shouting()), Limits(20.0, afterwards=20.0), Selection())
    (result,) = collected.results
    assert (result.status, result.data) == (Status.BUDGET, None)
    assert result.reason == "the answer came too late to do anything with it before the run's deadline"


class OverdueAt(list):
    """A list in which the deadline's signal arrives at the first change of an entry."""

    rung = False

    def __setitem__(self, key: Any, value: Any) -> None:
        if not self.rung:
            self.rung = True
            raise Overdue
        super().__setitem__(key, value)


@pytest.mark.parametrize("books", ["values", "results"])
def test_an_item_being_stored_when_the_deadline_signal_arrives_is_named(books: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = TaskRun.__init__

    def with_a_signal(self: TaskRun, task: Task, index: int) -> None:
        begin(self, task, index)
        setattr(self, books, OverdueAt())

    monkeypatch.setattr(TaskRun, "__init__", with_a_signal)
    assert [result.status for result in run(task("text", "a")).results] == [Status.BUDGET]
