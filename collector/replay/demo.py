"""The environment that directs the collector to a recorded cluster."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from collector.replay import command as program
from collector.replay.proxy import Replay, replay_server
from collector.replay.recording import Recording, netloc

VARIABLES = {"NOMAD_ADDR": "nomad", "CONSUL_HTTP_ADDR": "consul"}


@contextlib.contextmanager
def demo_environment(recording: Recording, *, path: str = "", latency: float = 0.0) -> Iterator[dict[str, str]]:
    """Replay a recording until the block ends; yields the environment variables to use (see `environment`)."""
    with tempfile.TemporaryDirectory(prefix="collector-replay-") as directory, replay_server(recording, latency=latency) as replay:
        yield environment(recording, replay, write_command(recording, Path(directory)), path)


def environment(recording: Recording, replay: Replay, command: Path, path: str = "") -> dict[str, str]:
    """Return the variables that lead to a running replay.

    `NOMAD_ADDR` and `CONSUL_HTTP_ADDR` (if the recording has one) are the recorded servers, `COLLECTOR_PROXY` is the way to them, and
    `PATH` has the replay's `nomad` before `path`. Plain HTTP throughout, since a recording contains no TLS handshake.
    """
    bases = {variable: recording.base(source) for variable, source in VARIABLES.items()}
    return {
        **{variable: _plain(base) for variable, base in bases.items() if base},
        "COLLECTOR_PROXY": replay.url,
        "PATH": os.pathsep.join(filter(None, [str(command.parent), path])),
    }


def _plain(base: str) -> str:
    return f"http://{netloc(base)}{urlsplit(base).path.rstrip('/')}"


def write_command(recording: Recording, directory: Path) -> Path:
    """Write a `nomad` that answers from the recording (command.py) into a directory and return its path."""
    names = ("alloc", "task", "argv", "rc", "stdout", "stderr")
    index = directory / "answers.json"
    index.write_text(json.dumps([{name: getattr(one, name) for name in names} for one in recording.execs]), encoding="utf-8")
    command = directory / "nomad"
    start = shlex.join([sys.executable, "-I", "-S", "-E", str(program.__file__), str(index)])
    command.write_text(f'#!/bin/sh\nexec {start} "$@"\n', encoding="utf-8")
    command.chmod(0o700)
    return command
