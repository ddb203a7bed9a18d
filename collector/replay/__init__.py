"""A recorded cluster that answers again: over HTTP behind a forward proxy, and through a `nomad` on PATH.

    recording = Recording.load("incidents/app-crash.jsonl.gz")
    with demo_environment(recording) as environ: ...     # settings resolved from this environ see the recorded cluster

`recording` is the file format, `match` and `derive` decide what a request is answered with, `proxy` speaks HTTP, `command` is the
`nomad` executable, `demo` puts them together. Everything listens on 127.0.0.1 only.
"""

from __future__ import annotations

from collector.replay.demo import demo_environment
from collector.replay.proxy import Replay, replay_server
from collector.replay.recording import ExecExchange, HttpExchange, Recording, recorded_meta

__all__ = ["ExecExchange", "HttpExchange", "Recording", "Replay", "demo_environment", "recorded_meta", "replay_server"]
