"""Whatever a server does, the reply describes it, in time."""

from __future__ import annotations

import gzip
import re
import socket
import time
import zlib

import pytest

from collector.model import Http, Status
from tests.sources import servers
from tests.sources.asking import DEADLINE, LATE, ask, sources

SOURCES = {"nomad": "/v1/nodes", "consul": "/v1/catalog/nodes", "litefs": "/info"}
OK = b"HTTP/1.1 200 OK\r\n"
BOMB = zlib.compress(b"\0" * (64 << 20), 9)
GZIP_BOMB = gzip.compress(b"\0" * (64 << 20), 9)

FAULTS = {
    "reset": (servers.reset, Status.UNREACHABLE, "reset", None),
    "hung up": (servers.hang_up, Status.UNREACHABLE, "reset", None),
    "silent": (servers.silent, Status.TIMEOUT, "timeout", None),
    "status line drips": (servers.dripping(b"HTTP/1.1 2"), Status.TIMEOUT, "timeout", None),
    "headers drip": (servers.dripping(OK + b"X-Slow: "), Status.TIMEOUT, "timeout", None),
    "100 Continue for ever": (servers.flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), Status.TIMEOUT, "timeout", None),
    "body drips": (servers.dripping(OK + b"Content-Length: 100000\r\n\r\n"), Status.TIMEOUT, "timeout", None),
    "chunks drip": (servers.dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), Status.TIMEOUT, "timeout", None),
    "body without end": (servers.flooding(OK + b"\r\n", b"x" * 65536), Status.OK, "capped", 200),
    "chunks without end": (
        servers.flooding(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"100\r\n%b\r\n" % (b"x" * 256) * 99),
        Status.OK,
        "capped",
        200,
    ),
    "gzip bomb": (servers.answer(GZIP_BOMB, Content_Encoding="gzip"), Status.OK, "capped", 200),
    "deflate bomb": (servers.answer(BOMB, Content_Encoding="deflate"), Status.OK, "capped", 200),
    "broken gzip": (servers.answer(b"not gzip at all", Content_Encoding="gzip"), Status.FAILED, "protocol", None),
    "gzip cut short": (servers.answer(gzip.compress(b"a" * 999)[:-9], Content_Encoding="gzip"), Status.FAILED, "protocol", None),
    "unknown encoding": (servers.answer(b"x", Content_Encoding="br"), Status.FAILED, "protocol", None),
    "body shorter than promised": (servers.answer(b"short", Content_Length="500"), Status.FAILED, "protocol", None),
    "chunk shorter than promised": (servers.raw(OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\nab"), Status.FAILED, "protocol", None),
    "chunk size is no number": (servers.raw(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), Status.FAILED, "protocol", None),
    "length is no number": (servers.answer(b"x", Content_Length="many, more"), Status.OK, "", 200),
    "not HTTP": (servers.raw(b"SSH-2.0-OpenSSH_9.2\r\n"), Status.FAILED, "protocol", None),
    "status is no number": (servers.raw(b"HTTP/1.1 abc OK\r\n\r\n"), Status.FAILED, "protocol", None),
    "header line too long": (servers.raw(OK + b"X: " + b"x" * 70000 + b"\r\n\r\n"), Status.FAILED, "protocol", None),
    "too many headers": (servers.raw(OK + b"X: y\r\n" * 300 + b"\r\n"), Status.FAILED, "protocol", None),
    "redirect to another host": (servers.answer(status="302 Found", Location="http://127.0.0.9:1/"), Status.FAILED, "redirect", 302),
    "redirect to nonsense": (servers.answer(status="307 X", Location="http://[::1"), Status.FAILED, "redirect", 307),
    "bad request": (servers.answer(status="400 Bad Request"), Status.FAILED, "", 400),
    "unauthorized": (servers.answer(status="401 Unauthorized"), Status.DENIED, "", 401),
    "forbidden": (servers.answer(b"Permission denied", status="403 Forbidden"), Status.DENIED, "", 403),
    "not found": (servers.answer(status="404 Not Found"), Status.FAILED, "", 404),
    "conflict": (servers.answer(status="409 Conflict"), Status.FAILED, "", 409),
    "too many requests": (servers.answer(b'{"Healthy":false}', status="429 Too Many Requests"), Status.FAILED, "", 429),
    "server error": (servers.answer(b"No cluster leader", status="500 Internal Server Error"), Status.FAILED, "", 500),
    "unheard-of status": (servers.answer(status="799 What"), Status.FAILED, "", 799),
    "HTML": (servers.answer(b"<html>login</html>", Content_Type="text/html"), Status.OK, "", 200),
    "no content": (servers.raw(b"HTTP/1.1 204 No Content\r\n\r\n"), Status.OK, "", 204),
    "wrong charset": (servers.answer(b"\xff\xfe", Content_Type="text/plain; charset=nonsense"), Status.OK, "", 200),
}


def environ(url: str) -> dict[str, str]:
    return {"NOMAD_ADDR": url, "CONSUL_HTTP_ADDR": url}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_a_reply_in_time(fault: str, source: str) -> None:
    behaviour, status, cause, code = FAULTS[fault]
    with servers.serving(behaviour) as server:
        base = server.url if source == "litefs" else None
        seconds = DEADLINE if status == Status.TIMEOUT else 5.0
        reply = ask(Http(source, SOURCES[source], base=base, limit=100_000), environ(server.url), seconds=seconds)
    assert (reply.status, reply.cause, reply.code) == (status, cause, code), reply
    assert reply.seconds < seconds + LATE
    assert len(reply.body) <= 100_000
    assert reply.truncated == (cause == "capped")
    assert (reply.reason == "") == (status == Status.OK)


@pytest.mark.parametrize("source", SOURCES)
def test_nothing_listens(source: str) -> None:
    url = f"http://127.0.0.1:{servers.closed_port()}"
    reply = ask(Http(source, SOURCES[source], base=url), environ(url))
    assert (reply.status, reply.cause) == (Status.UNREACHABLE, "refused")
    assert url.removeprefix("http://") in reply.reason


@pytest.mark.parametrize("source", SOURCES)
def test_connecting_hangs(source: str) -> None:
    with servers.deaf() as server:
        reply = ask(Http(source, SOURCES[source], base=server.url), environ(server.url), seconds=DEADLINE)
    assert (reply.status, reply.cause) == (Status.TIMEOUT, "timeout")
    assert "accept a connection" in reply.reason
    assert reply.seconds < DEADLINE + LATE


def test_a_name_that_cannot_be_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    reply = ask(Http("nomad", "/v1/nodes"), {"NOMAD_ADDR": "http://odroid9.example:4646"})
    assert (reply.status, reply.cause) == (Status.UNREACHABLE, "dns")
    assert "odroid9.example:4646" in reply.reason


def test_a_dead_address_of_a_name_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.deaf() as dead, servers.serving(servers.answer(b"alive")) as alive:
        addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each.host, each.port)) for each in (dead, alive)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
        reply = ask(Http("litefs", "/info", base="http://two.example:20202"), seconds=1.0)
    assert (reply.status, reply.body) == (Status.OK, b"alive")


