"""A replayed cluster behind a proxy that spoils some of its answers."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from collector.replay import HttpExchange, Recording, wire
from collector.replay.derive import derive
from collector.replay.match import Index
from collector.replay.proxy import Asked, Server, running

Behaviour = Callable[[socket.socket, HttpExchange], None]
"""What the proxy does in place of sending the recorded answer; afterwards it closes the connection."""
Where = Callable[[wire.Ask], bool]


def everywhere(_ask: wire.Ask) -> bool:
    """Match every request."""
    return True


@dataclass(frozen=True, slots=True)
class Spoiler:
    """Applies `behave` to the requests that match `where`; all others get the recorded answer."""

    where: Where
    behave: Behaviour


class FaultProxy(Server):
    """The replay's server with a spoiler; `rename` changes the names in requests and answers."""

    def __init__(self, recording: Recording, spoiler: Spoiler | None, rename: tuple[str, str] | None = None) -> None:
        super().__init__(Index(recording))
        self.RequestHandlerClass = _Connection  # type: ignore[assignment]
        self.spoiler, self.rename = spoiler, rename
        self.spoiled = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that close a spoiled connection, which these tests expect."""


class _Connection:
    """One connection from the collector, with its requests."""

    def __init__(self, request: socket.socket, _client: Any, server: FaultProxy) -> None:
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(ConnectionError, TimeoutError), request.makefile("rb") as stream:
            while ask := wire.read_ask(stream):
                if not self._serve(request, ask, server) or not ask.keep_alive:
                    return

    def _serve(self, sock: socket.socket, ask: wire.Ask, server: FaultProxy) -> bool:
        """Answer one request; return False when the connection is finished."""
        found = _recorded(server, ask)
        server.replay.asked.append(Asked(ask.method, ask.netloc, ask.path, found is not None))
        if server.spoiler and server.spoiler.where(ask):
            server.spoiled += 1
            server.spoiler.behave(sock, found or HttpExchange("", "", ask.path, status=501, body="not in this recording"))
            return False
        sock.sendall(wire.recorded_answer(found, keep_alive=ask.keep_alive) if found else wire.answer(501, keep_alive=ask.keep_alive))
        return True


def _recorded(server: FaultProxy, ask: wire.Ask) -> HttpExchange | None:
    if ask.method == "CONNECT":
        recorded = server.index.at(ask.netloc)
        return HttpExchange("dial", "", "", status=200) if recorded else None
    path = _renamed_back(unquote(ask.path), server.rename)
    query = {name: _renamed_back(value, server.rename) for name, value in ask.query.items()}
    found = server.index.answer(ask.method, ask.netloc, path, query) or derive(server.index, ask.netloc, path, query)
    return renamed(found, server.rename) if found else None


def _renamed_back(text: str, rename: tuple[str, str] | None) -> str:
    return text.replace(rename[1], rename[0]) if rename else text


def renamed(exchange: HttpExchange, rename: tuple[str, str] | None) -> HttpExchange:
    """Replace a word in the exchange's body, in JSON's spelling."""
    if rename is None:
        return exchange
    return replace(exchange, body=exchange.body.replace(rename[0], json.dumps(rename[1])[1:-1]))


@contextlib.contextmanager
def spoiled(recording: Recording, spoiler: Spoiler | None, rename: tuple[str, str] | None = None) -> Iterator[FaultProxy]:
    """Serve until the block ends, leaving no thread or socket behind."""
    with running(FaultProxy(recording, spoiler, rename)) as server:
        assert isinstance(server, FaultProxy)
        yield server


def wait_for_hangup(sock: socket.socket, seconds: float = 60.0) -> None:
    """Stay silent until the other side closes the connection."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if select.select([sock], [], [], 0.1)[0] and not sock.recv(65536, socket.MSG_PEEK):
            return
