"""Cuts off work in this process that takes too long: a regular expression that backtracks, an endless expression.

Only a signal can interrupt a regular expression: it holds the interpreter's lock throughout, so no other thread runs either. Python's
`re` checks for signals while it searches, and Python handles signals in the main thread only. So patterns from users must run in the main
thread; in any other thread nothing is cut off.
"""

from __future__ import annotations

import contextlib
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import CodeType, FrameType
from typing import TypeVar

T = TypeVar("T")

AGAIN = 0.1
"""Seconds until the exception is raised again, since one raised in a destructor is lost."""
SOON = 0.001
"""Seconds until the next attempt if the exception could not be raised."""

LINT = "`collector lint` says what makes it slow"


class Overdue(BaseException):
    """Raised when the deadline has passed. Not an `Exception`, so that it is not mistaken for an error in a user's expression."""


class TooSlow(Exception):  # noqa: N818 - control flow, not an error
    """A pattern was cut off."""


def compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Compile a user's pattern; raise `ValueError` with a sentence if it is not a valid regular expression."""
    try:
        return re.compile(pattern, flags)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is not a regular expression: {error}") from None


def cut_off_at(moment: float) -> AbstractContextManager[None]:
    """Raise `Overdue` within the block once the monotonic clock reaches `moment`. Cannot be nested."""

    def overdue() -> None:
        raise Overdue

    return _Timer(signal.ITIMER_REAL, signal.SIGALRM, max(1e-6, moment - time.monotonic()), AGAIN, overdue)


class Allowance:
    """A shared budget of CPU time for users' patterns; each pattern that is cut off may use a quarter of what remains.

    CPU time rather than wall-clock time, since a busy machine does not make a pattern slow.
    """

    SECONDS = 0.5
    TICK = 0.01
    """The timer's period, which is also the minimum limit for a search, in seconds: the kernel's resolution."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._left = seconds
        self._watching = self._busy = False
        self._began = 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Enforce `bounded` within this block. May be nested; saves a timer per search."""
        if self._watching:
            yield
            return
        self._watching = True
        try:
            with _Timer(signal.ITIMER_VIRTUAL, signal.SIGVTALRM, self.TICK, self.TICK, self._look):
                yield
        finally:
            self._watching = False

    def bounded(self, work: Callable[[], T]) -> T:
        """Return the result of `work`; raise `TooSlow` if it takes too long."""
        self._began, self._busy = time.thread_time(), True
        try:
            return work()
        except _Late:
            self._busy = False
            self._left = max(0.0, self._left - self._share())
            raise TooSlow from None
        finally:
            self._busy = False

    def _share(self) -> float:
        return max(self.TICK, self._left / 4)

    def _look(self) -> None:
        """Timer callback. Measures time rather than counting ticks, since signals that arrive between checks of `re` merge into one."""
        if self._busy and time.thread_time() - self._began > self._share():
            self._began = time.thread_time()  # again after as long, since an exception raised in a destructor is lost
            raise _Late


class _Late(BaseException):
    """Raised by an `Allowance`'s timer."""


class _Timer:
    """Calls `action` in the main thread after `seconds`, then repeatedly until the block is left.

    Suspended while any such block is being entered or left: an exception raised there would leave the timer running for ever.
    """

    def __init__(self, which: int, number: signal.Signals, seconds: float, again: float, action: Callable[[], None]) -> None:
        self._which, self._number, self._times, self._action = which, number, (seconds, again), action
        self._armed = False

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(self._number, self._ring)
            self._armed = True
            signal.setitimer(self._which, *self._times)

    def __exit__(self, *_: object) -> None:
        if self._armed:
            self._armed = False
            signal.setitimer(self._which, 0)
            signal.signal(self._number, self._before)

    def _ring(self, _number: int, frame: FrameType | None) -> None:
        if self._armed and _is_spared(frame):
            signal.setitimer(self._which, SOON, self._times[1])
        elif self._armed:
            self._action()


MAKES_A_CLASS = "__set_name__"
"""Up to Python 3.11, whatever such a method raises becomes a RuntimeError (Objects/typeobject.c, type_new_set_names)."""
SPARED: set[CodeType] = {
    way.__code__
    for way in (
        _Timer.__enter__,
        _Timer.__exit__,
        contextlib._GeneratorContextManager.__enter__,  # noqa: SLF001 - there is no public way
        contextlib._GeneratorContextManager.__exit__,  # noqa: SLF001
    )
}
"""Code that is never interrupted. Anything that runs between our lines and takes a lock (such as a coverage tracer) belongs here too."""


def _is_spared(frame: FrameType | None) -> bool:
    """True if the interrupted code is such an enter or exit, or is called while a class is made."""
    while frame is not None:
        if frame.f_code in SPARED or frame.f_code.co_name == MAKES_A_CLASS:
            return True
        frame = frame.f_back
    return False
