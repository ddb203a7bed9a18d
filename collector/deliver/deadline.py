"""A deadline for work that waits on a network, including name lookups and slow servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from collector.background import in_background

T = TypeVar("T")


class TimeLimits(NamedTuple):
    """Time limits in seconds: `deadline` for the whole delivery, `timeout` for one response, `pauses` between retries."""

    deadline: float = 30.0
    timeout: float = 10.0
    pauses: tuple[float, ...] = (1.0, 4.0)


def within(seconds: float, work: Callable[[], T]) -> T:
    """Return the result of `work` or raise its exception; TimeoutError if it takes longer.

    Late work continues in a daemon thread, and its result is ignored.
    """
    outcome = in_background(work, "deliver")
    try:
        return outcome.result(max(0.0, seconds))
    except TimeoutError as error:
        if outcome.done():  # the work's own TimeoutError
            raise
        raise TimeoutError(f"no answer within {seconds:.1f} s") from error
