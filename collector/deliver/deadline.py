"""A deadline for everything that waits on a network, including name look-ups and servers that drip bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from collector.background import in_background

T = TypeVar("T")


class Patience(NamedTuple):
    """Seconds: `deadline` is for the whole delivery, `timeout` for one answer, `pauses` lie between the tries."""

    deadline: float = 30.0
    timeout: float = 10.0
    pauses: tuple[float, ...] = (1.0, 4.0)


def within(seconds: float, work: Callable[[], T]) -> T:
    """Return what `work` returns, or raise what it raises; TimeoutError when it takes longer.

    Work that is late goes on in a thread that does not keep the process alive, and nobody hears of it again.
    """
    outcome = in_background(work, "deliver")
    try:
        return outcome.result(max(0.0, seconds))
    except TimeoutError as error:
        if outcome.done():  # the work's own
            raise
        raise TimeoutError(f"no answer within {seconds:.1f} s") from error
