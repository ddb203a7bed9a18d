"""Translates exceptions to a status, a cause and a sentence; the only place that does."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import zlib
from collections.abc import Iterator, Mapping
from errno import EADDRNOTAVAIL, EHOSTDOWN, EHOSTUNREACH, ENETDOWN, ENETUNREACH
from http import HTTPStatus
from typing import Final, NamedTuple

import requests
import urllib3.exceptions
from urllib3.exceptions import NewConnectionError

from collector.model import Status

EXPECTED: Final = (OSError, ValueError, LookupError, http.client.HTTPException, urllib3.exceptions.HTTPError, zlib.error)
"""Exceptions of a request caused by a server or a network; requests' are OSErrors. Any other is a bug of ours.

python-nomad's exceptions have no base among these: its adapter unwraps them. python-consul2's HTTP client has none of its own.
"""


class Failure(NamedTuple):
    """Why there is no answer. `sentence` has the placeholders `{where}` and `{detail}`."""

    status: Status
    cause: str
    sentence: str


RESET: Final = Failure(Status.UNREACHABLE, "reset", "{where} closed the connection before it answered")
DNS: Final = Failure(Status.UNREACHABLE, "dns", "the name of {where} cannot be resolved")
REFUSED: Final = Failure(Status.UNREACHABLE, "refused", "{where} refused the connection")
UNROUTABLE: Final = Failure(Status.UNREACHABLE, "unroutable", "there is no route to {where}")
TLS: Final = Failure(Status.FAILED, "tls", "no TLS with {where}: {detail}")
CONNECT_TIMEOUT: Final = Failure(Status.TIMEOUT, "timeout", "{where} did not accept a connection in time")
TIMEOUT: Final = Failure(Status.TIMEOUT, "timeout", "{where} did not answer in time")
REDIRECT: Final = Failure(Status.FAILED, "redirect", "{where} redirects to {detail}, which is not followed")
NOT_BY_PROXY: Final = Failure(Status.UNREACHABLE, "unroutable", "the proxy does not connect to {where}: {detail}")
PROTOCOL: Final = Failure(Status.FAILED, "protocol", "{where} did not answer in proper HTTP: {detail}")

_TABLE: Final[tuple[tuple[tuple[type[BaseException], ...], Failure], ...]] = (
    ((ssl.SSLEOFError, ssl.SSLZeroReturnError), RESET),
    ((ssl.SSLError, urllib3.exceptions.SSLError, requests.exceptions.SSLError), TLS),
    ((socket.gaierror, urllib3.exceptions.NameResolutionError), DNS),
    ((ConnectionRefusedError,), REFUSED),
    ((ConnectionError,), RESET),
    ((urllib3.exceptions.ConnectTimeoutError, requests.exceptions.ConnectTimeout), CONNECT_TIMEOUT),
    ((TimeoutError, urllib3.exceptions.TimeoutError, requests.exceptions.Timeout), TIMEOUT),
    ((requests.exceptions.TooManyRedirects,), REDIRECT),
    (
        (
            http.client.HTTPException,
            zlib.error,
            urllib3.exceptions.HTTPError,
            requests.exceptions.ChunkedEncodingError,
            requests.exceptions.ContentDecodingError,
            requests.exceptions.StreamConsumedError,
            ValueError,
            LookupError,
        ),
        PROTOCOL,
    ),
    ((OSError,), PROTOCOL),
)
"""The first row that matches any exception of a chain: SDKs and requests wrap the original one in varying places.

urllib3's NewConnectionError is omitted: it is a subclass of its timeout, whatever it wraps.
"""

_NO_ROUTE: Final = frozenset({EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN, EADDRNOTAVAIL})

_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})
"""OpenSSL's messages for bytes that are not a TLS record; they depend on its version."""

PROXY_ERRORS: Final[Mapping[str, Failure]] = {
    "dns_timeout": DNS,
    "dns_error": DNS,
    "destination_not_found": DNS,
    "destination_unavailable": RESET,
    "destination_ip_prohibited": UNROUTABLE,
    "destination_ip_unroutable": UNROUTABLE,
    "connection_refused": REFUSED,
    "connection_terminated": RESET,
    "connection_timeout": CONNECT_TIMEOUT,
    "connection_read_timeout": TIMEOUT,
    "connection_write_timeout": TIMEOUT,
    "http_response_timeout": TIMEOUT,
    "http_response_incomplete": PROTOCOL,
    "http_protocol_error": PROTOCOL,
    "tls_protocol_error": TLS,
    "tls_certificate_error": TLS,
    "tls_alert_received": TLS,
}
"""Error types of RFC 9209, section 2.3: why a forward proxy's target did not answer."""


def failure(error: BaseException) -> Failure | None:
    """Return the meaning of a request's exception; None for an unexpected one, which is a bug."""
    chain = [link for link in _chain(error) if type(link) is not NewConnectionError]
    if not chain:
        return RESET
    if any(isinstance(link, OSError) and link.errno in _NO_ROUTE for link in chain):
        return UNROUTABLE
    return next((meaning for types, meaning in _TABLE if any(isinstance(link, types) for link in chain)), None)


def detail(error: BaseException) -> str:
    """Return the innermost message: for TLS what is wrong with the certificate, else that of the first error."""
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, ssl.SSLError):
            return _without_source(getattr(link, "verify_message", "") or link.strerror or str(link))
    texts = [str(link) for link in chain if str(link)]
    return _without_source(texts[-1]) if texts else type(error).__name__


def is_without_tls(error: BaseException) -> bool:
    """True if a TLS handshake was answered with plain HTTP, whose first bytes OpenSSL reports as an unknown TLS version."""
    return any(isinstance(link, ssl.SSLError) and getattr(link, "reason", None) in _NO_TLS for link in _chain(error))


def wants_tls(code: int, body: bytes) -> bool:
    """True for the answer of a Go server that expects TLS on that port (net/http, server.go)."""
    return code == HTTPStatus.BAD_REQUEST and body.startswith(b"Client sent an HTTP request to an HTTPS server")


def is_of_proxy(error: BaseException) -> bool:
    """True if the proxy, not the target, could not be reached."""
    return any(isinstance(link, urllib3.exceptions.ProxyError) for link in _chain(error))


def proxy_failure(proxy_status: str) -> tuple[Failure, str] | None:
    """Return the failure and details in a `Proxy-Status` header (RFC 9209); None if it reports no error."""
    kind = re.search(r";\s*error=([a-z_]+)", proxy_status)
    meaning = PROXY_ERRORS.get(kind[1]) if kind else None
    if meaning is None:
        return None
    details = re.search(r';\s*details="([^"]*)"', proxy_status)
    return meaning, details[1] if details else ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all it wraps: as argument, reason, python-nomad's response, cause or context."""
    waiting, seen = [error], set[int]()
    while waiting:
        link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        inner = (*link.args, getattr(link, "reason", None), getattr(link, "nomad_resp", None), link.__cause__, link.__context__)
        waiting += [part for part in inner if isinstance(part, BaseException)]


def _without_source(text: str) -> str:
    """Remove Python's and OpenSSL's source locations: `[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)`."""
    return re.sub(r"^\[[A-Z0-9_: ]+\] *| *\(_ssl\.c:\d+\)$", "", text.strip())
