"""Three recorded nodes with added latency, compared with a script that makes the same requests, and with the longest chain of answers."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from collector.replay import Recording, demo_environment
from collector.resources import incident
from tests.bench.child import in_turn, middle, run
from tests.bench.growth import COLLECTOR, SPEC
from tests.bench.rounds import chain

INCIDENTS = ("healthy", "app-crash")
LATENCIES = (0.0, 0.02, 0.1)


@dataclass(frozen=True, slots=True)
class Three:
    """Median wall-clock seconds of one incident at one latency; `chain` is the number of dependent answers.

    `offline` is the same report from a saved bundle: the cost of a run without requests, including start-up.
    """

    incident: str
    latency: float
    collector: float
    script: float
    offline: float
    calls: int
    chain: int
    commands: int

    def bound(self, start: float) -> float:
        """The lower bound of any run: start-up and the longest chain of answers."""
        return start + self.chain * self.latency


def three(runs: int) -> list[Three]:
    """Measure all incidents at all latencies."""
    return [_measured(name, latency, runs) for name in INCIDENTS for latency in LATENCIES]


def _measured(name: str, latency: float, runs: int) -> Three:
    recording = Recording.load(incident(name))
    rounds, commands = chain(recording)
    with demo_environment(recording, path=os.environ["PATH"], latency=latency) as environ, tempfile.TemporaryDirectory() as directory:
        script, bundle = Path(directory) / "script.sh", Path(directory) / "bundle.json"
        calls = list(_calls(environ, bundle))
        script.write_text("\n".join(_line(call, environ["COLLECTOR_PROXY"]) for call in calls) + "\n", "utf-8")
        ours, theirs, offline = in_turn(
            runs,
            lambda: run([*COLLECTOR, "diagnose", str(SPEC), "--deadline", "60s"], environ),
            lambda: run(["sh", str(script)], environ),
            lambda: run([*COLLECTOR, "analyze", str(bundle)], environ),
        )
    return Three(name, latency, middle(ours), middle(theirs), middle(offline), len(calls), rounds, commands)


def _calls(environ: Mapping[str, str], bundle: Path) -> Iterator[str]:
    """Return the collector's requests, from its own bundle."""
    run([*COLLECTOR, "diagnose", str(SPEC), "--deadline", "60s", "--bundle", str(bundle)], environ)
    for result in json.loads(bundle.read_bytes())["results"]:
        for attempt in result["attempts"]:
            yield from attempt["endpoints"]


def _line(call: str, proxy: str) -> str:
    """Return the call as typed by hand: `curl` for HTTP, `nomad` for commands."""
    method, _, url = call.partition(" ")
    if method != "GET":
        return f"{shlex.join(call.split())} > /dev/null 2>&1"
    return f"curl --silent --output /dev/null --proxy {shlex.quote(proxy)} {shlex.quote(url)}"
