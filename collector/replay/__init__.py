"""Replays a recorded cluster: over HTTP behind a forward proxy, and through a `nomad` on PATH.

    recording = Recording.load("incidents/app-crash.jsonl.gz")
    with demo_environment(recording) as environ: ...     # settings read from this environ lead to the recorded cluster

`recording` is the file format, `match` and `derive` choose the answer to a request, `proxy` serves HTTP, `command` is the `nomad`
executable, `demo` combines them. Everything listens on 127.0.0.1 only.
"""

from __future__ import annotations

from collector.replay.demo import demo_environment
from collector.replay.proxy import Replay, replay_server
from collector.replay.recording import ExecExchange, HttpExchange, Recording, recorded_meta

__all__ = ["ExecExchange", "HttpExchange", "Recording", "Replay", "demo_environment", "recorded_meta", "replay_server"]
