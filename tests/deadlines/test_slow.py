"""A slow server is still listed, within the deadline."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from collector.replay import HttpExchange, wire
from tests.deadlines.process import SPEC, run
from tests.deadlines.test_hangs import check_left
from tests.hostile.places import KINDS
from tests.hostile.proxy import Spoiler
from tests.hostile.run import cluster

SECONDS = 8.0
LISTS = ("nomad_job", "nomad_allocations", "nomad_nodes", "consul_checks")


def slowly(sock: socket.socket, recorded: HttpExchange) -> None:
    """Answer as recorded, with a delay."""
    time.sleep(SECONDS)
    sock.sendall(wire.recorded_answer(recorded, keep_alive=False))


def test_inventory_requests_may_take_eight_seconds_of_thirty(tmp_path: Path) -> None:
    lists = Spoiler(lambda ask: any(KINDS[kind](ask) for kind in LISTS), slowly)
    with cluster("healthy", lists) as (proxy, environ):
        ended = run("diagnose", SPEC, "-o", "json", "--deadline", "30s", environ=environ, place=tmp_path)
    check_left(ended)
    assert ended.code == 0
    assert {item["status"] for item in ended.report["items"]} == {"ok"}
    assert proxy.spoiled == len(ended.statuses("consul_checks")) + 3, "each was asked once"
    assert ended.report["duration_seconds"] > 2 * SECONDS, "the checks wait for the job"
