"""Requests that kinds make, and their replies (sans I/O: kinds yield requests and are sent replies)."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from collector.model.words import JSON, Status


def host_port(host: str, port: int | str) -> str:
    """Return `host:port` as in a URL: an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def host_of(url: str) -> str:
    """Return the host of a URL, without brackets; empty if it has none or is invalid (URLs from logs, leases and checks may be)."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


Query = Mapping[str, str | int | tuple[str, ...]]
"""Parameters by name; a repeated parameter has a list of values."""


def pairs(query: Query) -> list[tuple[str, str]]:
    """Each parameter with each of its values."""
    return [(name, str(one)) for name, value in query.items() for one in (value if isinstance(value, tuple) else (value,))]


def by_name(pairs_: Iterable[tuple[str, str]]) -> Query:
    """The same parameters by name."""
    found: dict[str, list[str]] = {}
    for name, value in pairs_:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else tuple(values) for name, values in found.items()}


class Http(NamedTuple):
    """One GET request.

    `source` is `nomad`, `consul` or `litefs` (`litefs` also stands for any plain HTTP endpoint of a workload). `base` is the address
    (`http://host:port`); None means the configured Nomad or Consul server, which always gets its token. `token` is false for an untrusted
    address: the request carries no token and no password. `verify` is false for a workload's endpoint whose certificate is not to be
    verified, as its check in the job says. `limit` is the maximum body size in bytes; a longer body is cut, and the reply says so.
    """

    source: str
    path: str
    query: Mapping[str, str | int | tuple[str, ...]] = {}
    base: str | None = None
    token: bool = True
    limit: int = 8 << 20
    verify: bool = True


class Exec(NamedTuple):
    """One command inside a task, through `nomad alloc exec`; `namespace` None means the configured one."""

    alloc: str
    task: str
    argv: tuple[str, ...]
    namespace: str | None = None


class Dial(NamedTuple):
    """One TCP connection without data: is anything listening?"""

    host: str
    port: int


Request = Http | Exec | Dial


class Reply(NamedTuple):
    """The outcome of one request; failures are replies too, never exceptions.

    `status` is `ok` for HTTP 2xx, exit code 0 and an accepted connection. 401 and 403 are `denied`; any other HTTP or exit code is
    `failed`. `cause` is why there is no answer: refused, dns, reset, unroutable, tls, timeout, capped, protocol, redirect, exec (Nomad
    itself failed to run the command), missing. `code` is the HTTP status or the exit code. `date` is the server's clock (HTTP Date).
    `reason` is a redacted sentence, empty if ok.
    """

    endpoint: str
    status: Status
    code: int | None = None
    body: bytes = b""
    stderr: bytes = b""
    headers: Mapping[str, str] = {}
    cause: str = ""
    reason: str = ""
    seconds: float = 0.0
    at: float = 0.0
    date: float | None = None
    truncated: bool = False


class Performer(Protocol):
    """Performs requests: sources.Sources, or a wrapper around it."""

    def perform(self, request: Request, *, deadline: float) -> Reply:
        """Perform one request before the monotonic deadline; never raises for what a server does."""


Rung = Generator[Sequence[Request], Sequence[Reply], JSON]
"""One rung of a ladder: yields batches of requests, is sent their replies in order, returns plain data or raises `Unanswered`."""
