"""Which recorded exchange answers a request.

Method, address and path must be the same. Of what was recorded there, the exchange with the nearest query answers: parameters that choose
another subject (another task, stream or form) must agree; all others only narrow or shape the same answer (paging, filters, scopes,
staleness), so the recorded answer that differs in fewest of them is the best that the recording can say.

A request that was recorded more than once is answered in the recorded order; from the last answer on it stays. So what was sampled twice
is seen to move, and a sample of all nodes that was taken first, at one moment, is the one that a single question gets.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from urllib.parse import unquote

from collector.model import Query, pairs
from collector.replay.recording import HttpExchange, Recording

SUBJECT = frozenset({"task", "type", "path", "node_id", "recurse", "raw", "keys", "plain"})
"""Query parameters that choose what is asked for: Nomad's file system and client endpoints, the forms of Consul's KV answers."""
TRUE = frozenset({"", "1", "true"})
FALSE = frozenset({"0", "false"})

Asked = tuple[tuple[str, str], ...]


class Index:
    """The HTTP exchanges of a recording by what was asked. `answer` is thread-safe; the rest never changes."""

    def __init__(self, recording: Recording) -> None:
        self._asked: dict[tuple[str, str, str], dict[Asked, list[HttpExchange]]] = defaultdict(lambda: defaultdict(list))
        self._at: dict[str, list[HttpExchange]] = defaultdict(list)
        self._turns: Counter[int] = Counter()
        self._lock = threading.Lock()
        for exchange in recording.http:
            self._asked[_key(exchange.method, exchange.netloc, exchange.full_path)][normal(exchange.query)].append(exchange)
            self._at[exchange.netloc].append(exchange)

    def at(self, netloc: str) -> Sequence[HttpExchange]:
        """Everything recorded of one address."""
        return self._at.get(netloc, ())

    def answer(self, method: str, netloc: str, path: str, query: Query) -> HttpExchange | None:
        """The recorded answer to this request, None where there is none. Asking again may give the next one."""
        groups = self._asked.get(_key(method, netloc, path), {})
        chosen = nearest(list(groups), normal(query))
        return None if chosen is None else self._next(groups[chosen])

    def _next(self, answers: list[HttpExchange]) -> HttpExchange:
        with self._lock:
            turn = self._turns[id(answers)]
            self._turns[id(answers)] = turn + 1
        return answers[min(turn, len(answers) - 1)]


def normal(query: Query) -> Asked:
    """A query in the form that is compared: sorted, flags that are off left out, flags that are on spelled `true`."""
    items = ((name, value.lower() if value.lower() in TRUE | FALSE else value) for name, value in pairs(query))
    return tuple(sorted((name, "true" if value in TRUE else value) for name, value in items if value not in FALSE))


def nearest(recorded: Sequence[Asked], asked: Asked) -> Asked | None:
    """The recorded query that is nearest to the asked one; of equally near ones, the one that was recorded first."""
    same = [query for query in recorded if _subject(query) == _subject(asked)]
    return min(same, key=lambda query: (len(set(query) ^ set(asked)), len(set(query) - set(asked))), default=None)


def _subject(query: Asked) -> Asked:
    return tuple(item for item in query if item[0] in SUBJECT)


def _key(method: str, netloc: str, path: str) -> tuple[str, str, str]:
    return method, netloc, unquote(path)
