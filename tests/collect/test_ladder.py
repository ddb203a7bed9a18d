from __future__ import annotations

from collections.abc import Mapping

import pytest

from collector.collect.ladder import Climb, Outcome
from collector.errors import Unanswered
from collector.model import JSON, Http, Item, Reply, Rung, Status, Target

OK = Reply("GET a", Status.OK, code=200, body=b"1", date=100.0)
REFUSED = Reply("GET a", Status.UNREACHABLE, cause="refused", reason="connection refused")


def answering(_args: Mapping[str, JSON]) -> Rung:
    (reply,) = yield [Http("litefs", "/info")]
    return reply.body.decode()


def giving_up(args: Mapping[str, JSON]) -> Rung:
    (reply,) = yield [Http("litefs", "/metrics")]
    raise Unanswered(reply.status, f"{args['rung']}: {reply.reason}", reply=reply)


def refusing(_args: Mapping[str, JSON]) -> Rung:
    yield [Http("litefs", "/x")]
    raise Unanswered(Status.DENIED, "403", final=True)


def not_for_this(_args: Mapping[str, JSON]) -> Rung:
    yield from ()
    raise Unanswered(Status.SKIPPED, "no address")


RUNGS = {"answering": answering, "giving_up": giving_up, "refusing": refusing, "not_for_this": not_for_this}


def climb(*names: str, timeout: float = 8.0) -> Climb:
    item = Item("i", "t", "k", {}, Target(), tuple((name, f"value of {name}") for name in names), timeout)
    return Climb(item, RUNGS)


def play(climbing: Climb, *batches: Reply) -> Outcome:
    step = climbing.step(None, 0.0)
    for number, reply in enumerate(batches, 1):
        assert not isinstance(step, Outcome)
        climbing.begin(float(number), 1000.0)
        step = climbing.step([reply], float(number))
    assert isinstance(step, Outcome)
    return step


def test_the_first_rung_that_answers_wins_and_the_report_can_say_why_the_others_did_not() -> None:
    outcome = play(climb("giving_up", "answering", "refusing"), REFUSED, OK)
    assert (outcome.status, outcome.rung, outcome.data, outcome.date) == (Status.OK, "answering", "1", 100.0)
    assert [(a.rung, a.status, a.cause) for a in outcome.attempts] == [
        ("giving_up", Status.UNREACHABLE, "refused"),
        ("answering", Status.OK, ""),
    ]
    assert outcome.attempts[0].reason == "value of giving_up: connection refused"


def test_a_rung_without_requests_takes_no_time() -> None:
    climbing = climb("giving_up", "not_for_this")
    climbing.step(None, 10.0)
    climbing.begin(10.0, 1000.0)
    outcome = climbing.step([REFUSED], 15.0)
    assert isinstance(outcome, Outcome)
    assert [(attempt.rung, attempt.seconds) for attempt in outcome.attempts] == [("giving_up", 5.0), ("not_for_this", 0.0)]


def test_a_retry_that_fails_after_a_success_has_failed() -> None:
    first = climb("answering")
    item, answered = first.item, play(first, OK)
    outcome = play(Climb(item, {"answering": giving_up}, answered.attempts), REFUSED)
    assert (outcome.status, outcome.data, outcome.retryable) == (Status.UNREACHABLE, None, True)
    assert outcome.reason == "value of answering: connection refused"
    assert [attempt.status for attempt in outcome.attempts] == [Status.OK, Status.UNREACHABLE]


def test_errors_of_earlier_attempts_do_not_justify_a_retry() -> None:
    timed_out = play(climb("giving_up"), Reply("GET a", Status.TIMEOUT, cause="timeout", reason="no answer"))
    not_found = Reply("GET a", Status.FAILED, code=404, reason="404")
    outcome = play(Climb(climb("giving_up").item, RUNGS, timed_out.attempts), not_found)
    assert (outcome.status, outcome.retryable) == (Status.FAILED, False)


def test_a_refusal_ends_the_ladder() -> None:
    outcome = play(climb("refusing", "answering"), OK)
    assert (outcome.status, len(outcome.attempts), outcome.retryable) == (Status.DENIED, 1, False)


def test_an_exhausted_ladder_has_the_first_rungs_failure_and_every_reason() -> None:
    outcome = play(climb("giving_up", "refusing"), REFUSED, OK)
    assert outcome.status is Status.UNREACHABLE
    assert "connection refused" in outcome.reason
    assert "refusing: 403" in outcome.reason