@pytest.mark.parametrize(
    "base", ["", "nonsense", "http://", "http://[::1", "http://h:99999999", "ftp://127.0.0.1", "http://\x00", f"http://{'a' * 300}.example"]
)
def test_an_address_that_is_none_is_a_failed_reply(base: str) -> None:
    reply = ask(Http("litefs", "/info", base=base))
    assert reply.status in {Status.FAILED, Status.UNREACHABLE}
    assert reply.cause in {"protocol", "dns"}


def test_time_that_is_up_already_is_a_timeout() -> None:
    with servers.serving(servers.answer()) as server:
        reply = ask(Http("litefs", "/info", base=server.url), seconds=-1)
    assert (reply.status, reply.cause) == (Status.TIMEOUT, "timeout")
    assert not server.heads


def test_a_redirect_is_not_followed_and_takes_no_token_along() -> None:
    with servers.serving(servers.answer()) as thief:
        redirect = servers.answer(status="301 Moved", Location=f"{thief.url}/v1/nodes")
        with servers.serving(redirect) as server:
            tokens = {"NOMAD_TOKEN": "nomad-secret", "CONSUL_HTTP_TOKEN": "consul-secret"}
            for source in ("nomad", "consul"):
                assert ask(Http(source, SOURCES[source]), environ(server.url) | tokens).cause == "redirect"
    assert thief.heads == []
    assert len(server.heads) == 2


