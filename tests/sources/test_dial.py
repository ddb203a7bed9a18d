"""An accepted connection, or the reason for failure."""

from __future__ import annotations

import socket

import pytest

from collector.model import Dial, Status
from tests.sources import servers
from tests.sources.asking import DEADLINE, LATE, ask


def test_something_listens() -> None:
    with servers.serving(servers.silent) as server:
        reply = ask(Dial(server.host, server.port))
    assert (reply.status, reply.cause, reply.reason) == (Status.OK, "", "")
    assert server.heads == []


def test_nothing_listens() -> None:
    port = servers.closed_port()
    reply = ask(Dial("127.0.0.1", port))
    assert (reply.status, reply.cause, reply.reason) == (Status.UNREACHABLE, "refused", f"127.0.0.1:{port} refused the connection")


def test_nobody_answers() -> None:
    with servers.deaf() as server:
        reply = ask(Dial(server.host, server.port), seconds=DEADLINE)
    assert (reply.status, reply.cause) == (Status.TIMEOUT, "timeout")
    assert reply.seconds < DEADLINE + LATE


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 99999), ("a" * 100 + ".example", 80), ("a\0b", 80), ("127.0.0.1", -1)])
def test_an_address_that_is_none_is_a_reply(host: str, port: int) -> None:
    reply = ask(Dial(host, port))
    assert reply.status in {Status.FAILED, Status.UNREACHABLE}
    assert reply.cause


def test_a_name_that_cannot_be_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert ask(Dial("odroid9.example", 80)).cause == "dns"


PROXY_ANSWERS = {
    "HTTP/1.1 200 Connection established\r\n\r\n": (Status.OK, ""),
    'HTTP/1.1 502 X\r\nproxy-status: p; error=connection_refused; details="x"\r\n\r\n': (Status.UNREACHABLE, "refused"),
    "HTTP/1.1 504 Gateway Timeout\r\n\r\n": (Status.TIMEOUT, "timeout"),
    "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n": (Status.UNREACHABLE, "unroutable"),
    "SSH-2.0\r\n\r\n": (Status.UNREACHABLE, "unroutable"),
    "": (Status.UNREACHABLE, "unroutable"),
}


@pytest.mark.parametrize("answer", PROXY_ANSWERS)
def test_the_proxy_connects_when_there_is_one(answer: str) -> None:
    with servers.serving(servers.raw(answer.encode())) as proxy:
        reply = ask(Dial("127.0.0.8", 4533), {"COLLECTOR_PROXY": f"http://me:pass@{proxy.host}:{proxy.port}"})
    assert (reply.status, reply.cause) == PROXY_ANSWERS[answer]
    assert proxy.lines == ["CONNECT 127.0.0.8:4533 HTTP/1.1"]
    assert b"Proxy-Authorization: Basic bWU6cGFzcw==" in proxy.heads[0]


def test_a_proxy_that_hangs_is_a_timeout() -> None:
    with servers.serving(servers.dripping(b"HTTP/1.1 2")) as proxy:
        reply = ask(Dial("127.0.0.8", 4533), {"COLLECTOR_PROXY": proxy.url}, seconds=DEADLINE)
    assert (reply.status, reply.cause) == (Status.TIMEOUT, "timeout")
    assert reply.seconds < DEADLINE + LATE


def test_a_proxy_that_is_down_is_not_the_targets_fault() -> None:
    reply = ask(Dial("127.0.0.8", 4533), {"COLLECTOR_PROXY": f"http://127.0.0.1:{servers.closed_port()}"})
    assert (reply.status, reply.cause) == (Status.UNREACHABLE, "refused")
    assert "the proxy" in reply.reason


def test_ipv6_is_written_in_brackets() -> None:
    assert ask(Dial("::1", servers.closed_port())).endpoint.startswith("connect [::1]:")
