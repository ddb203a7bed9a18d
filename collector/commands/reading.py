"""Reading with a time limit, so that a pipe without a writer or an unattended terminal cannot hang a command."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.cutoff import Overdue, cut_off_at
from collector.errors import UsageError

FILE = 30.0
"""Time limit in seconds for a file if there is no deadline."""
LEAST = 1.0


@contextmanager
def time_limit(seconds: float, what: str) -> Iterator[None]:
    """Raise `UsageError` if the block does not finish reading within this many seconds."""
    seconds = max(LEAST, seconds)
    try:
        with cut_off_at(time.monotonic() + seconds):
            yield
    except Overdue:
        raise UsageError(f"cannot read {what}: nothing came within {seconds:g} s; is it a pipe without a writer?") from None


def content_of(name: str, what: str, most: int) -> bytes:
    """Read a file once (it may be a pipe), up to a size limit. Raises `UsageError` if it cannot be read."""
    try:
        with time_limit(FILE, what), Path(name).open("rb") as stream:
            return stream.read(most)
    except OSError as error:
        raise UsageError(f"cannot read {what}: {error.strerror}") from error
