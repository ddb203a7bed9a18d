"""Dispatches requests: in the spec's order, with a limit per server and a timeout each.

Used only by the scheduler's thread; only `workers` crosses threads.
"""

from __future__ import annotations

import heapq
import itertools
import queue
import time
from collections import deque
from collections.abc import Callable, Hashable
from typing import NamedTuple

from collector.collect.workers import Job, Workers
from collector.model import Dial, Exec, Http, Reply, Request, Status, host_port, pairs

GRACE = 0.25
"""Seconds that a request may exceed its deadline before its worker is abandoned."""
PER_SERVER = 16
PER_COMMAND = 8

Order = tuple[int, int]


class Ticket(NamedTuple):
    """One request of one item. `begin(now)` is called when it is sent and returns its deadline (monotonic)."""

    asker: Hashable
    slot: int
    request: Request
    begin: Callable[[float], float]


class _Server:
    """Requests in flight to one server, and those held back by its limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_flight = 0
        self.held: deque[tuple[Order, int, Ticket]] = deque()


class Dispatcher:
    """Sends tickets through the workers and returns their replies one at a time."""

    def __init__(self, perform: Callable[[Request, float], Reply], forks: int) -> None:
        self._workers = Workers(perform, forks)
        self._ready: list[tuple[Order, int, Ticket]] = []
        self._servers: dict[str, _Server] = {}
        self._jobs: dict[Job, tuple[Ticket, float]] = {}
        self._count = itertools.count()
        self.sent = 0

    def add(self, order: Order, ticket: Ticket) -> None:
        """Queue a request; those earlier in the spec are sent first."""
        heapq.heappush(self._ready, (order, next(self._count), ticket))

    def send_ready(self) -> None:
        """Send queued requests while workers are free."""
        while self._ready and self._workers.has_room():
            entry = heapq.heappop(self._ready)
            server = self._server(entry[2].request)
            if server.in_flight >= server.limit:
                server.held.append(entry)
            else:
                self._send(entry[2], server)

    def next_reply(self, until: float) -> tuple[Ticket, Reply] | None:
        """Return the next reply, or None at the monotonic time `until`; a request past its deadline is returned as a timeout."""
        due = min([until, *(job.deadline + GRACE for job in self._jobs)])
        try:
            job, reply = self._workers.finished.get(timeout=max(0.001, due - time.monotonic()))
        except queue.Empty:
            return self._write_off_hanging()
        if job not in self._jobs:
            return None
        if isinstance(reply, BaseException):
            raise reply
        return self._settle(job), reply

    def close(self) -> None:
        """Stop: idle workers end, hanging ones are abandoned."""
        self._workers.close()

    def _send(self, ticket: Ticket, server: _Server) -> None:
        now = time.monotonic()
        job = Job(ticket.request, ticket.begin(now))
        self._jobs[job] = (ticket, now)
        server.in_flight += 1
        self.sent += 1
        self._workers.submit(job)

    def _settle(self, job: Job) -> Ticket:
        ticket, _ = self._jobs.pop(job)
        self._workers.release()
        server = self._server(ticket.request)
        server.in_flight -= 1
        if server.held:
            heapq.heappush(self._ready, server.held.popleft())
        return ticket

    def _write_off_hanging(self) -> tuple[Ticket, Reply] | None:
        now = time.monotonic()
        for job, (ticket, sent) in self._jobs.items():
            if job.deadline + GRACE <= now:
                self._workers.replace(job)
                self._settle(job)
                return ticket, _overrun(ticket.request, now - sent)
        return None

    def _server(self, request: Request) -> _Server:
        name = _server_name(request)
        return self._servers.setdefault(name, _Server(PER_COMMAND if name == "exec" else PER_SERVER))


def _overrun(request: Request, seconds: float) -> Reply:
    reason = "no answer within the time given"
    return Reply(describe(request), Status.TIMEOUT, cause="timeout", reason=reason, seconds=seconds, at=time.time())


def _server_name(request: Request) -> str:
    """Name what a request loads: a server, or this machine's process table."""
    match request:
        case Exec():
            return "exec"
        case Dial():
            return host_port(request.host, request.port)
        case Http():
            return request.base or request.source


def describe(request: Request) -> str:
    """Describe a request as a reader would write it."""
    match request:
        case Http():
            query = "&".join(f"{key}={value}" for key, value in pairs(request.query))
            return f"GET {request.base or request.source}{request.path}{'?' if query else ''}{query}"
        case Exec():
            return f"nomad alloc exec -task {request.task} {request.alloc} {' '.join(request.argv)}"
        case Dial():
            return f"connect {host_port(request.host, request.port)}"
