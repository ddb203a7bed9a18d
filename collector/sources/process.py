"""Runs a child process that cannot outlive, flood or block us. POSIX: it gets its own session and is killed with all its children.

For children that leave the session see orphans.py.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from collector.sources.orphans import end_all, gone, parented

CHUNK = 64 << 10
POLL = 0.05
"""Seconds between checks whether a process has ended while another still holds its pipes."""
MERCY = 0.2
"""Seconds between SIGTERM and SIGKILL."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A process' output. `code` is None if it was killed for being `late`, or `capped` because an output was too long."""

    code: int | None
    stdout: bytes = b""
    stderr: bytes = b""
    late: bool = False
    capped: bool = False


class Processes:
    """Runs commands and keeps track of those running. Thread-safe."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._closed = False

    def run(self, argv: Sequence[str], environment: Mapping[str, str], deadline: float, cap: int) -> Finished:
        """Run a program until it ends, the monotonic time `deadline` is reached, or an output exceeds `cap` bytes.

        Its standard input is closed; its environment is exactly `environment`. Raises OSError if it cannot be started.
        """
        with self._started(argv, environment, deadline) as process:
            return _watched(process, deadline, cap) if process else Finished(None, late=True)

    def close(self) -> None:
        """Kill all running processes and wait for them; nothing can be started any more."""
        with self._lock:
            self._closed = True
            running = tuple(self._running)
        for process in running:
            _signal(process, signal.SIGKILL)
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(MERCY)
        end_all()

    @contextlib.contextmanager
    def _started(self, argv: Sequence[str], environment: Mapping[str, str], deadline: float) -> Iterator[subprocess.Popen[bytes] | None]:
        """Start the process; None if the deadline has passed.

        It starts under the lock, so that `close`, after which the program may exit at once, cannot miss it.
        """
        with self._lock:
            process = None if self._closed or time.monotonic() >= deadline else parented(lambda: _start(argv, environment))
            if process:
                self._running.add(process)
        try:
            yield process
        finally:
            if process:
                _end(process)
                gone(process)
                with self._lock:
                    self._running.discard(process)


def _start(argv: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - no shell; callers use absolute paths
        argv,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _watched(process: subprocess.Popen[bytes], deadline: float, cap: int) -> Finished:
    """Read both outputs concurrently, so that a full pipe never blocks the child, until it ends or must be killed."""
    stdout, stderr = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for pipe, output in ((process.stdout, stdout), (process.stderr, stderr)):
            assert pipe is not None  # noqa: S101 - both are PIPEs
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe.fileno(), selectors.EVENT_READ, output)
        while not _ended(process, selector, deadline):
            if max(len(stdout), len(stderr)) > cap:
                return Finished(None, bytes(stdout[:cap]), bytes(stderr[:cap]), capped=True)
            if time.monotonic() >= deadline:
                return Finished(None, bytes(stdout), bytes(stderr), late=True)
    capped = max(len(stdout), len(stderr)) > cap
    return Finished(None if capped else process.returncode, bytes(stdout[:cap]), bytes(stderr[:cap]), capped=capped)


def _ended(process: subprocess.Popen[bytes], selector: selectors.BaseSelector, deadline: float) -> bool:
    """Read available output, waiting briefly. True if the process has ended and its output is complete.

    A grandchild may keep the pipes open: once the process has ended, it is enough that they are silent.
    """
    left = max(0.0, deadline - time.monotonic())
    if not selector.get_map():
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(left)
        return process.poll() is not None
    ended = process.poll() is not None
    ready = selector.select(0 if ended else min(POLL, left))
    for key, _ in ready:
        chunk = os.read(key.fd, CHUNK)
        key.data.extend(chunk)
        if not chunk:
            selector.unregister(key.fd)
    return ended and not ready


def _end(process: subprocess.Popen[bytes]) -> None:
    """Terminate what is left of the process group, first with SIGTERM, and close its pipes."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(MERCY)
    _signal(process, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(MERCY)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to the whole group; its leader may have ended already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