def test_a_reason_shared_by_every_rung_is_given_once() -> None:
    def refused(_args: Mapping[str, JSON]) -> Rung:
        (reply,) = yield [Http("nomad", "/v1/nodes")]
        raise Unanswered(reply.status, reply.reason, reply=reply)

    item = Item("i", "t", "k", {}, Target(), (("api", None), ("job", None)), 8.0)
    assert play(Climb(item, {"api": refused, "job": refused}), REFUSED, REFUSED).reason == "connection refused"


def of_code(code: int) -> Reply:
    return Reply("GET a", Status.FAILED, code=code, reason=f"HTTP {code}")


@pytest.mark.parametrize(
    ("reply", "rungs"),
    [
        pytest.param(Reply("GET a", Status.TIMEOUT, cause="timeout"), ["api", "stale", "job"], id="it let us wait, as without a leader"),
        pytest.param(of_code(500), ["api", "stale", "job"], id="it failed"),
        pytest.param(of_code(503), ["api", "stale", "job"], id="it is not ready"),
        pytest.param(Reply("GET a", Status.UNREACHABLE, cause="reset"), ["api", "stale", "job"], id="it hung up"),
        pytest.param(of_code(400), ["api", "job"], id="it does not take the question"),
        pytest.param(of_code(404), ["api", "job"], id="it does not know the path"),
        pytest.param(of_code(302), ["api", "job"], id="it sends us elsewhere"),
        pytest.param(REFUSED, ["api", "job"], id="nobody listens"),
        pytest.param(Reply("GET a", Status.INVALID, code=200), ["api", "job"], id="it makes no sense"),
    ],
)
def test_a_request_is_repeated_only_if_that_may_help(reply: Reply, rungs: list[str]) -> None:
    def asks(_args: Mapping[str, JSON]) -> Rung:
        (told,) = yield [Http("nomad", "/v1/nodes")]
        raise Unanswered(told.status, told.reason, reply=told)

    item = Item("i", "t", "k", {}, Target(), (("api", None), ("stale", None), ("job", None)), 8.0)
    outcome = play(Climb(item, {"api": asks, "stale": asks, "job": asks}), *[reply] * len(rungs))
    assert [attempt.rung for attempt in outcome.attempts] == rungs


@pytest.mark.parametrize(("names", "expected"), [(("answering",), 18.0), (("answering", "giving_up"), 14.0)])
def test_a_rung_that_is_not_the_last_leaves_half_of_the_time_to_the_next(names: tuple[str, ...], expected: float) -> None:
    climbing = climb(*names)
    climbing.step(None, 10.0)
    assert climbing.begin(10.0, 1000.0) == expected


def test_the_runs_deadline_bounds_an_item() -> None:
    climbing = climb("answering")
    climbing.step(None, 10.0)
    assert climbing.begin(10.0, 11.0) == 11.0


def test_a_client_error_is_not_retried() -> None:
    not_found = Reply("GET a", Status.FAILED, code=404, reason="404")
    assert not play(climb("giving_up"), not_found).retryable
    assert play(climb("giving_up"), REFUSED).retryable


def partly(_args: Mapping[str, JSON]) -> Rung:
    first, _ = yield [Http("consul", "/v1/kv/a"), Http("consul", "/v1/session/list")]
    return first.body.decode()


def of_a_workload(_args: Mapping[str, JSON]) -> Rung:
    first, _ = yield [Http("litefs", "/metrics"), Http("litefs", "/ping")]
    return first.body.decode()


FORBIDDEN = Reply("GET b", Status.DENIED, code=403, reason="403: no")
HIDDEN = Reply("GET b", Status.OK, code=200, body=b"[]", headers={"x-consul-results-filtered-by-acls": "true"})


@pytest.mark.parametrize("second", [FORBIDDEN, HIDDEN])
def test_a_denied_part_of_an_answer_is_a_separate_attempt(second: Reply) -> None:
    outcome = Climb(Item("i", "t", "k", {}, Target(), (("partly", None),), 8.0), {"partly": partly})
    outcome.step(None, 0.0)
    done = outcome.step([OK, second], 1.0)
    assert isinstance(done, Outcome)
    assert (done.status, done.data) == (Status.OK, "1")
    assert [attempt.status for attempt in done.attempts] == [Status.DENIED, Status.OK]


def test_a_workloads_own_403_is_not_about_our_token() -> None:
    climbing = Climb(Item("i", "t", "k", {}, Target(), (("own", None),), 8.0), {"own": of_a_workload})
    climbing.step(None, 0.0)
    done = climbing.step([OK, FORBIDDEN], 1.0)
    assert isinstance(done, Outcome)
    assert [attempt.status for attempt in done.attempts] == [Status.OK]
