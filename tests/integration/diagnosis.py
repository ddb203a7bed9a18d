"""Runs the collector on a cluster and reads its report."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab import machines

SPEC = Path(__file__).parents[2] / "specs" / "navidrome.yml"


@dataclass(frozen=True, slots=True, repr=False)
class Diagnosis:
    """The output of `collector diagnose -o json`."""

    code: int
    report: Mapping[str, Any]

    @property
    def verdict(self) -> str:
        return str(self.report["verdict"])

    @property
    def first(self) -> tuple[str, str | None]:
        """Code and node of the headline."""
        causes = self.report["root_causes"]
        return (causes[0]["code"], causes[0]["node"]) if causes else ("", None)

    @property
    def causes(self) -> set[tuple[str, str | None]]:
        """Code and node of every root cause."""
        return {(cause["code"], cause["node"]) for cause in self.report["root_causes"]}

    @property
    def evidence(self) -> str:
        """The headline's quotes."""
        return "\n".join(piece["quote"] for piece in self.report["root_causes"][0]["evidence"])

    def node(self, name: str) -> Mapping[str, Any]:
        """Return a node's row."""
        rows: dict[str, Mapping[str, Any]] = {row["name"]: row for row in self.report["nodes"]}
        return rows[name]

    def __repr__(self) -> str:
        """For failed assertions: what it found and what it could not see."""
        causes = [(cause["code"], cause["node"], cause["title"]) for cause in self.report["root_causes"]]
        return f"{self.verdict} {causes} gaps {self.report['coverage']['gaps']}"


def diagnose(variables: Mapping[str, str], environ: Mapping[str, str]) -> Diagnosis:
    """Run `collector diagnose -o json` as a process with exactly that environment."""
    words = [sys.executable, "-m", "collector", "diagnose", str(SPEC), "-o", "json", "-q"]
    extra = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
    ran = subprocess.run([*words, *extra], capture_output=True, text=True, env=dict(environ), timeout=60 * machines.busyness(), check=False)
    assert ran.stdout, f"no report, exit code {ran.returncode}: {ran.stderr}"
    return Diagnosis(ran.returncode, json.loads(ran.stdout))
