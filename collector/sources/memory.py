"""Returns the memory of large responses to the system."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

LARGE = 1 << 18
"""Response size in bytes that only large clusters reach."""
APART = 1 << 21
M_MMAP_THRESHOLD = -3
"""Source: glibc, malloc.h; mallopt(3)."""


def make_room_for(body: bytes) -> None:
    """Called with every response's body; changes the allocator's setting on the first large one."""
    if len(body) >= LARGE:
        _keep_large_blocks_apart()


@cache
def _keep_large_blocks_apart() -> None:
    """Let glibc return freed blocks of `APART` bytes and more to the system.

    By default, once such a block was freed, glibc keeps further ones in the heap of the thread that read them: a quarter of the peak with
    5,000 nodes (docs/benchmarks.md). Other C libraries have neither the call nor the problem.
    """
    import ctypes  # noqa: PLC0415 - slow to import, and only for large clusters

    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, APART)
