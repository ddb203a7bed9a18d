"""Whatever a server sends, a rung returns plain data or says why not; nothing else escapes, and nothing takes for ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.errors import Unanswered
from collector.kinds import (
    KINDS,
    bodies,
    consul_agent,
    consul_checks,
    consul_leader,
    consul_lease,
    consul_members,
    leadership,
    litefs_command,
    litefs_config,
    litefs_http,
    litefs_metrics,
    nomad_agent,
    nomad_checks,
    nomad_deployments,
    nomad_evaluations,
    nomad_job,
    nomad_logs,
)
from collector.model import JSON, Reply, Request, Status
from collector.text import snippet

from .drive import CASES, arguments, drive, reply

PARSERS: dict[str, Callable[[bytes], object]] = {
    "decode": bodies.decode,
    "document": bodies.document,
    "listing": bodies.listing,
    "snippet": snippet,
    "nomad_agent": nomad_agent.parse_agent,
    "nomad_members": nomad_agent.parse_members,
    "nomad_job": nomad_job.parse,
    "nomad_evaluations": nomad_evaluations.parse,
    "nomad_deployments": nomad_deployments.parse,
    "nomad_logs": nomad_logs.parse,
    "nomad_checks": nomad_checks.parse,
    "leader": leadership.parse_leader,
    "peers": leadership.parse_peers,
    "consul_agent": consul_leader.parse_agent,
    "consul_members": consul_members.parse,
    "consul_service": consul_checks.parse_service,
    "consul_node": consul_checks.parse_node,
    "consul_checks": consul_checks.parse_checks,
    "agent_checks": lambda body: consul_agent.parse_checks(body, "worker-1"),
    "agent_services": lambda body: consul_agent.parse_services(body, "worker-1", "10.0.0.1"),
    "lease": lambda body: consul_lease.holder(bodies.document(body)),
    "metrics": litefs_metrics.metrics,
    "litefs_metrics": litefs_http.parse_metrics,
    "litefs_vars": litefs_http.parse_vars,
    "litefs_info": litefs_http.parse_info,
    "litefs_config": lambda body: litefs_config.leases(bodies.document(body)),
    "litefs_command": lambda body: litefs_command.structured(bodies.plain(body)),
}
WORDS = (
    *(b'{"', b'":', b"[", b"]", b"{", b"}", b"null", b"NaN", b"1e999", b"-", b'"\\ud800"', b"\xff", b"\n"),
    *(b"litefs_is_primary ", b"key: ", b"consul:"),
)
BODIES = st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(WORDS), max_size=30).map(b"".join))
QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "html": b"<!DOCTYPE html><html><body>It works!</body></html>",
    "deep": b"[" * 200_000,
    "deep object": b'{"a":' * 100_000,
    "nan": b'{"store":NaN}',
    "infinity": b"[-Infinity]",
    "overflow": b'[{"ModifyIndex":1e999}]',
    "huge number": b'[{"ModifyIndex":' + b"9" * 100_000 + b"}]",
    "same key twice": b'{"a":1,"a":2}',
    "half a surrogate pair": b'["\\ud83d"]',
    "latin 1": "é".encode("latin-1"),
    "cut": b'{"ID":"web","TaskGroups":[{"Na',
    "long line": b"a: b" + b" " * 60_000 + b"c",
    "blank lines": b"\n" * 60_000 + b"lease",
    "braces": b'consul: {key: "' + b"{{ }}" * 10_000,
}


def attempt(run: Callable[[], object]) -> object:
    """Return the result, or the `Unanswered` raised; any other exception escapes."""
    try:
        return run()
    except Unanswered as why:
        return why


def check(parse: Callable[[bytes], object], body: bytes) -> None:
    found = attempt(lambda: parse(body))
    if isinstance(found, Unanswered):
        assert found.status in (Status.INVALID, Status.FAILED)
        assert found.reason


@pytest.mark.parametrize("name", PARSERS)
@QUICK
@given(body=BODIES)
def test_a_parser_takes_any_bytes(name: str, body: bytes) -> None:
    check(PARSERS[name], body)


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_parser_takes_hostile_bytes(name: str, body: bytes) -> None:
    check(PARSERS[name], body)


@pytest.mark.parametrize(
    "name", ["html", "deep", "deep object", "nan", "infinity", "overflow", "huge number", "same key twice", "latin 1", "cut", "empty"]
)
def test_what_is_no_sound_json_is_invalid(name: str) -> None:
    with pytest.raises(Unanswered) as caught:
        bodies.decode(HOSTILE[name])
    assert caught.value.status == Status.INVALID


def test_a_reason_never_quotes_the_answer() -> None:
    with pytest.raises(Unanswered) as caught:
        nomad_job.parse(b'{"ID":"web","Namespace":"x","Stop":"s3cret-value"}')
    assert "s3cret" not in caught.value.reason


def test_half_a_surrogate_pair_becomes_text_that_can_be_written() -> None:
    assert json.dumps(bodies.decode(b'{"a":"\\ud83dx","b":"\\ud83d\\ude00"}'), ensure_ascii=False).encode()


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**63), 2**64), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)


@cache
def real_cases() -> tuple[tuple[str, JSON], ...]:
    files = sorted(CASES.glob("*/*.json"))
    return tuple((path.parent.name, json.loads(Path(path).read_text("utf-8"))) for path in files)


def damaged(data: st.DataObject, value: JSON) -> JSON:
    """Return the value with one part replaced, at the end of a random path."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 5)):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: damaged(data, value[key])}
    if isinstance(value, list) and value and data.draw(st.integers(0, 5)):
        index = data.draw(st.integers(0, len(value) - 1))
        return [*value[:index], damaged(data, value[index]), *value[index + 1 :]]
    return data.draw(VALUES)


