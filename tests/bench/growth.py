"""Runs on fleets of growing size: whole processes, and the requests that the servers received."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.child import ROOT, Run, middle, run, serving
from tests.bench.fleet import SICK_EVERY

SPEC = ROOT / "specs" / "navidrome.yml"
COLLECTOR = (sys.executable, "-m", "collector")
CRITICAL = 2
LATER = "/v1/client/fs/ls/"
"""Asked since the incident was recorded: when a log was written, where a write failed once and no line tells when."""
NOMAD = """\
#!/bin/sh
echo "$*" >> "$0.calls"
echo 'failed to exec into task: the task is not running' >&2
exit 1
"""
"""In place of Nomad's command line: the sick task is not running, and a healthy node is never asked this way."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run and the number of commands it started."""

    run: Run
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Size:
    """The medians for one fleet, and the processor seconds of the stages after collecting."""

    nodes: int
    wall: float
    cpu: float
    peak: float
    calls: int
    of_healthy: int
    commands: int
    most: int
    most_of_one: int
    stages: dict[str, float]


def measured(proxy: str, *words: str, keep: bool = False) -> Measured:
    """Run `collector diagnose` on the fleet behind a proxy; its output is kept on request."""
    with tempfile.TemporaryDirectory() as directory:
        nomad = Path(directory) / "nomad"
        nomad.write_text(NOMAD, "utf-8")
        nomad.chmod(0o700)
        environ = {
            "PATH": f"{directory}{os.pathsep}{os.environ['PATH']}",
            "HOME": directory,
            "NOMAD_ADDR": "http://127.0.0.1:4646",
            "CONSUL_HTTP_ADDR": "http://127.0.0.1:8500",
            "COLLECTOR_PROXY": proxy,
        }
        ran = run([*COLLECTOR, "diagnose", str(SPEC), "--deadline", "120s", *words], environ, keep=keep)
        calls = Path(f"{nomad}.calls")
        return Measured(ran, tuple(calls.read_text("utf-8").splitlines()) if calls.exists() else ())


def counts(proxy: str) -> dict[str, Any]:
    """Return the number of requests to the fleet's proxy so far."""
    with urllib.request.urlopen(f"{proxy}/counts", timeout=30) as answer:
        document: dict[str, Any] = json.load(answer)
    return document


def grown(nodes: int, latency: float, runs: int) -> Size:
    """Measure one size, with an additional run for the counts and the stages."""
    with serving(sys.executable, "-m", "tests.bench.server", str(nodes), str(latency)) as proxy, tempfile.TemporaryDirectory() as directory:
        bundle = Path(directory) / "bundle.json"
        first = measured(proxy, "--bundle", str(bundle))
        asked = counts(proxy)
        unknown = [one for one in asked["unknown"] if LATER not in one]
        if unknown or first.run.code != (CRITICAL if nodes > SICK_EVERY else 0):
            raise SystemExit(f"{nodes} nodes: exit code {first.run.code} (a busy machine?), not in the fleet: {unknown[:3]}")
        stages = json.loads(run([sys.executable, "-m", "tests.bench.stages", str(bundle)], os.environ, keep=True).output)
        ran = [measured(proxy).run for _ in range(runs)]
    return Size(
        nodes,
        middle(ran),
        middle(ran, "cpu"),
        middle(ran, "peak"),
        asked["calls"],
        max(asked["of_healthy"].values()),
        len(first.commands),
        asked["most"],
        asked["most_of_one"],
        stages,
    )
