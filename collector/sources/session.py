"""A hardened HTTP session per API: reads only, nothing from the environment, no redirects, cookies or retries, one deadline.

requests applies its timeout to each socket operation, so a server that sends a byte per second never times out. Here the connection
enforces the deadline of the whole exchange (connecting, TLS, headers, body), and the body is read, decoded and limited before the response
is returned. So whatever an SDK does with a response, the network is no longer involved.
"""

from __future__ import annotations

import http.client
import io
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from socket import gaierror, socket
from ssl import SSL_ERROR_SSL, SSLEOFError, SSLError
from typing import TYPE_CHECKING, Any, cast

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, DecodeError, NameResolutionError, NewConnectionError, ProtocolError

from collector import __version__
from collector.sources.connect import connect, remaining
from collector.sources.tls import tls_context

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from urllib3 import BaseHTTPResponse, PoolManager

    from collector.settings import Settings, Tls

CHUNK = 64 << 10
PIECE = 1 << 20
CUT = 1 << 20
"""Bytes kept of a response beyond its limit: enough for a log; an incomplete list is useless."""


class Exchange:
    """One request in progress: its deadline (monotonic), the maximum size of the decoded body, and whether that was exceeded."""

    def __init__(self, deadline: float, limit: int) -> None:
        self.deadline = deadline
        self.limit = limit
        self.truncated = False


_current: ContextVar[Exchange] = ContextVar("exchange")


@contextmanager
def exchange(deadline: float, limit: int) -> Iterator[Exchange]:
    """Within this block, requests of the calling thread through a `Session` use this deadline and limit."""
    current = Exchange(deadline, limit)
    token = _current.set(current)
    try:
        yield current
    finally:
        _current.reset(token)


class Session(requests.Session):
    """A session that can only read. Thread-safe; must be used within `exchange`."""

    def __init__(self, tls: Tls, settings: Settings) -> None:
        super().__init__()
        self.trust_env = False
        self.proxies = {"http": settings.proxy, "https": settings.proxy} if settings.proxy else {}
        self.headers = CaseInsensitiveDict({"User-Agent": f"collector/{__version__}", "Accept": "*/*", "Accept-Encoding": "gzip"})
        self.mount("http://", _Adapter(None, settings.workers))
        self.mount("https://", _Adapter(tls, settings.workers))

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a GET, overriding the SDK's settings for redirects, streaming and timeouts. Raises ValueError for other methods."""
        if method not in {"GET", "get"}:
            raise ValueError(f"only reads are allowed, not {method!r}")
        kwargs |= {"allow_redirects": False, "stream": True, "timeout": remaining(_current.get().deadline)}
        return super().request(method, url, *args, **kwargs)

    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - the base class's signature
        """Return None: requests would parse a redirect's target even if it does not follow it."""
        return None


