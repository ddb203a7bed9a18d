"""Requests to Nomad and Consul: a single answer or a paged listing, each with a fallback. Generators, as rungs are."""

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
from collector.model import Exec, Http, Reply, Request, Rung, Status
from collector.snippet import snippet

T = TypeVar("T")
Parser = Callable[[bytes], T]
Query = dict[str, str | int]
Asking = Generator[Sequence[Request], Sequence[Reply], Reply]

BAD_REQUEST, TOO_MANY, SERVER_ERROR = 400, 429, 500
NO_LEADER = b"No cluster leader"
PERMISSION_DENIED = b"Permission denied"
FILTERED = "X-Consul-Results-Filtered-By-ACLs"
"""Consul answers a listing with 200 and leaves out what a token may not read; since 1.11 it says so here, but not to who has no token."""
PER_PAGE = 500
MAX_PAGES = 200
NEXT_TOKEN = "X-Nomad-NextToken"  # noqa: S105 - the name of a header


def segment(name: str) -> str:
    """A name as one segment of a URL's path: a job's ID may hold `/`, `?` or `#`."""
    return quote(name, safe="")


def within(namespace: str | None) -> Query:
    """The query that asks in a namespace; empty asks in the configured one."""
    return {"namespace": namespace} if namespace else {}


def header(reply: Reply, name: str) -> str | None:
    """A header's value, whatever the case of its name."""
    return next((value for key, value in reply.headers.items() if key.lower() == name.lower()), None)


def takes_a_token(request: Request) -> bool:
    """Is this asked of Nomad or Consul, so that a refusal is about our token? A workload's own 403 is not, nor one that we gave none."""
    return isinstance(request, Exec) or (isinstance(request, Http) and request.source in ("nomad", "consul") and request.token)


def denied(reply: Reply) -> bool:
    """401 or 403; or 500 with Nomad's own word for it, which is how it refuses logs (client/fs_endpoint.go, seen in 2.0)."""
    return reply.status == Status.DENIED or (reply.code == 500 and reply.body.strip().endswith(PERMISSION_DENIED))  # noqa: PLR2004 - HTTP


def filtered(reply: Reply) -> bool:
    """Did Consul leave out what the token may not read?"""
    return header(reply, FILTERED) == "true"


def refused(reply: Reply) -> str:
    """What a token was not allowed to see, in words; empty where nothing was held back."""
    if denied(reply):
        return refusal(reply).reason
    return f"{reply.endpoint}: Consul leaves out what the token may not read" if filtered(reply) else ""


def unfiltered(reply: Reply) -> Reply:
    """A listing that is whole; from one that is not, nobody can tell what is missing from what is hidden."""
    if reply.status == Status.OK and filtered(reply):
        raise Unanswered(Status.DENIED, refused(reply), final=True, reply=reply)
    return reply


def leaderless(reply: Reply) -> bool:
    """Did the server say that its cluster has no leader? Nomad and Consul use the same words."""
    return reply.code == 500 and NO_LEADER in reply.body  # noqa: PLR2004 - HTTP


def refusal(reply: Reply) -> Unanswered:
    """What a reply that is not ok means: the server's own words where it has any.

    A refusal is final, and so is "too many requests", which more of them do not help; a server that cannot be reached may be reached
    another way, or later.
    """
    no = denied(reply)
    reason = _with_words(reply.reason or f"{reply.endpoint} answered {reply.code}", snippet(reply.body), reply)
    return Unanswered(Status.DENIED if no else reply.status, reason, final=no or reply.code == TOO_MANY, reply=reply)


def not_run(reply: Reply, *, final: bool = False) -> Unanswered:
    """A command that did not run, or failed, in its own words; `final` where another way to ask is none around it."""
    words = snippet(reply.stderr) or snippet(reply.body)
    return Unanswered(reply.status, _with_words(reply.reason or f"exit code {reply.code}", words, reply), final=final, reply=reply)


def _with_words(reason: str, words: str, reply: Reply) -> str:
    return f"{reason}: {words}" if words and words not in reply.reason else reason


def body(reply: Reply) -> bytes:
    """The whole body of a reply that is ok; raises `Unanswered` for any other."""
    if reply.status != Status.OK:
        raise refusal(reply)
    if reply.truncated:
        raise Unanswered(Status.INVALID, f"{reply.endpoint}: the answer is too long to be read whole, and was cut", reply=reply)
    return reply.body


def parsed(reply: Reply, parse: Parser[T]) -> T:
    """Parse the body of a reply; an answer that makes no sense is reported with where it came from."""
    content = body(reply)
    return located(reply.endpoint, lambda: parse(content), reply)


def located(where: str, read: Callable[[], T], reply: Reply | None = None) -> T:
    """What `read` returns; what it cannot make sense of is reported with where it came from."""
    try:
        return read()
    except Unanswered as why:
        raise Unanswered(why.status, f"{where}: {why.reason}", final=why.final, reply=reply) from None


def asked(request: Http) -> Asking:
    """One reply. A server whose cluster has no leader is asked again for what it knows itself (`stale`)."""
    (reply,) = yield from asked_together([request])
    return reply


def asked_together(requests: Sequence[Http]) -> Generator[Sequence[Request], Sequence[Reply], Sequence[Reply]]:
    """Like `asked`, with several requests side by side; where one has no leader all are asked again, so that they fit each other."""
    replies = yield requests
    if any(leaderless(reply) for reply in replies):
        replies = yield [_stale(request) for request in requests]
    return replies


def of_any_server(rung: Callable[[Args], Rung]) -> Callable[[Args], Rung]:
    """The same rung as a rung of its own: every server answers for what it knows itself, whether there is a leader or not.

    A cluster that has just lost its leader does not say so at once: it lets questions wait for a new one (Nomad's and Consul's
    `rpc_hold_timeout`, 5 s and 7 s), and the first rung has timed out by then.
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
    """A listing of Nomad's with all its pages. `read` is given each row as its page comes: what it leaves out need not be kept.

    `ways` are queries for the same listing, where one way may do what another cannot. Source: Nomad's API documentation, "Pagination".
    """
    for query, following in itertools.pairwise(ways):
        try:
            return (yield from _pages(path, query, read))
        except Unanswered as why:
            if not _helps(why.reply, query, following):
                raise
    return (yield from _pages(path, ways[-1], read))


def _helps(reply: Reply | None, query: Query, following: Query) -> bool:
    """Does the next query mend what was wrong with this one's answer?

    One that was too long comes in pages, and a parameter that the server does not know (400) is left out. Whatever else was wrong would
    come again.
    """
    if reply is None:
        return False
    if reply.truncated:
        return "per_page" in following.keys() - query.keys()
    return reply.code == BAD_REQUEST and following.keys() < query.keys()


def stale_helps(why: Unanswered) -> bool:
    """May a server know itself what it did not get from its cluster? Where it let us wait, failed (5xx) or hung up.

    What it says no to (4xx), what makes no sense, and a door that is closed would all be met again.
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
        reply = yield from asked(Http("nomad", path, query | {"next_token": token} if token else query))
        page = parsed(reply, bodies.listing)
        rows += located(path, partial(_read, read, page))
        token = header(reply, NEXT_TOKEN)
        if not token:
            return rows
        if token in seen or len(seen) >= MAX_PAGES:
            raise Unanswered(Status.INVALID, f"{path}: the pages do not end", reply=reply)
        seen.add(token)
