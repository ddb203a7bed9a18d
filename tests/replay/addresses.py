"""Replays a recording on its recorded addresses, for programs without proxy support.

On Linux all of 127.0.0.0/8 is local, so the recorded servers of 127.0.0.1, .6, .7 and .8 can listen there. Only one such replay can run at
a time; other tests use the forward proxy.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from collector.replay import Recording
from collector.replay.demo import write_command
from collector.replay.derive import unreachable
from collector.replay.match import Index
from collector.replay.proxy import Server, running


@contextlib.contextmanager
def served_on_its_addresses(recording: Recording) -> Iterator[dict[str, str]]:
    """Serve every recorded address that answered; yields a user's environment, with only its `nomad` on PATH."""
    index = Index(recording)
    answering = sorted({exchange.netloc for exchange in recording.http if not unreachable(index.at(exchange.netloc))})
    with contextlib.ExitStack() as stack:
        for netloc in answering:
            host, port = netloc.rsplit(":", 1)
            stack.enter_context(running(Server(index, (host, int(port)))))
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        write_command(recording, directory)
        yield {"NOMAD_ADDR": recording.base("nomad"), "CONSUL_HTTP_ADDR": recording.base("consul"), "PATH": str(directory)}
