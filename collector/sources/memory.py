"""Returns the memory of large answers to the system."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

LARGE = 1 << 18
"""Bytes of an answer that only large clusters give."""
APART = 1 << 21
M_MMAP_THRESHOLD = -3
"""Source: glibc, malloc.h; mallopt(3)."""


def make_room_for(body: bytes) -> None:
    """Called with every answer's body; changes the process only once there is a large one."""
    if len(body) >= LARGE:
        _keep_large_blocks_apart()


@cache
def _keep_large_blocks_apart() -> None:
    """Let blocks of `APART` bytes and more go back to the system when they are freed.

    By itself glibc keeps blocks of any size that was freed once in the heap of the thread that read it, which is a quarter of the peak with
    5,000 nodes (docs/benchmarks.md). Other C libraries have no such call, and no such habit.
    """
    import ctypes  # noqa: PLC0415 - slow to import, and for large clusters alone

    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, APART)
