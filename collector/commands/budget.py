"""Divides a run's deadline: collecting gets all of it except the time for making and delivering the report."""

from __future__ import annotations

import time

SHARE, MOST = 1 / 3, 10.0
"""The share of the deadline, and the maximum in seconds, that is reserved for mail and pings."""
LEAST = 0.5
"""The minimum in seconds for each of them: better to be late than to deliver no report."""

ANALYSIS, WRITING = 0.6, 0.15
"""Seconds for the analysis and for each output, per second of collecting's own work (docs/benchmarks.md, 5,000 nodes)."""


class Budget:
    """`seconds` for a whole run from now on; `reaches` is true if it ends with a mail or a ping."""

    def __init__(self, seconds: float, *, reaches: bool) -> None:
        self.seconds = seconds
        self.reaches = reaches
        self.started = time.monotonic()

    @property
    def reserved(self) -> float:
        """Seconds reserved for what follows collecting."""
        return min(MOST, self.seconds * SHARE) if self.reaches else 0.0

    @staticmethod
    def afterwards(outputs: int) -> float:
        """The time that a report with this many outputs takes, as a multiple of the work of collecting."""
        return ANALYSIS + WRITING * outputs

    @property
    def for_collecting(self) -> float:
        """Seconds from now until collecting must end."""
        return max(LEAST, self._left() - self.reserved)

    @property
    def for_the_next(self) -> float:
        """Seconds from now for the next mail or ping."""
        return max(LEAST, self._left())

    def _left(self) -> float:
        return self.started + self.seconds - time.monotonic()
