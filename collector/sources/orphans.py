"""Kills descendants of a command that left its session on purpose (`setsid`, a daemon); Linux only.

The kernel reparents orphans to the nearest ancestor that asked for them (prctl(2), PR_SET_CHILD_SUBREAPER), which we do while a command
runs. So every child that is neither a running command nor older than the first one is an orphan of a command.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

SUBREAPER = 36
PATIENCE = 0.2
"""Seconds to wait for killed processes, since each may leave children of its own."""
PAUSE = 0.005
_lock = threading.Lock()
_running: set[int] = set()
_others: set[int] = set()


def parented(start: Callable[[], Popen[bytes]]) -> Popen[bytes]:
    """Start a command through `start`; its orphans are reparented to us until `gone` is called."""
    with _lock:
        if not _running:
            _others.clear()
            _others.update(_children())
            _ask_for_orphans(wanted=True)
        process = start()
        _running.add(process.pid)
    return process


def gone(process: Popen[bytes]) -> None:
    """A command has ended. The orphans are killed after the last one, since before that it is unknown whose they are."""
    with _lock:
        _running.discard(process.pid)
        if not _running:
            _end_orphans()
            _ask_for_orphans(wanted=False)


def end_all() -> None:
    """The run is over, although killed commands may not have ended yet."""
    with _lock:
        if _running:
            _end_orphans()


def _end_orphans() -> None:
    until = time.monotonic() + PATIENCE
    while (orphans := set(_children()) - _running - _others) and time.monotonic() < until:
        for pid in orphans:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)
        time.sleep(PAUSE)


def _children() -> Iterator[int]:
    """Return the children of all threads of this process; none if the kernel does not list them (CONFIG_PROC_CHILDREN)."""
    for file in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            yield from map(int, file.read_text().split())


def _ask_for_orphans(*, wanted: bool) -> None:
    """Become a subreaper. If that fails, children that leave their session are not found."""
    if sys.platform == "linux":
        with contextlib.suppress(ImportError, OSError, AttributeError):
            import ctypes  # noqa: PLC0415 - takes 10 ms, and most runs start no command

            ctypes.CDLL(None).prctl(SUBREAPER, int(wanted), 0, 0, 0)
