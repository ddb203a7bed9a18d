"""Collects a spec from a recorded cluster without a network: only the performer of requests is replaced."""

import threading
from pathlib import Path
from urllib.parse import urlsplit

from collector.collect import Limits, Means, collect
from collector.collect.plan import Selection
from collector.expressions import Expressions
from collector.kinds import KINDS
from collector.model import Dial, Http, Reply, Result, Spec, Status, by_name, pairs
from collector.redact import Redactor
from collector.replay.match import Index
from collector.replay.recording import Recording


class Recorded:
    """Answers from a recording; a source in `dead` refuses, as does anything not recorded. `asked` are the requested paths in order."""

    def __init__(self, path: Path, dead: frozenset[str] = frozenset()) -> None:
        self._recording = Recording.load(path)
        self._index = Index(self._recording)
        self._dead = dead
        self._lock = threading.Lock()
        self.asked: list[str] = []

    def perform(self, request, *, deadline):
        with self._lock:
            if isinstance(request, Http):
                self.asked.append(request.path)
                return self._http(request)
            return Reply("dial", Status.UNREACHABLE) if isinstance(request, Dial) else self._exec(request)

    def _http(self, request: Http) -> Reply:
        base = request.base or self._recording.base(request.source) or "http://127.0.0.1:1"
        query = by_name(pairs(request.query))
        found = None if request.source in self._dead else self._index.answer("GET", urlsplit(base).netloc, request.path, query)
        if found is None or found.status is None:
            return Reply(base, Status.UNREACHABLE, cause="refused", reason="refused")
        status = Status.OK if found.status < 300 else Status.FAILED
        return Reply(base, status, found.status, found.body.encode(), headers=found.headers, reason=f"HTTP {found.status}")

    def _exec(self, request) -> Reply:
        key = (request.alloc, request.argv)
        found = next((command for command in self._recording.execs if (command.alloc, command.argv) == key), None)
        if found is None or found.rc is None:
            return Reply("exec", Status.FAILED, 1, reason="not recorded")
        return Reply("exec", Status.OK if found.rc == 0 else Status.FAILED, found.rc, found.stdout.encode(), found.stderr.encode())


def run(spec: Spec, sources: Recorded) -> tuple[Result, ...]:
    """Return the results of one run."""
    return collect(spec, Means(KINDS, sources, Expressions(), Redactor()), Limits(), Selection()).results