def test_an_error_says_what_the_server_said_but_not_a_page_of_html() -> None:
    with servers.serving(servers.answer(b"rpc error: No path to node\n", status="500 X")) as server:
        assert ask(Http("nomad", "/v1/nodes"), environ(server.url)).reason.endswith("answers HTTP 500: rpc error: No path to node")
    with servers.serving(servers.answer(b"<html><b>login</b>", status="500 X")) as server:
        assert ask(Http("nomad", "/v1/nodes"), environ(server.url)).reason.endswith("answers HTTP 500")


@pytest.mark.parametrize("source", SOURCES)
def test_conflicting_content_lengths_are_named(source: str) -> None:
    with servers.serving(servers.raw(OK + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\n12345")) as server:
        reply = ask(Http(source, SOURCES[source], base=server.url if source == "litefs" else None), environ(server.url))
    assert (reply.status, reply.cause) == (Status.FAILED, "protocol")
    assert re.fullmatch(r"127\.0\.0\.1:\d+ did not answer in proper HTTP: Content-Length .*\(5, 7\)", reply.reason), reply.reason


def test_what_the_server_says_is_redacted_and_cleaned() -> None:
    body = b"\x1b[31mtoken=hunter2hunter2\x1b]0;title\x07 of my-own-secret\x00"
    with servers.serving(servers.answer(body, status="500 X")) as server:
        reply = ask(Http("nomad", "/v1/nodes"), environ(server.url) | {"NOMAD_TOKEN": "my-own-secret"})
    assert "hunter2" not in reply.reason
    assert "my-own-secret" not in reply.reason
    assert reply.reason.isprintable()


def test_the_body_is_bytes_as_they_came() -> None:
    log = "h\u00e9llo \u2603".encode() + b"\xff\x00\x1b[31m"
    with servers.serving(servers.answer(log, Content_Type="text/plain")) as server:
        assert ask(Http("nomad", "/v1/client/fs/logs/4f1c"), environ(server.url)).body == log


def test_gzip_is_decoded_and_the_clock_of_the_server_kept() -> None:
    behaviour = servers.answer(gzip.compress(b"[1]"), Content_Encoding="gzip", Date="Tue, 24 Nov 2026 06:23:41 GMT", X_Nomad_Index="7")
    with servers.serving(behaviour) as server:
        reply = ask(Http("nomad", "/v1/nodes"), environ(server.url))
    assert (reply.body, reply.date, reply.headers["x-nomad-index"]) == (b"[1]", 1795501421.0, "7")


@pytest.mark.parametrize("zone", ["GMT", "-0000", "", "+0000"])
def test_a_date_is_utc_wherever_the_collector_runs(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        with servers.serving(servers.answer(Date=f"Tue, 24 Nov 2026 06:23:41 {zone}".strip())) as server:
            assert ask(Http("nomad", "/v1/nodes"), environ(server.url)).date == 1795501421.0
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("date", ["nonsense", "Tue, 99 Nov 2026 06:23:41 GMT", ""])
def test_a_date_that_is_none_is_unknown(date: str) -> None:
    with servers.serving(servers.answer(Date=date)) as server:
        assert ask(Http("nomad", "/v1/nodes"), environ(server.url)).date is None


def test_connections_are_kept_for_the_next_request_unless_the_answer_was_cut() -> None:
    connections = []

    def serve(sock: socket.socket, _head: bytes) -> None:
        connections.append(sock)
        for _ in range(3):
            sock.sendall(OK + b"Content-Length: 200000\r\n\r\n" + b"x" * 200000)
            sock.recv(65536)

    with servers.serving(serve) as server, sources() as opened:
        for _ in range(2):
            opened.perform(Http("litefs", "/info", base=server.url), time.monotonic() + 3)
        assert len(connections) == 1
        opened.perform(Http("litefs", "/info", base=server.url, limit=10), time.monotonic() + 3)
        opened.perform(Http("litefs", "/info", base=server.url), time.monotonic() + 3)
    assert len(connections) == 2


def test_of_a_list_of_errors_the_first_one_is_quoted() -> None:
    body = b"1 error occurred:\n\t* rpc error: failed to get conn\n\n"
    with servers.serving(servers.answer(body, status="500 X")) as server:
        assert ask(Http("nomad", "/v1/nodes"), environ(server.url)).reason.endswith("answers HTTP 500: rpc error: failed to get conn")
