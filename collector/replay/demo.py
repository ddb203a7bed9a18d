"""The environment that directs the collector to a recorded cluster."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from collector.replay.command import write_command
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
