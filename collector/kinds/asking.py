"""Requests to Nomad and Consul as generators: one answer or a paged list, each with a fallback."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import TypeVar
from urllib.parse import quote

from collector.errors import Unanswered
from collector.kinds import bodies
from collector.kinds.kind import Args
from collector.kinds.shapes import Obj
from collector.model import Exec, Http, Query, Reply, Request, Rung, Status
from collector.text import snippet

T = TypeVar("T")
Parser = Callable[[bytes], T]
Asking = Generator[Sequence[Request], Sequence[Reply], Reply]

BAD_REQUEST, TOO_MANY, SERVER_ERROR = 400, 429, 500
NO_LEADER = b"No cluster leader"
PERMISSION_DENIED = b"Permission denied"
FILTERED = "X-Consul-Results-Filtered-By-ACLs"
"""Consul answers with 200 and omits what the token may not read; since 1.11 it says so in this header, though not to requests without a
token."""
PER_PAGE = 500
MAX_PAGES = 200
NEXT_TOKEN = "X-Nomad-NextToken"  # noqa: S105 - the name of a header


def segment(name: str) -> str:
    """Encode a name as one URL path segment: a job's ID may contain `/`, `?` or `#`."""
    return quote(name, safe="")


def within(namespace: str | None) -> Query:
    """Return the query parameters for a namespace; empty means the configured one."""
    return {"namespace": namespace} if namespace else {}


def header(reply: Reply, name: str) -> str | None:
    """Return a header's value, ignoring case."""
    return next((value for key, value in reply.headers.items() if key.lower() == name.lower()), None)


def takes_a_token(request: Request) -> bool:
    """True for requests sent with our token. A workload's own 403, and one sent without a token, are not about its rights."""
    return isinstance(request, Exec) or (isinstance(request, Http) and request.source in ("nomad", "consul") and request.token)


def denied(reply: Reply) -> bool:
    """True for 401 or 403, and for 500 with Nomad's "Permission denied", its reply for logs (client/fs_endpoint.go, seen in 2.0)."""
    return reply.status == Status.DENIED or (reply.code == 500 and reply.body.strip().endswith(PERMISSION_DENIED))  # noqa: PLR2004 - HTTP


def filtered(reply: Reply) -> bool:
    """True if Consul omitted what the token may not read."""
    return header(reply, FILTERED) == "true"


def refused(reply: Reply) -> str:
    """Describe what the token was not allowed to see; empty if nothing was withheld."""
    if denied(reply):
        return refusal(reply).reason
    return f"{reply.endpoint}: Consul leaves out what the token may not read" if filtered(reply) else ""


def unfiltered(reply: Reply) -> Reply:
    """Return the reply; raise `Unanswered` if Consul filtered it, since missing and hidden entries could not be told apart."""
    if reply.status == Status.OK and filtered(reply):
        raise Unanswered(Status.DENIED, refused(reply), final=True, reply=reply)
    return reply


def leaderless(reply: Reply) -> bool:
    """True if the server says that its cluster has no leader; Nomad and Consul use the same words."""
    return reply.code == 500 and NO_LEADER in reply.body  # noqa: PLR2004 - HTTP


def refusal(reply: Reply) -> Unanswered:
    """Convert a reply that is not ok to an `Unanswered`, in the server's own words if it has any.

    A refusal is final, and so is "too many requests", which more requests would not help; a server that cannot be reached may be reachable
    in another way, or later.
    """
    no = denied(reply)
    reason = _with_words(reply.reason or f"{reply.endpoint} answered {reply.code}", snippet(reply.body), reply)
    return Unanswered(Status.DENIED if no else reply.status, reason, final=no or reply.code == TOO_MANY, reply=reply)


def not_run(reply: Reply, *, final: bool = False) -> Unanswered:
    """Convert a failed command to an `Unanswered`, in its own words; `final` if no other rung could succeed."""
    words = snippet(reply.stderr) or snippet(reply.body)
    return Unanswered(reply.status, _with_words(reply.reason or f"exit code {reply.code}", words, reply), final=final, reply=reply)


def _with_words(reason: str, words: str, reply: Reply) -> str:
    return f"{reason}: {words}" if words and words not in reply.reason else reason


