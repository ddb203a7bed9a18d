"""The part of HTTP/1.1 that the replay needs: reading a request, writing an answer.

Not http.server: benchmarks send thousands of requests through this, and the standard library's header parser would take more time than
everything else here together. Requests with a body are never recorded, so bodies are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BufferedIOBase
from urllib.parse import parse_qsl, urlsplit

from collector.model import Query, by_name
from collector.replay.recording import HttpExchange, netloc

MAX_LINE = 64 << 10
MAX_HEADERS = 200
CAUSES: Mapping[str, str] = {
    "refused": "connection_refused",
    "dns": "dns_error",
    "reset": "connection_terminated",
    "unroutable": "destination_ip_unroutable",
    "tls": "tls_protocol_error",
    "timeout": "connection_read_timeout",
    "protocol": "http_protocol_error",
}
"""RFC 9209 error types (section 2.3) for `model.Reply.cause`, with which `collector record` begins a failure's text."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "connection_refused": ("refused",),
    "dns_error": ("name or service", "resolve", "getaddrinfo", "nodename"),
    "tls_certificate_error": ("certificate",),
    "tls_protocol_error": ("ssl", "tls"),
    "connection_timeout": ("urlopen error timed out", "connect timeout", "connection timed out", "did not accept"),
    "connection_read_timeout": ("timed out", "timeout", "deadline"),
    "destination_ip_unroutable": ("no route", "unreachable"),
    "connection_terminated": ("reset", "closed", "disconnected", "aborted", "incomplete"),
}
"""The same for the messages of Python's own exceptions, which other recorders keep."""
NOT_ACCEPTED = "did not accept"
"""In the reason of a timeout while connecting; any other timeout came after the connection was accepted."""
TIMEOUTS = frozenset({"connection_timeout", "connection_read_timeout"})
HOP_BY_HOP = frozenset({"connection", "content-length", "content-encoding", "transfer-encoding", "keep-alive", "proxy-status"})


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to the proxy. `netloc` is empty if the request line has no usable address."""

    method: str
    netloc: str
    path: str
    query: Query = field(default_factory=dict)
    keep_alive: bool = True


def read_ask(stream: BufferedIOBase) -> Ask | None:
    """Read one request; None if the client has closed the connection or does not speak HTTP."""
    words = stream.readline(MAX_LINE).decode("latin-1").split()
    headers = _read_headers(stream)
    if len(words) != 3 or headers is None:  # noqa: PLR2004 - method, target, version
        return None
    method, target, version = words
    keep_alive = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close" and headers.get("content-length", "0") == "0"
    if method == "CONNECT":
        return Ask(method, target.lower(), "", keep_alive=False)  # normalized like `netloc`
    if target.startswith("/"):
        target = f"http://{headers.get('host', '')}{target}"
    try:
        parts = urlsplit(target)
        address = netloc(target)
    except ValueError:
        return Ask(method, "", target, keep_alive=False)
    return Ask(method, address, parts.path, by_name(parse_qsl(parts.query, keep_blank_values=True)), keep_alive)


def _read_headers(stream: BufferedIOBase) -> dict[str, str] | None:
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS):
        line = stream.readline(MAX_LINE).decode("latin-1")
        if line in {"\r\n", "\n"}:
            return headers
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
        if not line.endswith("\n"):
            break
    return None


def answer(status: int, body: str = "", headers: Mapping[str, str] | None = None, *, keep_alive: bool = True) -> bytes:
    """Return the bytes of an HTTP/1.1 response."""
    content = body.encode("utf-8", "replace")
    sent = {name: value for name, value in (headers or {}).items() if name not in HOP_BY_HOP and "\n" not in value and "\r" not in value}
    sent |= {"content-length": str(len(content)), "connection": "keep-alive" if keep_alive else "close"}
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unnamed"
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"HTTP/1.1 {status} {phrase}\r\n{head}\r\n".encode("utf-8", "replace") + content


def recorded_answer(exchange: HttpExchange, *, keep_alive: bool = True) -> bytes:
    """Return the recorded response; if there was none, what a forward proxy would answer."""
    if exchange.status is None:
        return gateway_error(exchange.error, keep_alive=keep_alive)
    return answer(exchange.status, exchange.body, exchange.headers, keep_alive=keep_alive)


def gateway_error(reason: str, *, keep_alive: bool = True) -> bytes:
    """Return 502 or 504 with RFC 9209's `Proxy-Status`, which says why the target did not answer."""
    kind = error_type(reason)
    details = reason.replace("\\", "").replace('"', "'").encode("ascii", "replace").decode()
    details = "".join(character for character in details if character.isprintable())
    headers = {"content-type": "text/plain; charset=utf-8", "Proxy-Status": f'collector-replay; error={kind}; details="{details}"'}
    status = HTTPStatus.GATEWAY_TIMEOUT if kind in TIMEOUTS else HTTPStatus.BAD_GATEWAY
    return answer(status, f"{kind}: {reason}\n", headers, keep_alive=keep_alive)


def error_type(reason: str) -> str:
    """Return the RFC 9209 error type for the reason of a failed connection."""
    cause, text = reason.partition(":")[0], reason.lower()
    if cause == "timeout" and NOT_ACCEPTED in text:
        return "connection_timeout"
    if cause in CAUSES:
        return CAUSES[cause]
    return next((kind for kind, words in WORDS.items() if any(word in text for word in words)), "destination_unavailable")
