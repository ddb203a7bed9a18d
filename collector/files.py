"""Atomic file writes: a reader sees either the old content or the new."""

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
"""Time limit in seconds for a reader, if the file is a pipe or a device."""


def write_atomic(path: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Replace the content of `path` in one step that survives a crash; raise OSError, leaving nothing behind, if that fails.

    Symbolic links are followed. A special file (terminal, pipe) cannot be replaced and is written to.
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
    """Resolve symbolic links; OSError for a loop."""
    with suppress(RuntimeError):  # raised up to Python 3.12; from 3.13 on, resolve() returns the looping link
        end = path.resolve()
        if not end.is_symlink():
            return end
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _write_into(path: Path, content: bytes) -> None:
    """Write to a pipe or device; OSError if there is no reader."""
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
    """Make the rename durable. Some file systems (network, FUSE) refuse fsync on a directory; then their own guarantees apply."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
