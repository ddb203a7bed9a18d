"""A system that gives fewer threads than were asked for: the run makes do with what there is."""

from __future__ import annotations

import threading

import pytest

from tests.hostile.run import call, cluster, diagnose, spec_path


@pytest.fixture
def most(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """As `ulimit -u` and `ulimit -v` have it: after so many workers there are no more."""
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
def test_one_thread_asks_everything_there_is_to_ask() -> None:
    ran = diagnose("healthy")
    assert ran.code == 0, ran.stderr
    assert {item["status"] for item in ran.report["items"]} == {"ok"}


@pytest.mark.parametrize("most", [0], indirect=True)
@pytest.mark.usefixtures("most")
def test_without_a_single_thread_that_is_told() -> None:
    with cluster("healthy") as (_proxy, environ):
        ran = call("diagnose", str(spec_path("navidrome")), environ=environ)
    assert (ran.code, ran.stdout) == (70, "")
    assert "this system gives no thread to ask with" in ran.stderr
