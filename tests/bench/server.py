"""The fleet behind one forward proxy: asyncio, answers from memory, each delayed by the latency.

`python -m tests.bench.server NODES SECONDS` prints its address and serves until its standard input ends. `GET /counts` to the proxy itself
returns the number of requests.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate, parsedate_to_datetime
from typing import cast

from collector.replay import wire
from tests.bench.fleet import Copy, Fleet

HEAD_END = b"\r\n\r\n"
STARTED = time.monotonic()


@dataclass(slots=True)
class Counts:
    """Request counts: per node and without a node, and the maximum concurrency, in total and per target."""

    calls: int = 0
    shared: int = 0
    of_healthy: Counter[str] = field(default_factory=Counter)
    of_sick: Counter[str] = field(default_factory=Counter)
    unknown: list[str] = field(default_factory=list)
    most: int = 0
    most_of_one: int = 0
    under_way: Counter[str] = field(default_factory=Counter)

    def begin(self, target: str, copy: Copy | None) -> None:
        """Count a request to a server or agent, about a node or about all."""
        self.calls += 1
        if copy is None:
            self.shared += 1
        else:
            (self.of_sick if copy.sick else self.of_healthy)[copy.name] += 1
        self.under_way[target] += 1
        self.most_of_one = max(self.most_of_one, self.under_way[target])
        self.most = max(self.most, self.under_way.total())

    def end(self, target: str) -> None:
        """Count its answer."""
        self.under_way[target] -= 1
        if not self.under_way[target]:
            del self.under_way[target]

    def document(self) -> dict[str, object]:
        """Return the counts as JSON."""
        names = ("calls", "shared", "of_healthy", "of_sick", "unknown", "most", "most_of_one")
        return {name: getattr(self, name) for name in names}


class Proxy(asyncio.Protocol):
    """One connection, which handles the collector's requests one after another."""

    def __init__(self, fleet: Fleet, counts: Counts, latency: float) -> None:
        self._fleet, self._counts, self._latency = fleet, counts, latency
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while HEAD_END in self._buffer:
            head, self._buffer = self._buffer.split(HEAD_END, 1)
            self._receive(wire.read_ask(io.BytesIO(head + HEAD_END)))

    def _receive(self, ask: wire.Ask | None) -> None:
        if ask is None:
            self._transport.close()
        elif ask.path == "/counts":
            self._transport.write(wire.answer(200, json.dumps(self._counts.document())))
        else:
            self._counts.begin(ask.netloc, self._fleet.copy_of(ask.netloc, ask.path))
            asyncio.get_running_loop().call_later(self._latency, self._send, ask.netloc, self._answer(ask))

    def _answer(self, ask: wire.Ask) -> bytes:
        found = self._fleet.answer(ask.netloc, ask.path, ask.query) if ask.method == "GET" else None
        if found is None:
            self._counts.unknown.append(f"{ask.method} {ask.netloc}{ask.path}")
            return wire.answer(501, "not in this fleet\n")
        return wire.recorded_answer(replace(found, headers={**found.headers, **self._now(found.headers)}))

    def _now(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the recorded time, advanced by the time since the start; otherwise clocks would seem to fall behind in a long run."""
        if "date" not in headers:
            return {}
        recorded = parsedate_to_datetime(headers["date"]).timestamp()
        return {"date": formatdate(recorded + time.monotonic() - STARTED, usegmt=True)}

    def _send(self, target: str, answer: bytes) -> None:
        self._counts.end(target)
        self._transport.write(answer)


async def serve(fleet: Fleet, latency: float) -> None:
    """Serve on a free loopback port until standard input ends."""
    counts = Counts()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Proxy(fleet, counts, latency), "127.0.0.1", 0, backlog=512)
    async with server:
        sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Fleet(int(sys.argv[1])), float(sys.argv[2])))