class _Reader(io.RawIOBase):
    """Reads from a socket; no read waits beyond the exchange's deadline."""

    def __init__(self, sock: socket) -> None:
        self._sock = sock
        self._raw = cast("io.RawIOBase", sock.makefile("rb", buffering=0))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._sock.settimeout(remaining(_current.get().deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An HTTP response read through `_Reader`, including status line and headers."""

    def __init__(self, sock: socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Reader(sock))


def _connect(connection: HTTPConnection) -> socket:
    """Connect with our own deadline (urllib3 would grant each address the whole timeout), raising urllib3's exceptions."""
    try:
        return connect(connection.host.strip("[]"), connection.port or connection.default_port, _current.get().deadline)
    except gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "no connection in time") from error
    except OSError as error:
        raise NewConnectionError(connection, str(error)) from error


class _Connection(HTTPConnection):
    response_class = _Response

    def _new_conn(self) -> socket:
        return _connect(self)


class _TlsConnection(HTTPSConnection):
    response_class = _Response
    _fresh = True

    def _new_conn(self) -> socket:
        self._fresh = True
        return _connect(self)

    def send(self, data: Any) -> None:
        """Send. In TLS 1.3 a server judges our certificate after the handshake, and is gone when we ask; its alert is often lost."""
        if not self._sent(data):
            raise SSLError(
                SSL_ERROR_SSL,
                "it closed the connection right after the handshake, as a server does that requires a client certificate or rejects ours",
            )
        self._fresh = False

    def _sent(self, data: Any) -> bool:
        """Return False if a new connection accepts no data; the error itself looks like any reset."""
        try:
            super().send(data)
        except (ConnectionError, SSLEOFError):
            if not self._fresh:
                raise
            return False
        return True


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection

    def _validate_conn(self, conn: Any) -> None:
        """Connect, without urllib3's warning for each connection that the user chose not to verify."""
        if conn.is_closed:
            conn.connect()


class _Adapter(HTTPAdapter):
    """Connections with a deadline, TLS from the settings only, and bodies read completely. `tls` None: no TLS."""

    def __init__(self, tls: Tls | None, workers: int) -> None:
        self._tls = tls
        self._lock = threading.Lock()
        super().__init__(pool_connections=workers, pool_maxsize=workers)

    @cached_property
    def _pool_arguments(self) -> dict[str, Any]:
        """Load TLS on the first https address only: loading the system's certificates takes a while."""
        if self._tls is None:
            return {}
        return {"ssl_context": tls_context(self._tls), "server_hostname": self._tls.server_name or None}

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **_: Any) -> None:
        super().init_poolmanager(connections, maxsize, block)
        _with_our_pools(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        with self._lock:
            return _with_our_pools(super().proxy_manager_for(proxy, **proxy_kwargs))

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        with self._lock:
            return host, self._pool_arguments

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Do nothing: the TLS context is complete, and requests would add its own authorities."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send the request and read everything; the response's `raw` is then in memory."""
        response = super().send(request, *args, **kwargs)
        response.raw = io.BytesIO(_body(response.raw, response.headers, _current.get()))
        return response


def _with_our_pools(manager: PoolManager) -> PoolManager:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return manager


def _body(raw: BaseHTTPResponse, headers: Mapping[str, str], current: Exchange) -> bytes:
    """Return the decoded body up to the limit. The connection is reused only if the body was read completely."""
    decoded, ended = _decoder(headers.get("Content-Encoding", ""))
    body = bytearray()
    try:
        for chunk in raw.stream(CHUNK, decode_content=False):
            for piece in decoded(chunk, current.limit + 1 - len(body)):
                body += piece
            if len(body) > current.limit:
                current.truncated = True
                raw.close()
                return bytes(memoryview(body)[: min(current.limit, CUT)])
    except BaseException:
        raw.close()
        raise
    if not ended():
        raise ProtocolError("the compressed body ends early")
    return bytes(body)


def _decoder(encoding: str) -> tuple[Callable[[bytes, int], Iterable[bytes]], Callable[[], bool]]:
    """Return functions that decode a chunk in pieces of limited size, and that tell whether the body is complete.

    A decompression bomb is never expanded beyond the limit, and no piece is larger than `PIECE`.
    """
    if encoding.lower() in {"", "identity"}:
        return (lambda chunk, _: (chunk,)), (lambda: True)
    if encoding.lower() not in {"gzip", "x-gzip", "deflate"}:
        raise DecodeError(f"content encoding {encoding[:20]!r}, which was not asked for")
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def inflated(chunk: bytes, room: int) -> Iterator[bytes]:
        """What follows on the end would be kept by zlib, however much it is, and would be no part of the answer."""
        piece = b""
        while room and (chunk or piece):  # zlib may still hold buffered output
            piece = inflate.decompress(chunk, min(room, PIECE))
            yield piece
            chunk, room = inflate.unconsumed_tail, room - len(piece)
        if inflate.unused_data:
            raise DecodeError("the compressed body goes on after its end")

    return inflated, lambda: inflate.eof
