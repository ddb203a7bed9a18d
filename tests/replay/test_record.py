from __future__ import annotations

import base64
import json
import re
import time

import pytest

from collector.model import Dial, Exec, Http, Reply, Status
from collector.replay import ExecExchange, HttpExchange, Recording, replay_server
from collector.replay.record import WIDER, Recorder, crawl, redacted_body
from tests.replay.recordings import CONSUL, LITEFS, NOMAD, Client

ENDPOINTS = {"nomad": NOMAD, "consul": CONSUL}


class Redaction:
    """Knows one kind of secret."""

    def text(self, value):
        return re.sub("s3cret", "<redacted>", value)

    def data(self, value):
        if isinstance(value, dict):
            return {name: "<redacted>" if name == "Password" else self.data(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.data(part) for part in value]
        return self.text(value) if isinstance(value, str) else value


class Scripted:
    """Returns the given replies."""

    def __init__(self, *replies):
        self.replies = list(replies)
        self.asked = []

    def perform(self, request, *, deadline):
        self.asked.append((request, deadline))
        return self.replies.pop(0)


def _recorded(request, reply):
    recorder = Recorder(Scripted(reply), Redaction(), ENDPOINTS)
    assert recorder.perform(request, deadline=7.0) is reply
    return recorder.recording({"scenario": "x"})


@pytest.mark.parametrize(
    ("request_", "reply", "expected"),
    [
        (
            Http("nomad", "/v1/nodes", {"per_page": 10}),
            Reply("x", Status.OK, 200, b"[]", headers={"X-Nomad-Index": "7", "Set-Cookie": "s3cret", "Date": "now"}, seconds=0.12345),
            HttpExchange(
                "nomad", NOMAD, "/v1/nodes", "GET", {"per_page": "10"}, 200, {"x-nomad-index": "7", "date": "now"}, "[]", "", 0.1235
            ),
        ),
        (
            Http("litefs", "/info", base=LITEFS),
            Reply("x", Status.FAILED, 404, b"404 page not found\n", reason="HTTP 404"),
            HttpExchange("litefs", LITEFS, "/info", status=404, body="404 page not found\n"),
        ),
        (
            Http("consul", "/v1/agent/checks", base="http://127.0.0.8:8500"),
            Reply("x", Status.UNREACHABLE, cause="refused", reason="nobody listens, s3cret"),
            HttpExchange("consul", "http://127.0.0.8:8500", "/v1/agent/checks", error="refused: nobody listens, <redacted>"),
        ),
        (
            Http("litefs", "/info/s3cret%2Fx", {"q": "s3cret"}, base="http://user:s3cret@127.0.0.8:20202/a"),
            Reply("x", Status.OK, 200),
            HttpExchange("litefs", "http://127.0.0.8:20202/a", "/info/<redacted>/x", query={"q": "<redacted>"}, status=200),
        ),
        (
            Http("litefs", "/ping", {"q": ("a", "s3cret")}, base=LITEFS),
            Reply("x", Status.OK, 200),
            HttpExchange("litefs", LITEFS, "/ping", query={"q": ("a", "<redacted>")}, status=200),
        ),
        (
            Exec("a", "web", ("curl", "http://u:s3cret@h")),
            Reply("x", Status.OK, 0),
            ExecExchange("a", "web", ("curl", "http://u:<redacted>@h"), 0),
        ),
        (Dial("127.0.0.8", 4533), Reply("x", Status.OK), HttpExchange("dial", "http://127.0.0.8:4533", "", "CONNECT", status=200)),
        (
            Dial("::1", 4533),
            Reply("x", Status.TIMEOUT, cause="timeout"),
            HttpExchange("dial", "http://[::1]:4533", "", "CONNECT", error="timeout"),
        ),
        (
            Exec("a", "web", ("cat", "x")),
            Reply("x", Status.FAILED, 1, b"out", b"err s3cret"),
            ExecExchange("a", "web", ("cat", "x"), 1, "out", "err <redacted>"),
        ),
        (Exec("a", "web", ("sleep",)), Reply("x", Status.TIMEOUT, cause="timeout"), ExecExchange("a", "web", ("sleep",), None)),
    ],
)
def test_an_exchange_is_kept_as_it_was_without_secrets(request_, reply, expected):
    recorded = _recorded(request_, reply)
    assert recorded.http + recorded.execs == (expected,)


@pytest.mark.parametrize("base", ["", "/", "http://", "http://[", None])
def test_requests_to_invalid_addresses_are_not_kept(base):
    assert _recorded(Http("litefs", "/metrics", base=base), Reply("x", Status.FAILED, cause="protocol")).http == ()


def test_a_missing_nomad_command_is_not_recorded():
    recorded = _recorded(Exec("a", "web", ("cat",)), Reply("x", Status.MISSING_TOOL, cause="missing"))
    assert recorded.http + recorded.execs == ()


def _entry(value):
    return {"Key": "k", "LockIndex": 0, "Value": base64.b64encode(value.encode()).decode()}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"url=http://u:s3cret@h", "url=http://u:<redacted>@h"),
        (b'{"Password": "x", "a": [1, "s3cret"]}', '{"Password": "<redacted>", "a": [1, "<redacted>"]}'),
        (b'"s3cret"', '"<redacted>"'),
        (b"\xff s3cret", "\ufffd <redacted>"),
        (b"[" * 100_000, "[" * 100_000),
        (b"", ""),
        (json.dumps([_entry("token: s3cret")]).encode(), json.dumps([_entry("token: <redacted>")])),
        (json.dumps([_entry('{"Password": "x"}')]).encode(), json.dumps([_entry('{"Password": "<redacted>"}')])),
        (b'[{"Key": "k", "LockIndex": 0, "Value": "%s3cret"}]', '[{"Key": "k", "LockIndex": 0, "Value": "%<redacted>"}]'),
        (b'[{"Key": "k", "LockIndex": 0, "Value": null}, 7]', '[{"Key": "k", "LockIndex": 0, "Value": null}, 7]'),
    ],
)
def test_no_secret_of_a_body_is_kept_not_even_in_base64(body, expected):
    assert redacted_body(body, Redaction()) == expected


