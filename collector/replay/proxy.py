"""Serves the recorded servers behind a forward HTTP proxy on one free loopback port.

Recorded addresses are kept: clients request `GET http://127.0.0.8:20202/info HTTP/1.1` from the proxy, so one port serves a whole cluster,
and any number of replays can run in parallel. If the recording shows that a target did not answer, the proxy says so in the standard way
(`Proxy-Status`, RFC 9209). A request that was not recorded gets 501, never an invented answer.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from collector.replay import wire
from collector.replay.derive import derive, unreachable
from collector.replay.match import Index
from collector.replay.recording import Recording

NOT_RECORDED = 501
POLL = 0.02
"""Seconds between two checks whether the server should stop."""


class Asked(NamedTuple):
    """One request to the replay; `known` False: it is not in the recording."""

    method: str
    netloc: str
    path: str
    known: bool


@dataclass(slots=True)
class Replay:
    """A running replay: the proxy's `url`, and the requests so far."""

    url: str
    asked: list[Asked] = field(default_factory=list)

    @property
    def unknown(self) -> list[Asked]:
        """The requests answered with 501."""
        return [asked for asked in self.asked if not asked.known]


@contextlib.contextmanager
def replay_server(recording: Recording, *, latency: float = 0.0) -> Iterator[Replay]:
    """Serve a recording until the block ends, leaving no thread or socket behind. Each answer is delayed by `latency` seconds."""
    with running(Server(Index(recording), latency=latency)) as server:
        yield server.replay


@contextlib.contextmanager
def running(server: Server) -> Iterator[Server]:
    """Run a server until the block ends."""
    thread = threading.Thread(target=server.serve_forever, args=(POLL,), name="replay", daemon=True)
    with server:
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            server.hang_up()
            thread.join()


_Request = socket.socket | tuple[bytes, socket.socket]
"""The type of socketserver's request; in a TCP server it is a socket."""


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One listening address that answers from an index, both as a forward proxy and as the server named by the Host header."""

    allow_reuse_address = True
    request_queue_size = 512
    daemon_threads = False  # joined by server_close, so that no thread is left behind

    def __init__(self, index: Index, address: tuple[str, int] = ("127.0.0.1", 0), latency: float = 0.0) -> None:
        """Listen on `address`; port 0 means any free one. Raises OSError if that is not possible."""
        super().__init__(address, _Connection)
        self.index = index
        self.latency = latency
        self.replay = Replay(f"http://{address[0]}:{self.server_address[1]}")
        self._open: set[_Request] = set()
        self._lock = threading.Lock()

    def process_request(self, request: _Request, client_address: Any) -> None:
        """Remember the connection, so that it can be closed."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: _Request) -> None:
        """Forget a closed connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Close every connection that waits for its client's next request."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    cast("socket.socket", connection).shutdown(socket.SHUT_RDWR)


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: Server

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            while ask := wire.read_ask(self.rfile):
                time.sleep(self.server.latency)
                self.wfile.write(self._answer(ask))
                if not ask.keep_alive:
                    return

    def _answer(self, ask: wire.Ask) -> bytes:
        found = self._connect(ask) if ask.method == "CONNECT" else self._request(ask)
        self.server.replay.asked.append(Asked(ask.method, ask.netloc, ask.path, found is not None))
        return found or wire.answer(NOT_RECORDED, "not in this recording\n", {"content-type": "text/plain"}, keep_alive=ask.keep_alive)

    def _request(self, ask: wire.Ask) -> bytes | None:
        index = self.server.index
        found = index.answer(ask.method, ask.netloc, ask.path, ask.query)
        if found is None and ask.method == "GET":
            found = derive(index, ask.netloc, ask.path, ask.query)
        return None if found is None else wire.recorded_answer(found, keep_alive=ask.keep_alive)

    def _connect(self, ask: wire.Ask) -> bytes | None:
        """Answer CONNECT: whether anything listened at an address."""
        index = self.server.index
        recorded = index.at(ask.netloc)
        found = index.answer("CONNECT", ask.netloc, "", {}) or unreachable(recorded)
        if found is not None and found.status is None:
            return wire.gateway_error(found.error, keep_alive=False)
        return b"HTTP/1.1 200 Connection established\r\n\r\n" if recorded else None
