"""Runs the program as a process, timed from outside; and finds what it left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.resources import spec_path

ROOT = Path(__file__).parents[2]
SPEC = str(spec_path("navidrome"))
DEADLINE = 2.0
"""Seconds that the runs of these tests are given."""
LATE = DEADLINE + 1.0
"""Seconds after which collecting must be over, whatever hangs: the promise of docs/reliability.md."""
HANGS = 20.0
"""Seconds after which such a run counts as hanging: starting takes a while on a busy machine, what hangs here does so for a minute."""

DYING = 2.0
"""Seconds after which a process that is still there was not killed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: `seconds` of the whole process, and processes left in the system."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    children: tuple[str, ...]
    files: tuple[str, ...]

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report."""
        document: dict[str, Any] = json.loads(self.stdout)
        return document

    def statuses(self, kind: str) -> list[str]:
        """Return the statuses of a kind's items."""
        return [item["status"] for item in self.report["items"] if item["kind"] == kind]


def run(
    *words: str,
    environ: Mapping[str, str],
    place: Path,
    until: Callable[[], bool] | None = None,
    sent: signal.Signals | None = None,
) -> Ended:
    """Run `collector WORDS...`; once `until` holds, send it a signal. `place` is an empty directory for temporary files and its marker."""
    marked = {**environ, "PATH": f"{environ.get('PATH', os.defpath)}{os.pathsep}{place}", "TMPDIR": str(place), "HOME": str(place)}
    started = time.monotonic()
    command = [sys.executable, "-m", "collector", *words]
    with subprocess.Popen(command, env=marked, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        if until and sent:
            _wait(until)
            process.send_signal(sent)
        try:
            stdout, stderr = process.communicate(timeout=HANGS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    seconds = time.monotonic() - started
    files = tuple(sorted(path.name for path in place.iterdir()))
    return Ended(process.returncode, stdout, stderr, seconds, _left_running(str(place)), files)


def diagnose(environ: Mapping[str, str], place: Path, *words: str, **more: Any) -> Ended:
    """Run `collector diagnose` on the shipped spec as JSON, with these tests' deadline."""
    return run("diagnose", SPEC, "-o", "json", "--deadline", f"{DEADLINE}s", *words, environ=environ, place=place, **more)


def _wait(until: Callable[[], bool]) -> None:
    ends = time.monotonic() + HANGS
    while not until():
        assert time.monotonic() < ends, "the run did not come so far"
        time.sleep(0.02)


def _left_running(mark: str) -> tuple[str, ...]:
    """Return live processes with that marker in their environment, giving killed ones a moment to die."""
    ends = time.monotonic() + DYING
    while (found := _running(mark)) and time.monotonic() < ends:
        time.sleep(0.02)
    return found


def _running(mark: str) -> tuple[str, ...]:
    """Return processes with that marker in their environment, which children inherit."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            environ = (directory / "environ").read_bytes()
            state = (directory / "stat").read_text().rpartition(")")[2].split()[0]
            command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended, or belongs to another user
        if mark.encode() in environ and state != "Z":
            found.append(command)
    return tuple(found)
