"""One instance of the application: LiteFS on its node, restarted when it exits, as by Nomad."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.lab import machines
from tests.lab.layout import Machine

RESTART_DELAY = 0.3
AGE = 600.0
"""How long ago a first start was, as the fake Nomad tells it: no test can wait until its instances are past the time of grace."""


class Task:
    """A supervised process with Nomad's task states. `stop` ends it for good."""

    def __init__(self, node: Machine, argv: Sequence[str], home: Path) -> None:
        self.node, self.alloc = node, str(uuid.uuid4())
        self.log = home / f"{self.alloc}.stderr"
        self.restarts = 0
        self.started_at = self.last_restart = 0.0
        self.events: list[dict[str, Any]] = []
        self._argv = list(argv)
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The running process; None if there is none."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def signal(self, what: signal.Signals) -> None:
        """Send a signal to the running LiteFS."""
        assert self.pid, f"nothing runs on {self.node.name}"
        os.kill(self.pid, what)

    def stop(self, *, gently: bool = False) -> None:
        """Stop it, even if frozen, without a restart. `gently` lets LiteFS release its lease, which one that is still waiting cannot."""
        self._ended.set()
        if gently and self._process:
            self._process.terminate()
            self._process.wait(10)
        if self._process:
            self._process.kill()  # no effect if it has just exited
        self._thread.join(10)

    def retire(self) -> None:
        """Do not restart it when it exits."""
        self._ended.set()

    def _supervise(self) -> None:
        """The process dies with this thread's process (PR_SET_PDEATHSIG), so that a killed test run leaves none behind."""
        self._event("Received", "Task received by client")
        while True:
            self._process = machines.start(self._argv, self.log, mortal=True)
            self.started_at = time.time() - (0 if self.restarts else AGE)
            self._event("Started", "Task started by client")
            self._terminated(self._process.wait())
            if self._ended.wait(RESTART_DELAY):
                return
            self.restarts, self.last_restart = self.restarts + 1, time.time()

    def _terminated(self, code: int) -> None:
        """Return the exit code that Nomad, like a shell, uses for a process ended by a signal."""
        number = max(0, -code)
        exit_code = 128 + number if number else code
        text = f"Exit Code: {exit_code}" + (f", Signal: {number}" if number else "")
        self._event("Terminated", text, exit_code=str(exit_code), signal=str(number), oom_killed="false")
        if not self._ended.is_set():
            self._event("Restarting", f"Task restarting in {RESTART_DELAY}s", restart_reason="Restart within policy")

    def _event(self, kind: str, message: str, **details: str) -> None:
        self.events = [*self.events, {"Type": kind, "Time": int(time.time() * 1e9), "DisplayMessage": message, "Details": details}][-10:]
