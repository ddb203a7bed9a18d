"""The time until the first action, compared with merely importing the SDKs and PyYAML at the same time."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.child import ROOT, Run, in_turn, middle, ratio, run
from tests.bench.growth import COLLECTOR, SPEC

BARE = (sys.executable, "-c", "import nomad, consul, yaml")


@dataclass(frozen=True, slots=True)
class Start:
    """One command: median wall-clock and processor seconds, and the median ratio to the bare import run next to it."""

    name: str
    wall: float
    cpu: float
    ratio: float


def first_request(argv: Sequence[str]) -> Run:
    """Return the time until the first bytes of a request arrive; the process is then killed."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "NOMAD_ADDR": address, "CONSUL_HTTP_ADDR": address}
        started = time.perf_counter()
        with subprocess.Popen(argv, env=environ, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
            connection, _ = server.accept()
            with connection:
                connection.recv(1)
                wall = time.perf_counter() - started
                process.kill()
                _, _, used = os.wait4(process.pid, 0)
                process.returncode = 0
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6, 0, "")


def starts(runs: int) -> list[Start]:
    """Measure `--version`, `lint` and the first request, alternating with the bare import."""
    names = ["`import nomad, consul, yaml`", "`collector --version`", "`collector lint SPEC`", "`collector diagnose SPEC`, first request"]
    columns = in_turn(
        runs,
        lambda: run(BARE, os.environ),
        lambda: run([*COLLECTOR, "--version"], os.environ),
        lambda: run([*COLLECTOR, "lint", str(SPEC)], os.environ),
        lambda: first_request([*COLLECTOR, "diagnose", str(SPEC)]),
    )
    return [Start(name, middle(ran), middle(ran, "cpu"), ratio(ran, columns[0])) for name, ran in zip(names, columns, strict=True)]
