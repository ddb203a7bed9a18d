"""Tells a dead-man service that a run has started and ended.

Protocol of https://healthchecks.io/docs/http_api/: `/start`, then `/<exit status>` or `/fail`, both with the run's ID.
"""

from __future__ import annotations

import ssl
from functools import partial
from urllib.parse import urlsplit

import urllib3

from collector.deliver.deadline import within
from collector.deliver.destinations import Ping

MAX_BODY = 10_000
"""Maximum size of the body in bytes; self-hosted services keep 10 kB by default and may reject more."""

DEADLINE = 10.0
TIMEOUT = urllib3.Timeout(connect=5.0, read=5.0)


def ping_start(ping: Ping, run_id: str, *, seconds: float = DEADLINE) -> str | None:
    """Report that a run begins; `run_id` is a UUID that links start and end. Returns what went wrong, or None."""
    return _send(ping, "start", run_id, b"", seconds)


def ping_end(ping: Ping, run_id: str, *, exit_code: int, verdict: str | None, body: str = "", seconds: float = DEADLINE) -> str | None:
    """Report that the run ended, with the report as the body; return what went wrong, or None.

    A run with a verdict is a success (`/0`) unless its verdict is in `fail_on` (`/fail`). Without a verdict the collector itself failed:
    `/<exit code>`.
    """
    word = str(exit_code) if verdict is None else "fail" if verdict in ping.fail_on else "0"
    return _send(ping, word, run_id, body.encode("utf-8", "replace")[:MAX_BODY], seconds)


def _send(ping: Ping, word: str, run_id: str, body: bytes, seconds: float) -> str | None:
    try:
        status = within(min(seconds, DEADLINE), partial(_perform, f"{ping.url}/{word}?rid={run_id}", ping.method, body))
    except (urllib3.exceptions.HTTPError, OSError) as error:
        return f"ping {urlsplit(ping.url).hostname} ({word}): {_reason(error)}"
    return None if 200 <= status < 300 else f"ping {urlsplit(ping.url).hostname} ({word}): HTTP {status}"  # noqa: PLR2004 - HTTP's success


def _perform(url: str, method: str, body: bytes) -> int:
    """Perform one request without redirects, retries or a proxy from the environment; the response's body is not read."""
    sent = body if method == "POST" else None
    with urllib3.PoolManager(ssl_context=ssl.create_default_context(), retries=False, timeout=TIMEOUT) as pool:
        answer = pool.request(method, url, body=sent, headers={"User-Agent": "collector"}, redirect=False, preload_content=False)
        answer.close()
        return answer.status


def _reason(error: Exception) -> str:
    """Name the kind of failure; urllib3's own message contains the URL, which is a secret."""
    return next((words for kind, words in _REASONS if isinstance(error, kind)), type(error).__name__)


_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (urllib3.exceptions.NameResolutionError, "its name is not known"),
    (urllib3.exceptions.NewConnectionError, "no connection"),
    (urllib3.exceptions.SSLError, "its certificate is not accepted"),
    (urllib3.exceptions.TimeoutError, "no answer in time"),
    (TimeoutError, "no answer in time"),
)
"""The first match counts: urllib3 derives "no connection" from its timeout, and "name not known" from "no connection"."""