def test_what_was_recorded_is_replayed(tmp_path):
    replies = [
        Reply("x", Status.OK, 200, b"first"),
        Reply("x", Status.OK, 200, b"second"),
        Reply("x", Status.TIMEOUT, cause="timeout", reason="no answer"),
    ]
    recorder = Recorder(Scripted(*replies), Redaction(), ENDPOINTS)
    for request in (Http("litefs", "/metrics", base=LITEFS), Http("litefs", "/metrics", base=LITEFS), Http("consul", "/v1/kv/a")):
        recorder.perform(request, deadline=0.0)
    recorder.recording({"recorded_at": 1.5}).save(tmp_path / "r.gz")
    loaded = Recording.load(tmp_path / "r.gz")
    assert (loaded.meta["recorded_at"], loaded.base("consul")) == (1.5, CONSUL)
    with replay_server(loaded) as replay, Client(replay.url) as client:
        assert [client.get(f"{LITEFS}/metrics")[1] for _ in range(3)] == ["first", "second", "second"]
        assert client.get(f"{CONSUL}/v1/kv/a")[0].status == 504


def test_a_crawl_asks_the_servers_lists_and_no_users_secrets():
    performer = Scripted(*[Reply("x", Status.OK, 200, b"[]")] * len(WIDER))
    recorder = Recorder(performer, Redaction(), ENDPOINTS)
    deadline = time.monotonic() + 60
    crawl(recorder, deadline=deadline)
    assert len(recorder.recording({}).http) == len(WIDER)
    assert {asked for _, asked in performer.asked} == {deadline}
    assert not [request.path for request in WIDER if re.search(r"/v1/(kv|vars?|acl)\b", request.path)]
