"""Processes and private file systems that represent machines.

Every machine is a mount namespace. The same path is a different directory on each, a fault such as a missing /dev/fuse is limited to its
machine, and mounts disappear with the last process of the namespace, whatever happens to its parent.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
PROC = Path("/proc")
MOST_BUSY = 10.0
"""What never comes must end a test some time, however busy the machine is."""


class Timeout(Exception):  # noqa: N818 - what was waited for did not come
    """What was waited for, and the last answer."""


def wait(what: str, question: Callable[[], T], seconds: float = 30.0) -> T:
    """Poll until the answer is true, and return it. OSError and ValueError count as false. Raises `Timeout`.

    `seconds` are for an idle machine; a busy one gets more, in proportion to its load per processor.
    """
    began, last = time.monotonic(), ""
    while True:
        try:
            answer = question()
            if answer:
                return answer
            last = repr(answer)
        except (OSError, ValueError) as error:
            last = f"{type(error).__name__}: {error}"
        if (waited := time.monotonic() - began) > seconds * busyness():
            raise Timeout(f"waited {waited:.0f} s for {what}; the last answer: {last}")
        time.sleep(0.05)


def busyness() -> float:
    """Return the present slowdown: the load per processor, between 1 and `MOST_BUSY`."""
    return min(MOST_BUSY, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


def start(argv: Sequence[str], log: Path, *, mortal: bool = False) -> subprocess.Popen[bytes]:
    """Start a program in its own session; its output is appended to `log`. A `mortal` one dies with its parent."""
    log.parent.mkdir(parents=True, exist_ok=True)
    words = ["setpriv", "--pdeathsig", "KILL", "--", *argv] if mortal else list(argv)
    with log.open("ab") as output:
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)


def send(pid: int, what: signal.Signals) -> None:
    """Send a signal to a process, if it exists."""
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return


def private(argv: Sequence[str], binds: Mapping[str, Path] | None = None, tmpfs: Mapping[str, str] | None = None) -> list[str]:
    """Return the command that runs `argv` in a new mount namespace.

    `binds` mounts a directory at a path, `tmpfs` a file system of that size.
    """
    steps = [shlex.join(["mount", "--bind", str(source), path]) for path, source in (binds or {}).items()]
    steps += [shlex.join(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path]) for path, size in (tmpfs or {}).items()]
    script = " && ".join([*steps, f"exec {shlex.join(argv)}"])
    return ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", script]


def within(pid: int, argv: Sequence[str]) -> list[str]:
    """Return the command that runs `argv` in the mount namespace of a process."""
    return ["nsenter", "--target", str(pid), "--mount", "--", *argv]


def namespace(pid: int) -> str:
    """Return the mount namespace of a process; empty if it is gone."""
    try:
        return str((PROC / str(pid) / "ns" / "mnt").readlink())
    except OSError:
        return ""


def foreign(pid: int) -> str:
    """Return the mount namespace of a process once it differs from ours; empty before, or if the process is gone."""
    place = namespace(pid)
    return "" if place == namespace(os.getpid()) else place


def inhabitants(place: str) -> Iterator[tuple[int, list[str]]]:
    """Return the processes of a mount namespace, with their command lines; excluding our own."""
    if not place or place == namespace(os.getpid()):
        return
    for entry in PROC.glob("[0-9]*"):
        if namespace(int(entry.name)) == place:
            try:
                yield int(entry.name), (entry / "cmdline").read_text(errors="replace").split("\0")
            except OSError:
                continue


def clear(place: str, home: Path) -> None:
    """Kill every process of a lab's mount namespace, including frozen ones; its mounts disappear with the last one.

    The kernel gives the number of a namespace that has ended to the next one, which may be another lab's: nothing there uses `home`.
    """
    wait(f"the processes of {place} to end", lambda: not _killed(place, home))


def _killed(place: str, home: Path) -> list[int]:
    pids = [pid for pid, _ in inhabitants(place)]
    if not any(uses(pid, home) for pid in pids):
        return []
    for pid in pids:
        send(pid, signal.SIGKILL)
    return [pid for pid in pids if not _is_zombie(pid)]


def uses(pid: int, home: Path) -> bool:
    """Whether a process was started with a path below this directory, or sees something mounted there."""
    try:
        started = (PROC / str(pid) / "cmdline").read_text(errors="replace")
    except OSError:
        return False
    return f"{home}/" in started or any(point.startswith(f"{home}/") for point in _mount_points(PROC / str(pid)))


def _is_zombie(pid: int) -> bool:
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def root(pid: int) -> Path:
    """Return the root of the file system as seen by that process."""
    return PROC / str(pid) / "root"


def is_mounted(path: str) -> bool:
    """Whether any process has something mounted at this path. Removing the directory would unmount it there, with no error (rmdir(2))."""
    return any(path in _mount_points(entry) for entry in PROC.glob("[0-9]*"))


def _mount_points(process: Path) -> set[str]:
    """Where a process sees file systems mounted; none of a process that is gone or whose list may not be read."""
    try:
        lines = (process / "mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return {line.split()[4] for line in lines}
