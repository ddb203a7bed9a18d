"""Runs work in a thread; its result is awaited later, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_background(work: Callable[[], T], name: str) -> Future[T]:
    """Do the work in a thread that does not keep the process alive; the future has what it returns or raises."""
    outcome: Future[T] = Future()
    threading.Thread(target=_do, args=(work, outcome), name=name, daemon=True).start()
    return outcome


def _do(work: Callable[[], T], outcome: Future[T]) -> None:
    try:
        outcome.set_result(work())
    except Exception as error:  # noqa: BLE001 - not handled here: handed to whoever waits, who knows what it means
        outcome.set_exception(error)
