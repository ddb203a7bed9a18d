"""Many concurrent threads, and broken installations."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import consul
import pytest

from collector.errors import CollectorError
from collector.model import Http, Reply, Status
from tests.sources import servers
from tests.sources.asking import DEADLINE, LATE, ask, sources


def echo(sock: socket.socket, head: bytes) -> None:
    """Answer each request of a connection with its path."""
    while head:
        body = head.split()[1]
        time.sleep(0.01)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        head = sock.recv(65536)


def test_threads_get_their_own_answers() -> None:
    with servers.serving(echo) as server, sources({"NOMAD_ADDR": server.url, "CONSUL_HTTP_ADDR": server.url}) as opened:
        asked = [Http("nomad", f"/v1/job/{number}") for number in range(60)] + [Http("consul", f"/v1/kv/{number}") for number in range(60)]
        with ThreadPoolExecutor(16) as pool:
            replies = list(pool.map(lambda request: opened.perform(request, time.monotonic() + 10), asked))
    assert [reply.body.decode() for reply in replies] == [request.path for request in asked]


def test_each_request_keeps_its_own_deadline_on_a_shared_connection_pool() -> None:
    def slow(sock: socket.socket, _head: bytes) -> None:
        time.sleep(DEADLINE + LATE)
        servers.answer(b"late")(sock, b"")

    with servers.serving(slow) as server, sources() as opened, ThreadPoolExecutor(8) as pool:

        def perform(seconds: float) -> Reply:
            return opened.perform(Http("litefs", "/info", base=server.url), time.monotonic() + seconds)

        replies = list(pool.map(perform, [DEADLINE, 5.0] * 4))
    assert [reply.status for reply in replies] == [Status.TIMEOUT, Status.OK] * 4


def test_many_hosts_do_not_leave_a_connection_each() -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    with servers.serving(echo, host="") as server, sources() as opened:
        before = descriptors()
        for number in range(1, 120):
            assert (
                opened.perform(Http("litefs", "/info", base=f"http://127.0.0.{number}:{server.port}"), time.monotonic() + 3).status
                == Status.OK
            )
        assert descriptors() - before < 119


def test_closing_drops_connections_and_is_harmless_twice() -> None:
    dropped = threading.Event()

    def until_it_is_dropped(sock: socket.socket, head: bytes) -> None:
        echo(sock, head)
        dropped.set()

    with servers.serving(until_it_is_dropped) as server, sources() as opened:
        opened.perform(Http("litefs", "/info", base=server.url), time.monotonic() + 3)
        assert not dropped.is_set()
        opened.close()
        opened.close()
        assert dropped.wait(5)


def test_another_distribution_in_consuls_place_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consul, "__version__", "1.8.0")
    with pytest.raises(CollectorError, match=r"1\.8\.0, not python-consul2 0\.1\.5.*install"):
        ask(Http("consul", "/v1/status/leader"))


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    with sources() as opened:
        opened.perform(Http("nomad", "/v1/nodes"), time.monotonic() + 3)
    assert threading.active_count() <= before
