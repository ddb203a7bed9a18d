"""Threads that hang, and a system that allows fewer threads: the run continues with what there is."""

from __future__ import annotations

import threading

import pytest

from collector.collect.workers import Job, Workers
from collector.model import Http, Reply, Request, Status
from tests.hostile.run import call, cluster, diagnose, spec_path


@pytest.fixture
def most(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Allow only this many threads, as `ulimit -u` and `ulimit -v` do."""
    left = [request.param]
    start = threading.Thread.start

    def limited(self: threading.Thread) -> None:
        if self.name.startswith("collector-"):
            if not left[0]:
                raise RuntimeError("can't start new thread")
            left[0] -= 1
        start(self)

    monkeypatch.setattr(threading.Thread, "start", limited)


@pytest.mark.parametrize("most", [1, 3], indirect=True)
@pytest.mark.usefixtures("most")
def test_a_single_thread_makes_all_requests() -> None:
    ran = diagnose("healthy")
    assert ran.code == 0, ran.stderr
    assert {item["status"] for item in ran.report["items"]} == {"ok"}


@pytest.mark.parametrize("most", [0], indirect=True)
@pytest.mark.usefixtures("most")
def test_without_any_thread_there_is_an_error() -> None:
    with cluster("healthy") as (_proxy, environ):
        ran = call("diagnose", str(spec_path("navidrome")), environ=environ)
    assert (ran.code, ran.stdout) == (70, "")
    assert "this system gives no thread to ask with" in ran.stderr


def test_a_hanging_worker_no_longer_counts_against_the_limit() -> None:
    hang, together = threading.Event(), threading.Barrier(2, timeout=2.0)

    def perform(request: Request, _deadline: float) -> Reply:
        assert isinstance(request, Http)
        if request.path == "hangs":
            hang.wait(10.0)
        else:
            together.wait()
        return Reply(request.path, Status.OK)

    workers = Workers(perform, 8)
    hanging = Job(Http("nomad", "hangs"), 0.0)
    workers.submit(hanging)
    workers.replace(hanging)
    workers.release()
    for _ in range(2):
        workers.submit(Job(Http("nomad", "meets the other"), 0.0))
    told = [workers.finished.get(timeout=5.0)[1] for _ in range(2)]
    hang.set()
    workers.close()
    assert [reply.status for reply in told if isinstance(reply, Reply)] == [Status.OK, Status.OK]
