"""An end to everything that waits on a network, name look-ups and servers that drip included."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T]) -> T:
    """Return what `work` returns, or raise what it raises; TimeoutError when it takes longer.

    Work that is late goes on in a thread that does not keep the process alive, and nobody hears of it again.
    """
    outcome: Future[T] = Future()
    threading.Thread(target=_run, args=(work, outcome), name="deliver", daemon=True).start()
    try:
        return outcome.result(max(0.0, seconds))
    except TimeoutError as error:
        if outcome.done():  # the work's own
            raise
        raise TimeoutError(f"no answer within {seconds:.1f} s") from error


def _run(work: Callable[[], T], outcome: Future[T]) -> None:
    try:
        outcome.set_result(work())
    except Exception as error:  # noqa: BLE001 - not handled here: handed to the caller, who knows what it means
        outcome.set_exception(error)
