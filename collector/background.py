"""Runs work in a daemon thread; the result can be awaited later or ignored."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_background(work: Callable[[], T], name: str) -> Future[T]:
    """Start `work` in a daemon thread; return a future of its result or exception."""
    outcome: Future[T] = Future()
    threading.Thread(target=_do, args=(work, outcome), name=name, daemon=True).start()
    return outcome


def _do(work: Callable[[], T], outcome: Future[T]) -> None:
    try:
        outcome.set_result(work())
    except Exception as error:  # noqa: BLE001 - passed to whoever awaits the future
        outcome.set_exception(error)
