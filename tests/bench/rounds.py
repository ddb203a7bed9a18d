"""Counts the longest chain of dependent answers: no collector could take less time than that many round trips."""

from __future__ import annotations

import threading
import time

from collector.collect import Limits, Means, collect
from collector.collect.plan import Selection
from collector.expressions import Expressions
from collector.kinds import KINDS
from collector.model import Exec, Reply, Request
from collector.redact import Redactor
from collector.replay import Recording
from tests.accuracy.recorded import Replayed, spec

QUIET = 0.1
"""Seconds without a new request after which all that can be asked has been asked."""


class InStep:
    """Answers nothing until everything possible has been requested, then all of it at once. Each time is a round."""

    def __init__(self, recording: Recording) -> None:
        self._replayed = Replayed(recording)
        self._changed = threading.Condition()
        self._waiting: list[Request] = []
        self._last = time.monotonic()
        self.rounds: list[list[Request]] = []

    def perform(self, request: Request, *, deadline: float) -> Reply:
        """Wait for the end of the round."""
        with self._changed:
            mine = len(self.rounds)
            self._waiting.append(request)
            self._last = time.monotonic()
            while len(self.rounds) == mine:
                self._changed.wait(QUIET / 4)
                if len(self.rounds) == mine and time.monotonic() - self._last > QUIET:
                    self.rounds.append(self._waiting)
                    self._waiting = []
                    self._changed.notify_all()
        return self._replayed.perform(request, deadline=deadline)


def chain(recording: Recording) -> tuple[int, int]:
    """Return the rounds with HTTP requests, and the rounds with commands only."""
    performer = InStep(recording)
    collect(spec(), Means(KINDS, performer, Expressions(), Redactor()), Limits(60.0, 64), Selection())
    commands = sum(all(isinstance(request, Exec) for request in asked) for asked in performer.rounds)
    return len(performer.rounds) - commands, commands
