"""The scheduler against a hand-written Performer: the one seam where a fake stands."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from collector.collect import Collected, Limits, Means, collect
from collector.collect.plan import Selection
from collector.collect.runs import TaskRun
from collector.cutoff import Overdue
from collector.errors import CollectorError, Unanswered
from collector.kinds.kind import Argument, Kind
from collector.model import JSON, Http, Mark, Reply, Request, Rung, Spec, Status, Target, Task

MARK = Mark("spec.yml", 1, 1)


class Expressions:
    """`$name` is a variable, `$item` the loop's element; anything else stands for itself. `!` fails."""

    def render(self, value: JSON, variables: Mapping[str, JSON]) -> JSON:
        if isinstance(value, dict):
            return {key: self.render(inner, variables) for key, inner in value.items()}
        if value == "!":
            raise CollectorError("no such thing")
        return variables[value[1:]] if isinstance(value, str) and value.startswith("$") else value

    def test(self, expression: str, variables: Mapping[str, JSON]) -> bool:
        return bool(self.render(expression, variables))


class Shouting:
    """A redaction that can be seen to have happened."""

    def counted(self, value: JSON) -> tuple[JSON, dict[str, int]]:
        return (value.upper(), {"loud": 1}) if isinstance(value, str) else (value, {})

    def text(self, value: str) -> str:
        return value.replace("secret", "<redacted>")