def body(reply: Reply) -> bytes:
    """Return the whole body of an ok reply; raise `Unanswered` for any other."""
    if reply.status != Status.OK:
        raise refusal(reply)
    if reply.truncated:
        raise Unanswered(Status.INVALID, f"{reply.endpoint}: the answer is too long to be read whole, and was cut", reply=reply)
    return reply.body


def parsed(reply: Reply, parse: Parser[T]) -> T:
    """Parse a reply's body; a reply that cannot be parsed is reported with its source."""
    content = body(reply)
    return located(reply.endpoint, lambda: parse(content), reply)


def located(where: str, read: Callable[[], T], reply: Reply | None = None) -> T:
    """Return the result of `read`; `Unanswered(INVALID)` is reported with its source."""
    try:
        return read()
    except Unanswered as why:
        raise Unanswered(why.status, f"{where}: {why.reason}", final=why.final, reply=reply) from None


def ask(request: Http) -> Asking:
    """Make one request. A server without a cluster leader is asked again for its own (`stale`) state."""
    (reply,) = yield from ask_together([request])
    return reply


def ask_together(requests: Sequence[Http]) -> Generator[Sequence[Request], Sequence[Reply], Sequence[Reply]]:
    """Like `ask`, for parallel requests; if one has no leader all are repeated, so that the answers are consistent."""
    replies = yield requests
    if any(leaderless(reply) for reply in replies):
        replies = yield [_stale(request) for request in requests]
    return replies


def of_any_server(rung: Callable[[Args], Rung]) -> Callable[[Args], Rung]:
    """Return the rung that accepts `stale` answers: any server answers from its own state, with or without a leader.

    A cluster that has just lost its leader does not report that at once but lets queries wait for a new one (`rpc_hold_timeout`: Nomad 5 s,
    Consul 7 s), by which time the first rung has timed out.
    """

    def stale(args: Args) -> Rung:
        asking = rung(args)
        replies: Sequence[Reply] | None = None
        while True:
            try:
                batch = next(asking) if replies is None else asking.send(replies)
            except StopIteration as done:
                return done.value
            replies = yield [_stale(request) for request in batch]

    return stale


def _stale(request: Request) -> Request:
    return request._replace(query={**request.query, "stale": ""}) if isinstance(request, Http) else request


def paged(path: str, ways: Sequence[Query], read: Callable[[Obj], T]) -> Generator[Sequence[Request], Sequence[Reply], list[T]]:
    """Request all pages of a Nomad list. `read` is called with each row, so that discarded rows need not be kept.

    `ways` are alternative queries for the same list, tried in order. Source: Nomad's API documentation, "Pagination".
    """
    for query, following in itertools.pairwise(ways):
        try:
            return (yield from _pages(path, query, read))
        except Unanswered as why:
            if not _helps(why.reply, query, following):
                raise
    return (yield from _pages(path, ways[-1], read))


def _helps(reply: Reply | None, query: Query, following: Query) -> bool:
    """True if the next query may succeed where this one failed.

    That is: a response that was too long is requested in pages, and a parameter unknown to the server (400) is omitted.
    """
    if reply is None:
        return False
    if reply.truncated:
        return "per_page" in following.keys() - query.keys()
    return reply.code == BAD_REQUEST and following.keys() < query.keys()


def stale_helps(why: Unanswered) -> bool:
    """True if a server may know by itself what its cluster did not answer: after a timeout, a 5xx or a dropped connection.

    A client error (4xx), an invalid answer and a refused connection would only be repeated.
    """
    reply = why.reply
    if why.status == Status.INVALID or reply is None:
        return False
    if reply.code is not None:
        return reply.code >= SERVER_ERROR
    return reply.cause in ("timeout", "reset")


def _read(read: Callable[[Obj], T], page: list[Obj]) -> list[T]:
    return [read(row) for row in page]


def _pages(path: str, query: Query, read: Callable[[Obj], T]) -> Generator[Sequence[Request], Sequence[Reply], list[T]]:
    rows: list[T] = []
    seen: set[str] = set()
    token: str | None = None
    while True:
        reply = yield from ask(Http("nomad", path, {**query, "next_token": token} if token else query))
        page = parsed(reply, bodies.listing)
        rows += located(path, partial(_read, read, page))
        token = header(reply, NEXT_TOKEN)
        if not token:
            return rows
        if token in seen or len(seen) >= MAX_PAGES:
            raise Unanswered(Status.INVALID, f"{path}: the pages do not end", reply=reply)
        seen.add(token)
