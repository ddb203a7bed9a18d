"""Helpers for making requests."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from collector.model import Reply, Request
from collector.redact import Redactor
from collector.settings import Settings
from collector.sources import Sources

DEADLINE = 0.3
LATE = 0.7
"""Seconds that a reply may come after its deadline, on a busy machine."""


@contextlib.contextmanager
def sources(environ: dict[str, str] | None = None, *, secrets: tuple[str, ...] = ()) -> Iterator[Sources]:
    """Return Sources for these environment variables."""
    settings = Settings.from_environment(environ or {})
    opened = Sources(settings, Redactor((*settings.secret_values(), *secrets)))
    try:
        yield opened
    finally:
        opened.close()


def ask(request: Request, environ: dict[str, str] | None = None, *, seconds: float = 3.0) -> Reply:
    """Perform one request."""
    with sources(environ) as opened:
        return opened.perform(request, time.monotonic() + seconds)
