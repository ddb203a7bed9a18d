"""What leaves a command's session on purpose (`setsid`, a daemon): on Linux it comes to us when its parent dies, and is killed then.

The kernel hands orphans to the nearest ancestor that asks for them (prctl(2), PR_SET_CHILD_SUBREAPER); we ask while a command runs. So all
our children that are neither a running command nor were there before are orphans of a command's. Elsewhere than on Linux nobody comes.
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
"""Seconds for those that were killed to be gone: each may leave children of its own behind."""
PAUSE = 0.005
_lock = threading.Lock()
_running: set[int] = set()
_others: set[int] = set()


def parented(start: Callable[[], Popen[bytes]]) -> Popen[bytes]:
    """The command that `start` starts; its orphans come to us until `gone` is told of its end."""
    with _lock:
        if not _running:
            _others.clear()
            _others.update(_children())
            _ask_for_orphans(wanted=True)
        process = start()
        _running.add(process.pid)
    return process


def gone(process: Popen[bytes]) -> None:
    """A command has ended. With the last one its orphans end too: while another one runs, nobody knows whose they are."""
    with _lock:
        _running.discard(process.pid)
        if not _running:
            _end_orphans()
            _ask_for_orphans(wanted=False)


def end_all() -> None:
    """The run is over, though commands that were killed may not be gone yet."""
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
    """Of all threads of this process; none where the kernel does not tell (CONFIG_PROC_CHILDREN)."""
    for told in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            yield from map(int, told.read_text().split())


def _ask_for_orphans(*, wanted: bool) -> None:
    """Where that is not possible, a child that leaves its session is not found."""
    if sys.platform == "linux":
        with contextlib.suppress(ImportError, OSError, AttributeError):
            import ctypes  # noqa: PLC0415 - takes 10 ms, and most runs start no command

            ctypes.CDLL(None).prctl(SUBREAPER, int(wanted), 0, 0, 0)