class Servers:
    """Answers by path; a path may hang, fail or answer the second time only. Remembers what was asked, in order."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked, self.lock = answers, [], threading.Lock()
        self.running = self.most = 0

    def perform(self, request: Request, *, deadline: float) -> Reply:
        assert isinstance(request, Http)
        with self.lock:
            self.asked.append(request.path)
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            return self._answer(request.path, deadline)
        finally:
            with self.lock:
                self.running -= 1

    def _answer(self, path: str, deadline: float) -> Reply:
        answer = self.answers.get(path, path)
        if isinstance(answer, Callable):
            answer = answer(deadline)
        if isinstance(answer, Reply):
            return answer
        return Reply(path, Status.OK, code=200, body=answer.encode(), date=50.0)


def ask(args: Mapping[str, JSON]) -> Rung:
    (reply,) = yield [Http("nomad", str(args["path"]))]
    if reply.status is not Status.OK:
        raise Unanswered(reply.status, reply.reason, reply=reply)
    return reply.body.decode()


def split(args: Mapping[str, JSON]) -> Rung:
    return (yield from ask(args)).split(",")


def broken(args: Mapping[str, JSON]) -> Rung:
    yield from ask(args)
    return int("not a number")


def on_node(args: Mapping[str, JSON]) -> Target:
    return Target(node=args.get("node"))


PATH = {"path": Argument("string", "what to ask", required=True), "node": Argument("string", "about which node")}
KINDS = {
    "text": Kind("text", "", {"api": ask}, (("api", None),), PATH, target=on_node),
    "list": Kind("list", "", {"api": split}, (("api", None),), PATH),
    "broken": Kind("broken", "", {"api": broken}, (("api", None),), PATH),
}


def task(kind: str, path: str, **more: Any) -> Task:
    args = {"path": path, **more.pop("args", {})}
    return Task(more.pop("name", f"{kind} {path}"), kind, args, MARK, **more)


def run(
    *tasks: Task, servers: Servers | None = None, deadline: float = 20.0, forks: int = 8, selection: Selection | None = None
) -> Collected:
    spec = Spec("s", "s.yml", "", "0" * 64, {"who": "me"}, tasks, {})
    means = Means(KINDS, servers or Servers(), Expressions(), Shouting())
    return collect(spec, means, Limits(deadline, forks), selection or Selection())


def test_a_loop_waits_for_the_name_it_uses_and_asks_once_for_each_element() -> None:
    servers = Servers(names="a,b")
    collected = run(
        task("text", "$item", loop="$names", after=frozenset({"names"})), task("list", "names", register="names"), servers=servers
    )
    assert servers.asked[0] == "names"
    assert sorted(servers.asked[1:]) == ["a", "b"]
    assert [result.data for result in collected.results] == ["A", "B", ["a", "b"]]
    assert collected.requests == 3


def test_what_does_not_depend_on_each_other_is_asked_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=10)
    servers = Servers(**{name: lambda _deadline: str(together.wait() >= 0) for name in "abc"})
    assert [result.status for result in run(task("text", "a"), task("text", "b"), task("text", "c"), servers=servers).results] == [
        Status.OK
    ] * 3


def test_no_more_requests_than_forks_are_under_way() -> None:
    servers = Servers(names=",".join("abcdefgh"))
    run(
        task("list", "names", register="names"),
        task("text", "$item", loop="$names", after=frozenset({"names"})),
        servers=servers,
        forks=2,
    )
    assert servers.most <= 2


def test_a_failed_item_is_a_value_and_the_rest_goes_on() -> None:
    refused = Reply("a", Status.UNREACHABLE, cause="refused", reason="a: connection refused, password=secret")
    first, second = run(task("text", "a"), task("text", "b"), servers=Servers(a=refused)).results
    assert (first.status, first.data) == (Status.UNREACHABLE, None)
    assert first.reason == "a: connection refused, password=<redacted>"
    assert first.attempts[0].cause == "refused"
    assert second.status is Status.OK


def test_what_a_failed_task_registers_is_none_so_that_others_can_say_what_then() -> None:
    refused = Reply("a", Status.UNREACHABLE, reason="refused")
    results = run(
        task("list", "a", register="names"), task("text", "$item", loop="$names", after=frozenset({"names"})), servers=Servers(a=refused)
    ).results
    assert [result.status for result in results] == [Status.UNREACHABLE]


def test_an_expression_that_fails_costs_only_its_own_item() -> None:
    first, second = run(task("text", "!"), task("text", "b")).results
    assert (first.status, first.reason) == (Status.FAILED, "no such thing")
    assert second.status is Status.OK


def test_a_condition_that_does_not_hold_skips_the_item() -> None:
    first, second = run(task("text", "a", when="$who"), task("text", "b", when=0)).results
    assert (first.status, second.status) == (Status.OK, Status.SKIPPED)


def test_an_answer_that_upsets_a_parser_is_named_and_does_not_end_the_run() -> None:
    first, second = run(task("broken", "a"), task("text", "b")).results
    assert first.status is Status.INVALID
    assert "ValueError" in first.reason
    assert second.status is Status.OK


def test_retries_ask_again_until_an_answer_comes() -> None:
    answers = iter([Reply("a", Status.UNREACHABLE, reason="reset"), Reply("a", Status.OK, body=b"up")])
    (result,) = run(task("text", "a", retries=2, delay=0.001), servers=Servers(a=lambda _deadline: next(answers))).results
    assert (result.status, result.data, len(result.attempts)) == (Status.OK, "UP", 2)


def test_a_client_error_is_not_asked_again() -> None:
    servers = Servers(a=Reply("a", Status.DENIED, code=403, reason="no"))
    run(task("text", "a", retries=5, delay=0.001), servers=servers)
    assert servers.asked == ["a"]


def test_until_asks_again_while_it_does_not_hold() -> None:
    answers = iter(["", "", "there"])
    (result,) = run(task("text", "a", retries=5, delay=0.001, until="$result"), servers=Servers(a=lambda _deadline: next(answers))).results
    assert result.data == "THERE"


def test_a_server_that_hangs_costs_its_item_and_not_the_run() -> None:
    release = threading.Event()
    servers = Servers(a=lambda _deadline: str(release.wait(30)))
    try:
        first, second = run(task("text", "a", timeout=0.1), task("text", "b"), servers=servers).results
    finally:
        release.set()
    assert (first.status, second.status) == (Status.TIMEOUT, Status.OK)


def test_at_the_runs_deadline_what_is_open_is_named_and_so_is_what_waited_for_it() -> None:
    release = threading.Event()
    servers = Servers(a=lambda _deadline: str(release.wait(30)))
    tasks = (task("list", "a", register="names"), task("text", "$item", loop="$names", after=frozenset({"names"})), task("text", "b"))
    try:
        started = time.monotonic()
        results = run(*tasks, servers=servers, deadline=0.4).results
        assert time.monotonic() - started < 5
    finally:
        release.set()
    assert [result.status for result in results] == [Status.BUDGET, Status.BUDGET, Status.OK]


class Endless(Expressions):
    """`~` is an expression that does not come to an end."""

    def render(self, value: JSON, variables: Mapping[str, JSON]) -> JSON:
        while value == "~":
            pass
        return super().render(value, variables)


def test_what_this_thread_itself_is_at_when_the_deadline_comes_is_cut_off_and_nothing_is_left_out() -> None:
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


def test_collecting_ends_before_its_deadline_by_what_the_report_will_take() -> None:
    servers = Servers(b=lambda deadline: time.sleep(max(0.0, deadline - time.monotonic())) or "late")
    spec = Spec("s", "s.yml", "", "0" * 64, {}, (task("hard", "a"), task("text", "b")), {})
    started = time.monotonic()
    collected = collect(spec, Means(LABORIOUS, servers, Expressions(), Shouting()), Limits(4.0, afterwards=20.0), Selection())
    assert time.monotonic() - started < 3.9
    assert [(result.status, result.reason) for result in collected.results] == [
        (Status.OK, ""),
        (Status.BUDGET, "the run's deadline came first"),
    ]


def test_an_answer_for_which_there_is_no_time_left_is_named_and_nothing_is_done_with_it() -> None:
    tasks = task("harder", "a", register="names"), task("text", "$item", loop="$names", after=frozenset({"names"}))
    spec = Spec("s", "s.yml", "", "0" * 64, {}, tasks, {})
    collected = collect(spec, Means(LABORIOUS, Servers(), Expressions(), Shouting()), Limits(2.0, afterwards=20.0), Selection())
    (result,) = collected.results
    assert (result.status, result.data) == (Status.BUDGET, None)
    assert result.reason == "the answer came too late to do anything with it before the run's deadline"


def test_no_log_hides_the_data_from_the_bundle_but_not_from_other_tasks() -> None:
    results = run(
        task("list", "a,b", register="names", no_log=True), task("text", "$item", loop="$names", after=frozenset({"names"}))
    ).results
    assert results[0].data is None
    assert [result.data for result in results[1:]] == ["A", "B"]


@pytest.mark.parametrize(
    ("selection", "asked"),
    [
        (Selection(), {"n", "x", "y", "z"}),
        (Selection(tags=["deep"]), {"n", "x"}),
        (Selection(skip_tags=["deep"]), {"n", "y", "z"}),
        (Selection(limit=["odroid*"]), {"n", "x", "y"}),
    ],
)
def test_tags_and_limit_choose_what_is_asked_and_what_that_needs(selection: Selection, asked: set[str]) -> None:
    servers = Servers()
    run(
        task("list", "n", register="names"),
        task("text", "x", tags=("deep",), after=frozenset({"names"})),
        task("text", "y", args={"node": "odroid7"}),
        task("text", "z", args={"node": "pi4"}),
        servers=servers,
        selection=selection,
    )
    assert set(servers.asked) == asked


def test_two_tasks_under_one_name_are_the_two_branches_of_a_condition() -> None:
    servers = Servers()
    run(
        task("list", "one", register="names", when="$who"),
        task("list", "two", register="names", when=0),
        task("text", "$item", loop="$names", after=frozenset({"names"})),
        servers=servers,
    )
    assert sorted(servers.asked) == ["one", "one"]


def test_a_task_that_needs_no_request_does_not_let_others_run_ahead_of_their_inputs() -> None:
    servers = Servers(names="a,b")
    collected = run(
        task("text", "x", when=0, register="nothing"),
        task("list", "names", register="names"),
        task("text", "$item", loop="$names", after=frozenset({"names", "nothing"})),
        servers=servers,
    )
    assert [result.data for result in collected.results] == [None, ["a", "b"], "A", "B"]


def test_a_task_that_ends_at_once_does_not_start_what_waits_for_the_one_after_it() -> None:
    servers = Servers(names="a,b")
    run(
        task("text", "first", register="nothing", when=0),
        task("list", "names", register="names"),
        task("text", "$item", loop="$names", after=frozenset({"names"})),
        servers=servers,
    )
    assert sorted(servers.asked) == ["a", "b", "names"]


def with_chores(*chores: Callable[[], object], servers: Servers) -> Collected:
    spec = Spec("s", "s.yml", "", "0" * 64, {}, (task("text", "a"),), {})
    return collect(spec, Means(KINDS, servers, Expressions(), Shouting(), chores=chores), Limits(20.0, 8), Selection())


def test_a_chore_is_done_while_an_answer_is_waited_for() -> None:
    done = threading.Event()
    servers = Servers(a=lambda _deadline: str(done.wait(10)))
    assert with_chores(done.set, servers=servers).results[0].data == "TRUE"


def test_a_chore_for_which_there_was_no_time_is_done_at_the_end() -> None:
    done = []
    with_chores(*[lambda: done.append(1)] * 3, servers=Servers())
    assert done == [1, 1, 1]


def test_what_a_chore_raises_ends_the_run() -> None:
    def chore() -> None:
        raise CollectorError("the spec is wrong")

    with pytest.raises(CollectorError):
        with_chores(chore, servers=Servers())


class OverdueAt(list):
    """A list in which the deadline's signal comes at the first change of an entry."""

    rung = False

    def __setitem__(self, key: Any, value: Any) -> None:
        if not self.rung:
            self.rung = True
            raise Overdue
        super().__setitem__(key, value)


@pytest.mark.parametrize("books", ["values", "results"])
def test_an_item_that_the_deadlines_signal_hits_while_it_is_written_down_is_named(books: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = TaskRun.__init__

    def with_a_signal(self: TaskRun, task: Task, index: int) -> None:
        begin(self, task, index)
        setattr(self, books, OverdueAt())

    monkeypatch.setattr(TaskRun, "__init__", with_a_signal)
    assert [result.status for result in run(task("text", "a")).results] == [Status.BUDGET]
