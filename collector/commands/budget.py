"""How a run's deadline is divided: collecting gets all of it except what making and delivering the report takes."""

from __future__ import annotations

import time

SHARE, MOST = 1 / 3, 10.0
"""Of the deadline, and at most so many seconds, is kept for mail and pings."""
LEAST = 0.5
"""Seconds that each of them gets in any case: it costs a run that is late already less than a report that nobody reads."""

ANALYSIS, WRITING = 0.6, 0.15
"""What judging takes, and what each output takes, for a second of collecting's own work (docs/benchmarks.md, 5,000 nodes)."""


class Budget:
    """`seconds` from now on (monotonic) for a whole run; `reaches` tells whether it ends with a mail or a ping."""

    def __init__(self, seconds: float, *, reaches: bool) -> None:
        self.seconds = seconds
        self.reaches = reaches
        self.started = time.monotonic()

    @property
    def reserved(self) -> float:
        """Seconds that collecting must leave."""
        return min(MOST, self.seconds * SHARE) if self.reaches else 0.0

    @staticmethod
    def afterwards(outputs: int) -> float:
        """How many times its own work collecting must leave for a report that is put down so many times."""
        return ANALYSIS + WRITING * outputs

    @property
    def for_collecting(self) -> float:
        """Seconds from now until collecting must be over."""
        return max(LEAST, self._left() - self.reserved)

    @property
    def for_the_next(self) -> float:
        """Seconds from now for the next mail or ping."""
        return max(LEAST, self._left())

    def _left(self) -> float:
        return self.started + self.seconds - time.monotonic()
