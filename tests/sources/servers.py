"""Loopback servers that misbehave in a defined way."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

TLS_HANDSHAKE = b"\x16"

Behaviour = Callable[[socket.socket, bytes], None]


@dataclass
class Server:
    """A listening server; `heads` are the request heads received, `url` leads to it."""

    host: str
    port: int
    scheme: str = "http"
    heads: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def lines(self) -> list[str]:
        return [head.split(b"\r\n")[0].decode() for head in self.heads]


@contextlib.contextmanager
def serving(behaviour: Behaviour, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Pass every connection, with the head of its first request, to `behaviour` until the block ends."""
    listener = socket.create_server((host, port), backlog=50)
    server = Server(host, listener.getsockname()[1], "https" if tls else "http")
    sockets: list[socket.socket] = []

    def talk(sock: socket.socket) -> None:
        with contextlib.suppress(OSError), _wrapped(sock, tls) as spoken:
            sockets.append(spoken)
            head = b""
            while b"\r\n\r\n" not in head and head[:1] != TLS_HANDSHAKE:
                chunk = spoken.recv(65536)
                if not chunk:
                    return
                head += chunk
            server.heads.append(head)
            behaviour(spoken, head)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                talkers.append(threading.Thread(target=talk, args=(sock,), daemon=True))
                talkers[-1].start()

    talkers: list[threading.Thread] = []
    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        accepting.join(5)
        listener.close()
        end = time.monotonic() + 5
        while any(talker.is_alive() for talker in talkers) and time.monotonic() < end:
            for sock in sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            time.sleep(0.005)


def _wrapped(sock: socket.socket, tls: ssl.SSLContext | None) -> socket.socket:
    return tls.wrap_socket(sock, server_side=True) if tls else sock


def answer(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> Behaviour:
    """Send a proper answer, then close the connection."""
    given = {"Content-Length": str(len(body)), "Connection": "close"} | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return raw(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)


def raw(data: bytes) -> Behaviour:
    """Send these bytes, then close the connection."""
    return lambda sock, _head: sock.sendall(data)


def silent(sock: socket.socket, _head: bytes) -> None:
    """Send nothing until the other side gives up."""
    while sock.recv(65536):
        pass


def reset(sock: socket.socket, _head: bytes) -> None:
    """Reset the connection."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(_sock: socket.socket, _head: bytes) -> None:
    """Close the connection without an answer."""


def dripping(head: bytes, drop: bytes = b"x") -> Behaviour:
    """Send a beginning, then a byte every few milliseconds for ever."""

    def drip(sock: socket.socket, _head: bytes) -> None:
        sock.sendall(head)
        while True:
            time.sleep(0.02)
            sock.sendall(drop)

    return drip


def flooding(head: bytes, chunk: bytes) -> Behaviour:
    """Send a beginning, then the same chunk as fast as possible."""

    def flood(sock: socket.socket, _head: bytes) -> None:
        sock.sendall(head)
        while True:
            sock.sendall(chunk)

    return flood


@contextlib.contextmanager
def deaf() -> Iterator[Server]:
    """Run a server whose queue of connections is full: connecting hangs."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield Server("127.0.0.1", listener.getsockname()[1])


def closed_port() -> int:
    """Return a port without a listener."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])
