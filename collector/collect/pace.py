"""Decides when collecting has to end: the deadline includes the report on what was collected."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

SMALL = 0.02
"""Parses shorter than this (in seconds) are not checked against the remaining time."""
FOLLOWS = 4.0
"""Processing a large answer (redacting, looping, validating, showing) takes this many times as long as parsing it."""
LATE = 0.5
"""Seconds by which the deadline may be exceeded; a run ends within a second of its deadline."""
ABANDONING = 1e-4
"""Processor seconds per item still open at the end."""


class Effort:
    """Measures this thread's own work, to predict later work as a fraction of it.

    Both grow with the cluster and with the slowness of the machine. The prediction is scaled up if other processes compete for the
    processor; waiting for this process's own threads does not count, since they are idle by then.
    """

    def __init__(self) -> None:
        self._own = self._wall = self._process = 0.0

    @contextmanager
    def added(self) -> Iterator[None]:
        """Count the enclosed block as work."""
        own, wall, process = time.thread_time(), time.monotonic(), time.process_time()
        try:
            yield
        finally:
            self._own += time.thread_time() - own
            self._wall += time.monotonic() - wall
            self._process += time.process_time() - process

    def of(self, share: float, more: float = 0.0) -> float:
        """Predict the wall-clock seconds for this share of the work so far plus `more` seconds of processor time."""
        return (share * self._own + more) * self._slowness()

    def _slowness(self) -> float:
        return max(1.0, self._wall / self._process) if self._process else 1.0


class Pace:
    """A deadline `seconds` from now, with time reserved for what follows: `afterwards` times the work of collecting."""

    def __init__(self, seconds: float, afterwards: float = 0.0) -> None:
        self.deadline = time.monotonic() + seconds
        self._afterwards = afterwards
        self._effort = Effort()

    def work(self) -> AbstractContextManager[None]:
        """Count the enclosed block as the scheduler's work."""
        return self._effort.added()

    def end(self, still_open: int) -> float:
        """Return when collecting has to end (monotonic) if this many items will have to be abandoned."""
        if not self._afterwards:
            return self.deadline
        return self.deadline - self._effort.of(self._afterwards, more=ABANDONING * still_open)

    def has_room(self, parsed: float) -> bool:
        """True if there is time left to process an answer that took this many processor seconds to parse."""
        if not self._afterwards or parsed < SMALL:
            return True
        return time.monotonic() + self._effort.of(self._afterwards, more=FOLLOWS * parsed) < self.deadline + LATE
