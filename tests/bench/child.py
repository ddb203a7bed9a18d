"""Runs a child process and measures it through the operating system's accounting."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Run:
    """Wall-clock and processor seconds (user and system), peak memory in MB (10^6 bytes), exit code, and standard output."""

    wall: float
    cpu: float
    peak: float
    code: int
    output: str


def run(argv: Sequence[str], environ: Mapping[str, str], *, keep: bool = False) -> Run:
    """Run a program until it ends."""
    started = time.perf_counter()
    out = subprocess.PIPE if keep else subprocess.DEVNULL
    with subprocess.Popen(argv, env=dict(environ), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, text=True) as process:
        output = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6, process.returncode, output)


def in_turn(runs: int, *ways: Callable[[], Run]) -> list[list[Run]]:
    """Run each variant the given number of times, alternating (A B A B ...), after one warm-up run each."""
    rounds = [[way() for way in ways] for _ in range(runs + 1)]
    return [list(column) for column in zip(*rounds[1:], strict=True)]


def middle(runs: Sequence[Run], what: str = "wall") -> float:
    """Return the median of one figure."""
    return statistics.median(getattr(run, what) for run in runs)


def ratio(measured: Sequence[Run], yardstick: Sequence[Run]) -> float:
    """Return the median ratio of consecutive runs, since a temporary slowdown affects both."""
    return statistics.median(one.wall / other.wall for one, other in zip(measured, yardstick, strict=True))


@contextmanager
def serving(*argv: str) -> Iterator[str]:
    """Run one of our servers in a process of its own until the block ends; yields the address that it prints."""
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(10)
