"""Threads that perform requests, so that the scheduler never waits for a server.

They are daemon threads: one that hangs (a name lookup cannot be interrupted) is abandoned with `replace` and dies with the process.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from collector.errors import CollectorError
from collector.model import Reply, Request


class Job:
    """One request in progress; `deadline` is monotonic."""

    def __init__(self, request: Request, deadline: float) -> None:
        self.request = request
        self.deadline = deadline
        self.abandoned = False


class Workers:
    """At most `size` concurrent requests; `finished` receives (job, reply or unexpected exception)."""

    def __init__(self, perform: Callable[[Request, float], Reply], size: int) -> None:
        self._perform = perform
        self._size = size
        self._started = 0  # excluding abandoned ones
        self._busy = 0
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self.finished: queue.SimpleQueue[tuple[Job, Reply | BaseException]] = queue.SimpleQueue()

    def has_room(self) -> bool:
        """True if a worker is free or may be started."""
        return self._busy < self._size

    def submit(self, job: Job) -> None:
        """Hand a job to a worker; the caller has checked `has_room`."""
        self._busy += 1
        if self._busy > self._started and not self._start():
            self._make_do()
        self._jobs.put(job)

    def release(self) -> None:
        """Mark a worker as free after its reply was taken."""
        self._busy -= 1

    def replace(self, job: Job) -> None:
        """Abandon a hanging worker and allow another in its place."""
        job.abandoned = True
        self._started -= 1
        if not self._start():
            self._make_do()

    def close(self) -> None:
        """Let idle workers end; hanging ones are left until the process ends."""
        for _ in range(self._started):
            self._jobs.put(None)

    def _start(self) -> bool:
        """Start a worker; return False if the system allows no more threads (`ulimit -u`, `ulimit -v`)."""
        thread = threading.Thread(target=self._work, name=f"collector-{self._started + 1}", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._started += 1
        return True

    def _make_do(self) -> None:
        """Continue with the workers that could be started."""
        if not self._started:
            raise CollectorError("this system gives no thread to ask with: raise its limits (`ulimit -u`, `ulimit -v`, a container's PIDs)")
        self._size = self._started

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                reply: Reply | BaseException = self._perform(job.request, job.deadline)
            except BaseException as bug:  # noqa: BLE001 - handed to the scheduler, which raises it in the main thread
                reply = bug
            if job.abandoned:
                return
            self.finished.put((job, reply))
