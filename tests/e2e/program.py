"""The program as users call it, and modified recordings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from collector.replay import Recording, demo_environment
from collector.replay.recording import HttpExchange
from tests.e2e.incidents import SPEC, recording

EXIT_CODES = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}


def collector(*arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program with only the given environment."""
    root = str(Path(__file__).parents[2])
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": root, "LANG": "C.UTF-8", **(environ or {})}
    return subprocess.run(
        [sys.executable, "-m", "collector", *arguments], env=given, capture_output=True, text=True, timeout=120, check=False
    )


def diagnose(
    replayed: Recording, *arguments: str, environ: Mapping[str, str] | None = None, path: str = ""
) -> tuple[int, dict[str, Any], str]:
    """Return exit code, report and stderr of `collector diagnose -o json`."""
    with demo_environment(replayed, path=path or os.environ["PATH"]) as leading:
        done = collector("diagnose", SPEC, "-o", "json", *arguments, environ={**leading, **(environ or {})})
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def changed(name: str, change: Callable[[HttpExchange], HttpExchange]) -> Recording:
    """Return a recording with `change` applied to every HTTP answer."""
    original = recording(name)
    return replace(original, http=tuple(change(exchange) for exchange in original.http))


def refused(exchange: HttpExchange) -> HttpExchange:
    return replace(exchange, status=None, body="", error="URLError: <urlopen error [Errno 111] Connection refused>")


def forbidden(exchange: HttpExchange) -> HttpExchange:
    return replace(exchange, status=403, body="Permission denied")


def rows(report: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in report["nodes"]}


def collector_text(replayed: Recording) -> str:
    with demo_environment(replayed, path=os.environ["PATH"]) as leading:
        return collector("diagnose", SPEC, environ=leading).stdout
