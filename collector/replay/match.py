"""Chooses the recorded exchange that answers a request.

Method, address and path must be equal. Among the exchanges recorded there, the one with the nearest query is used: parameters that select
another subject (another task, stream or format) must agree; all others only narrow or format the same answer (paging, filters, scopes,
staleness), so the answer that differs in the fewest of them is the best available.

Repeated requests get the recorded answers in order, and the last one from then on. So values sampled twice are seen to change, while a
request made only once gets the first sample.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from urllib.parse import unquote

from collector.model import Query, pairs
from collector.replay.recording import HttpExchange, Recording

SUBJECT = frozenset({"task", "type", "path", "node_id", "recurse", "raw", "keys", "plain"})
"""Query parameters that select the subject: Nomad's file system and client endpoints, the forms of Consul's KV answers."""
TRUE = frozenset({"", "1", "true"})
FALSE = frozenset({"0", "false"})

Asked = tuple[tuple[str, str], ...]


class Index:
    """The HTTP exchanges of a recording, indexed by request. `answer` is thread-safe; all else is immutable."""

    def __init__(self, recording: Recording) -> None:
        self._asked: dict[tuple[str, str, str], dict[Asked, list[HttpExchange]]] = defaultdict(lambda: defaultdict(list))
        self._at: dict[str, list[HttpExchange]] = defaultdict(list)
        self._turns: Counter[int] = Counter()
        self._lock = threading.Lock()
        for exchange in recording.http:
            self._asked[_key(exchange.method, exchange.netloc, exchange.full_path)][normal(exchange.query)].append(exchange)
            self._at[exchange.netloc].append(exchange)

    def at(self, netloc: str) -> Sequence[HttpExchange]:
        """Return all exchanges of one address."""
        return self._at.get(netloc, ())

    def answer(self, method: str, netloc: str, path: str, query: Query) -> HttpExchange | None:
        """Return the recorded answer to this request, or None. Repeating the request may return the next one."""
        groups = self._asked.get(_key(method, netloc, path), {})
        chosen = nearest(list(groups), normal(query))
        return None if chosen is None else self._next(groups[chosen])

    def _next(self, answers: list[HttpExchange]) -> HttpExchange:
        with self._lock:
            turn = self._turns[id(answers)]
            self._turns[id(answers)] = turn + 1
        return answers[min(turn, len(answers) - 1)]


def normal(query: Query) -> Asked:
    """Normalize a query for comparison: sorted, without flags that are off, flags that are on spelled `true`."""
    items = ((name, value.lower() if value.lower() in TRUE | FALSE else value) for name, value in pairs(query))
    return tuple(sorted((name, "true" if value in TRUE else value) for name, value in items if value not in FALSE))


def nearest(recorded: Sequence[Asked], wanted: Asked) -> Asked | None:
    """Return the recorded query nearest to the requested one; of equally near ones the first recorded."""
    same = [query for query in recorded if _subject(query) == _subject(wanted)]
    return min(same, key=lambda query: (len(set(query) ^ set(wanted)), len(set(query) - set(wanted))), default=None)


def _subject(query: Asked) -> Asked:
    return tuple(item for item in query if item[0] in SUBJECT)


def _key(method: str, netloc: str, path: str) -> tuple[str, str, str]:
    return method, netloc, unquote(path)
