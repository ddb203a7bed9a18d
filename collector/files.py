"""Atomic files: a reader sees either the old content or the new, never half of it."""

from __future__ import annotations

import errno
import os
import secrets
import select
import time
from contextlib import suppress
from pathlib import Path

PRIVATE = 0o600
PATIENCE = 5.0
"""Seconds for who reads from a pipe or a device that a file's name turns out to be."""


def write_atomic(path: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Replace `path` by `content` in one step that survives a crash; OSError when it cannot be done, and then nothing is left behind.

    A link is followed. What is no regular file (a terminal, a pipe) cannot be replaced and is written to.
    """
    if path.exists() and not path.is_file():
        _write_into(path, content)
        return
    path = _followed(path)
    temporary = path.with_name(f".{path.name[:200]}.{secrets.token_hex(6)}.tmp")
    try:
        _write_new(temporary, content, mode)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_directory(path.parent)


def _followed(path: Path) -> Path:
    """Where a link leads; OSError where it leads to itself."""
    with suppress(RuntimeError):  # up to Python 3.12; from 3.13 on such a link is what it leads to
        end = path.resolve()
        if not end.is_symlink():
            return end
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _write_into(path: Path, content: bytes) -> None:
    """Into a pipe or a device; OSError where nobody takes it."""
    until = time.monotonic() + PATIENCE
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        left = memoryview(content)
        while left:
            if not select.select([], [descriptor], [], max(0.0, until - time.monotonic()))[1]:
                raise TimeoutError(errno.ETIMEDOUT, f"nothing read it within {PATIENCE:g} s")
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)


def _write_new(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    """Make the rename itself durable; some file systems (network, FUSE) refuse, and then it is as durable as they make it."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
