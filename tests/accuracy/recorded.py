"""Collects from a recording without a network: a hand-written fake replaces collector.sources.

What the proxy and the SDKs add is tested elsewhere (tests/replay); this collects hundreds of variants in a minute.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path

from collector.collect import Limits, Means, collect
from collector.collect.plan import Selection
from collector.expressions import Expressions
from collector.kinds import KINDS
from collector.model import Bundle, Dial, Exec, Http, Reply, Request, Spec, Status, by_name, pairs
from collector.redact import Redactor
from collector.replay.derive import derive, unreachable
from collector.replay.match import Index
from collector.replay.recording import HttpExchange, Recording, netloc
from collector.sources.command import judged
from collector.sources.process import Finished
from collector.spec import load_spec
from collector.validate import validate

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "specs" / "navidrome.yml"
FAILURES = (
    ("refused", (Status.UNREACHABLE, "refused", "{} refused the connection")),
    ("name resolution", (Status.UNREACHABLE, "dns", "the name of {} cannot be resolved")),
    ("no such host", (Status.UNREACHABLE, "dns", "the name of {} cannot be resolved")),
    ("no route", (Status.UNREACHABLE, "unroutable", "there is no route to {}")),
    ("accept", (Status.TIMEOUT, "timeout", "{} did not accept a connection in time")),
    ("timed out", (Status.TIMEOUT, "timeout", "{} did not answer in time")),
    ("did not answer in time", (Status.TIMEOUT, "timeout", "{} did not answer in time")),
)


class Replayed:
    """Performs requests from a recording, as collector.sources would."""

    def __init__(self, recording: Recording) -> None:
        self._index = Index(recording)
        self._execs = {(one.alloc, one.task, one.argv): one for one in recording.execs}
        self._bases = {source: recording.base(source) for source in ("nomad", "consul")}

    def perform(self, request: Request, *, deadline: float) -> Reply:
        if isinstance(request, Exec):
            return self._exec(request)
        if isinstance(request, Dial):
            return self._dial(request)
        return self._get(request)

    def _exec(self, request: Exec) -> Reply:
        known = self._execs.get((request.alloc, request.task, request.argv))
        endpoint = f"exec {request.alloc} {' '.join(request.argv)}"
        if known is None:
            finished = Finished(1, b"", b"failed to exec into task: it is not in this recording")
        else:
            finished = Finished(known.rc, known.stdout.encode(), known.stderr.encode(), late=known.rc is None)
        status, cause, reason = judged(finished)
        return Reply(endpoint, status, finished.code, finished.stdout, finished.stderr, cause=cause, reason=reason)

    def _dial(self, request: Dial) -> Reply:
        where = f"{request.host}:{request.port}"
        at = self._index.at(where)
        if not at:
            return Reply(where, Status.UNREACHABLE, cause="refused", reason=f"{where} refused the connection")
        failure = unreachable(at)
        return _failed(where, failure) if failure else Reply(where, Status.OK)

    def _get(self, request: Http) -> Reply:
        base = request.base or self._bases[request.source] or f"http://127.0.0.1:{1 if request.source == 'nomad' else 2}"
        where, endpoint = netloc(base), f"GET {base}{request.path}"
        query = by_name(pairs(request.query))
        found = self._index.answer("GET", where, request.path, query) or derive(self._index, where, request.path, query)
        if found is None:
            return Reply(endpoint, Status.UNREACHABLE, cause="refused", reason=f"{where} refused the connection")
        return (_failed(where, found) if found.status is None else _answered(where, found))._replace(endpoint=endpoint)


def _failed(where: str, exchange: HttpExchange) -> Reply:
    for words, (status, cause, sentence) in FAILURES:
        if words in exchange.error.lower():
            return Reply(where, status, cause=cause, reason=sentence.format(where))
    return Reply(where, Status.UNREACHABLE, cause="reset", reason=f"{where} closed the connection before it answered")


def _answered(where: str, exchange: HttpExchange) -> Reply:
    code = exchange.status or 0
    status = Status.OK if 200 <= code < 300 else Status.DENIED if code in {401, 403} else Status.FAILED
    text = exchange.body.strip().splitlines()
    reason = "" if status is Status.OK else f"{where} answers HTTP {code}" + (f": {text[0][:200]}" if text else "")
    date = exchange.headers.get("date")
    return Reply(
        "",
        status,
        code,
        exchange.body.encode("utf-8", "surrogateescape"),
        headers=dict(exchange.headers),
        reason=reason,
        date=parsedate_to_datetime(date).timestamp() if date else None,
    )


@cache
def spec(extra: tuple[tuple[str, str], ...] = ()) -> Spec:
    """Return the shipped spec, with variables."""
    return load_spec(SPEC.read_text("utf-8"), SPEC.name, extra_vars=dict(extra))


_EXPRESSIONS = Expressions()


def bundle_of(recording: Recording, extra: tuple[tuple[str, str], ...] = ()) -> Bundle:
    """Return what the shipped spec collects from a recording, validated."""
    followed = spec(extra)
    redactor = Redactor()
    collected = collect(followed, Means(KINDS, Replayed(recording), _EXPRESSIONS, redactor), Limits(deadline=60.0, forks=4), Selection())
    return validate(
        Bundle(
            spec={"name": followed.name, "path": followed.path, "sha256": followed.sha256, "commit": None},
            vars=dict(followed.vars),
            thresholds=dict(followed.thresholds),
            rules=followed.rules,
            expect=dict(followed.expect),
            started_at=float(recording.meta.get("recorded_at") or 0.0),
            seconds=0.0,
            results=collected.results,
            planned=len(collected.results),
            endpoints={},
            version="test",
        )
    )
