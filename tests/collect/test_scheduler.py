"""The scheduler with a hand-written Performer, the only fake."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from collector.collect import Collected, Limits, Means, collect
from collector.collect.plan import Selection
from collector.errors import CollectorError
from collector.model import HIDDEN, Reply, Spec, Status
from tests.collect.fakes import KINDS, Expressions, Servers, Shouting, run, task


def test_a_loop_waits_for_the_name_it_uses_and_asks_once_for_each_element() -> None:
    servers = Servers(names="a,b")
    collected = run(
        task("text", "$item", loop="$names", after=frozenset({"names"})), task("list", "names", register="names"), servers=servers
    )
    assert servers.asked[0] == "names"
    assert sorted(servers.asked[1:]) == ["a", "b"]
    assert [result.data for result in collected.results] == ["A", "B", ["a", "b"]]
    assert collected.requests == 3


def test_independent_tasks_run_in_parallel() -> None:
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


def test_a_failed_item_is_a_value_and_the_run_continues() -> None:
    refused = Reply("a", Status.UNREACHABLE, cause="refused", reason="a: connection refused, password=secret")
    first, second = run(task("text", "a"), task("text", "b"), servers=Servers(a=refused)).results
    assert (first.status, first.data) == (Status.UNREACHABLE, None)
    assert first.reason == "a: connection refused, password=<redacted>"
    assert first.attempts[0].cause == "refused"
    assert second.status is Status.OK


def test_a_failed_task_registers_none() -> None:
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


def test_a_parser_crash_is_reported_and_does_not_end_the_run() -> None:
    first, second = run(task("broken", "a"), task("text", "b")).results
    assert first.status is Status.INVALID
    assert "ValueError" in first.reason
    assert second.status is Status.OK


def test_retries_repeat_until_an_answer_comes() -> None:
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


def test_no_log_hides_the_data_from_the_bundle_but_not_from_other_tasks() -> None:
    results = run(
        task("list", "a,b", register="names", no_log=True), task("text", "$item", loop="$names", after=frozenset({"names"}))
    ).results
    assert (results[0].data, results[0].status, results[0].reason) == (None, Status.SKIPPED, HIDDEN)
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
def test_tags_and_limit_select_tasks_and_their_dependencies(selection: Selection, asked: set[str]) -> None:
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


def test_a_skipped_task_does_not_run_even_if_another_needs_it() -> None:
    servers = Servers()
    run(
        task("list", "a,b", register="names", tags=("deep",)),
        task("text", "$item", loop="$names", after=frozenset({"names"})),
        task("text", "z"),
        servers=servers,
        selection=Selection(skip_tags=["deep"]),
    )
    assert servers.asked == ["z"]


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


def test_a_chore_without_time_is_done_at_the_end() -> None:
    done = []
    with_chores(*[lambda: done.append(1)] * 3, servers=Servers())
    assert done == [1, 1, 1]


def test_an_exception_of_a_chore_ends_the_run() -> None:
    def chore() -> None:
        raise CollectorError("the spec is wrong")

    with pytest.raises(CollectorError):
        with_chores(chore, servers=Servers())