@settings(deadline=None, max_examples=400, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_rung_survives_a_real_answer_with_any_part_of_it_replaced(data: st.DataObject) -> None:
    kind, case = data.draw(st.sampled_from(real_cases()))
    replies = iter(case["exchanges"])

    def answer(_request: Request) -> Reply:
        said = next(replies, {"reply": {"code": 404, "text": "no more"}})["reply"]
        return reply({**said, "json": damaged(data, said["json"])} if "json" in said else said)

    ends_well(kind, case["rung"], arguments(kind, case["args"], case.get("value")), answer)


REPLIES = st.builds(
    Reply,
    endpoint=st.just("anywhere"),
    status=st.sampled_from([Status.OK, Status.OK, Status.FAILED, Status.DENIED, Status.TIMEOUT, Status.UNREACHABLE, Status.MISSING_TOOL]),
    code=st.sampled_from([None, 0, 1, 127, 200, 400, 403, 404, 500]),
    body=BODIES,
    stderr=BODIES,
    headers=st.dictionaries(st.sampled_from(["x-nomad-nexttoken", "Litefs-Id", "Date"]), st.text(max_size=5), max_size=2),
    cause=st.sampled_from(["", "refused", "exec", "timeout"]),
    reason=st.text(max_size=10),
    date=st.one_of(st.none(), st.floats(0, 4e9)),
    truncated=st.booleans(),
)


@settings(deadline=None, max_examples=400, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_rung_survives_any_replies(data: st.DataObject) -> None:
    kind, case = data.draw(st.sampled_from(real_cases()))
    ends_well(kind, case["rung"], arguments(kind, case["args"], case.get("value")), lambda _request: data.draw(REPLIES))


def ends_well(kind: str, rung: str, args: dict[str, JSON], answer: Callable[[Request], Reply]) -> None:
    found = attempt(lambda: drive(KINDS[kind].rungs[rung](args), answer))
    if isinstance(found, Unanswered):
        assert isinstance(found.status, Status)
        assert found.reason
    else:
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
