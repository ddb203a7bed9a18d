"""How long collecting may go on: the deadline is for the report on what was collected, too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

SMALL = 0.02
"""Seconds of a parse that is not worth asking whether it fits."""
FOLLOWS = 4.0
"""What is done with a long answer (redacting it, looping over it, judging and showing it) takes so many times what its parse took."""
LATE = 0.5
"""Seconds by which that may be late; a run ends within a second of its deadline."""
ABANDONING = 1e-4
"""Seconds of a processor for an item that is still open at the end."""


class Effort:
    """Adds up this thread's own work.

    Work that is still to come is told in parts of it: both grow with the cluster, and are slow on the same machine. Where other processes
    want the processors too, it takes so much longer; waiting for this process's own other threads does not count, since they are idle by
    then.
    """

    def __init__(self) -> None:
        self._own = self._wall = self._process = 0.0

    @contextmanager
    def added(self) -> Iterator[None]:
        """Work of this thread."""
        own, wall, process = time.thread_time(), time.monotonic(), time.process_time()
        try:
            yield
        finally:
            self._own += time.thread_time() - own
            self._wall += time.monotonic() - wall
            self._process += time.process_time() - process

    def of(self, share: float, more: float = 0.0) -> float:
        """Seconds on the clock that this share of the work so far would take, and `more` seconds of a processor."""
        return (share * self._own + more) * self._slowness()

    def _slowness(self) -> float:
        return max(1.0, self._wall / self._process) if self._process else 1.0


class Pace:
    """The deadline, `seconds` from now, of which room is left for what follows: `afterwards` times the work of collecting."""

    def __init__(self, seconds: float, afterwards: float = 0.0) -> None:
        self.deadline = time.monotonic() + seconds
        self._afterwards = afterwards
        self._effort = Effort()

    def work(self) -> AbstractContextManager[None]:
        """A block of the scheduler's own work."""
        return self._effort.added()

    def end(self, still_open: int) -> float:
        """When collecting has to end (monotonic), with so many items that will have to be abandoned."""
        if not self._afterwards:
            return self.deadline
        return self.deadline - self._effort.of(self._afterwards, more=ABANDONING * still_open)

    def has_room(self, parsed: float) -> bool:
        """Is there time to do something with an answer that took so many processor seconds to parse?"""
        if not self._afterwards or parsed < SMALL:
            return True
        return time.monotonic() + self._effort.of(self._afterwards, more=FOLLOWS * parsed) < self.deadline + LATE
