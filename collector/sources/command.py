"""Runs commands inside a task with `nomad alloc exec`: no shell, no input, no token in arguments, limited output, and a deadline.

Nomad's command line exits with 1 for its own failures and otherwise with the command's exit code, so only its output distinguishes the two
(Nomad 2.0, command/alloc_exec.go).
"""

from __future__ import annotations

import os
import re
import shutil
from errno import EACCES, ENOENT, ENOEXEC
from pathlib import Path
from typing import Final

from collector.model import Exec, Reply, Status
from collector.redact import Redactor
from collector.settings import Settings
from collector.sources.process import Finished, Processes

CAP = 1 << 20
_ALLOC = re.compile(r"[0-9a-fA-F][0-9a-fA-F-]{0,35}")
_OWN_FAILURE: Final = re.compile(
    rb"\A(?:Error querying allocation:|Error initializing client:|Error fetching allocations:|No allocation\(s\) with prefix or id "
    rb"|Prefix matched multiple allocations|Could not find task named:|Could not find allocation task group:|Alloc ID must contain"
    rb"|A command is required|An allocation ID is required|Please specify the task)"
    rb"|^failed to exec into task: (?!.*executable file not found)",
    re.MULTILINE,
)
"""Nomad's messages for its own failures: before the command ran there is nothing else, afterwards they follow its output.

A missing program is the command's failure: drivers without containers report it like this, a container's runtime exits with 127.
"""
_DENIED: Final = re.compile(rb"Permission denied|\b40[13] \(|ACL token (?:not found|expired)", re.IGNORECASE)
_UNREACHABLE: Final = re.compile(
    rb"connection refused|No path to node|No node connection|no such host|i/o timeout|no route to host|network is unreachable"
    rb"|connection reset|Unknown node|deadline exceeded|EOF\b|No cluster leader",
    re.IGNORECASE,
)
NO_NOMAD: Final = "there is no `nomad` on PATH: install Nomad's command line where the collector runs, or do without what only it can see"
INSTALL: Final = "install Nomad's command line, of the cluster's version, where the collector runs"
_NOT_STARTED: Final = {
    ENOEXEC: f"it is made for another machine than this one ({os.uname().machine}), or is a script without its first line; {INSTALL}",
    ENOENT: f"its interpreter or loader is not there, as where it is made for another C library; {INSTALL}",
    EACCES: "the collector's user may not run it: look at its rights, and at whether its file system is mounted `noexec`",
}
"""What to do if the kernel refuses to start an existing program (execve(2))."""
_OTHER: Final = re.compile(rb"\AUsage: nomad |\Aflag provided but not defined: ")
"""Messages of a Nomad without `alloc exec`, or one of its options (command/meta.go); 0.9.2 was the first to have it."""


class NomadCommand:
    """Runs `nomad alloc exec`. Thread-safe."""

    def __init__(self, settings: Settings, redactor: Redactor) -> None:
        self._path = settings.path
        self._environment = settings.child_environment()
        self._namespace = settings.nomad.namespace or "default"
        self._redactor = redactor
        self._processes = Processes()

    def run(self, request: Exec, deadline: float) -> Reply:
        """Run a command in a task, until the monotonic time `deadline`."""
        arguments = self._arguments(request)
        endpoint = self._redactor.text(" ".join(["nomad", *arguments]))
        if not _ALLOC.fullmatch(request.alloc) or any("\0" in argument for argument in arguments):
            return self._reply(endpoint, Status.FAILED, "exec", f"{request.alloc!r} is no allocation ID, or an argument has a NUL in it")
        program = shutil.which("nomad", path=self._path)
        if program is None:
            return self._reply(endpoint, Status.MISSING_TOOL, "missing", _not_there(self._path))
        try:
            finished = self._processes.run([program, *arguments], self._environment, deadline, CAP)
        except OSError as error:
            return self._reply(endpoint, Status.MISSING_TOOL, "missing", _not_started(program, error))
        return self._judged(endpoint, finished)

    def close(self) -> None:
        """Kill running commands."""
        self._processes.close()

    def _arguments(self, request: Exec) -> list[str]:
        """The namespace is named only if the environment does not set it."""
        namespace = request.namespace or self._namespace
        named = [] if namespace == self._namespace else ["-namespace", namespace]
        return ["alloc", "exec", "-i=false", "-t=false", *named, "-task", request.task, request.alloc, *request.argv]

    def _judged(self, endpoint: str, finished: Finished) -> Reply:
        status, cause, reason = judged(finished)
        return Reply(
            endpoint,
            status,
            code=finished.code,
            body=finished.stdout,
            stderr=finished.stderr,
            cause=cause,
            reason=self._redactor.text(reason),
            truncated=finished.capped,
        )

    def _reply(self, endpoint: str, status: Status, cause: str, reason: str) -> Reply:
        return Reply(endpoint, status, cause=cause, reason=self._redactor.text(reason))


def _not_there(path: str) -> str:
    """Say why `nomad` cannot be run: it is missing, or not executable."""
    files = (Path(directory) / "nomad" for directory in path.split(os.pathsep) if directory)
    file = next((file for file in files if file.is_file()), None)
    return f"{file} is not executable: give it that right (`chmod +x {file}`), or {INSTALL}" if file else NO_NOMAD


def _not_started(program: str, error: OSError) -> str:
    advice = _NOT_STARTED.get(error.errno or 0)
    return f"{program} cannot be started: {error.strerror or error}" + (f"; {advice}" if advice else "")


def judged(finished: Finished) -> tuple[Status, str, str]:
    """Return status, cause and reason of a finished or killed `nomad alloc exec`."""
    if finished.late:
        return Status.TIMEOUT, "timeout", "the command did not end in time and was killed"
    if finished.capped:
        return Status.FAILED, "capped", f"the command printed more than {CAP} bytes and was killed"
    if finished.code == 0:
        return Status.OK, "", ""
    if finished.code in {1, 127} and (_OTHER.match(finished.stderr) or _OTHER.match(finished.stdout)):
        return Status.MISSING_TOOL, "missing", f"this `nomad` has no `alloc exec` as the collector asks it: {INSTALL}"
    own = _OWN_FAILURE.search(finished.stderr) if finished.code == 1 else None
    if own is None:
        return Status.FAILED, "", f"exit code {finished.code}{_first_line(finished.stderr or finished.stdout)}"
    words = finished.stderr[own.start() :]
    status = Status.DENIED if _DENIED.search(words) else Status.UNREACHABLE if _UNREACHABLE.search(words) else Status.FAILED
    return status, "exec", f"nomad alloc exec failed{_first_line(words)}"


def _first_line(output: bytes) -> str:
    """Return the first line of an output, to end a sentence."""
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return f": {lines[0][:300]}" if lines else ""
