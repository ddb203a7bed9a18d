"""A run that is ended early delivers the report so far, with its own exit code, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from collector import cli, render
from tests.deadlines.process import HANGS, ROOT, Ended, diagnose
from tests.deadlines.test_hangs import ORPHANS, from_litefs
from tests.hostile.faults import silent
from tests.hostile.proxy import Spoiler
from tests.hostile.run import cluster

LONG = ("--deadline", "60s")
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _as_from_a_terminal() -> Iterator[None]:
    """Reset ignored signals, which processes in the background or under nohup pass on to their children."""
    before = {number: signal.signal(number, lambda *_: None) for number in ENDS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def check_left(ended: Ended) -> None:
    """Check that it ended at once and left nothing behind."""
    assert ended.seconds < HANGS
    assert not ended.children
    assert not ended.files
    assert not ended.stderr


@pytest.mark.parametrize("sent", ENDS)
@pytest.mark.parametrize(("incident", "code"), [("healthy", 3), ("app-crash", 2)])
def test_a_run_that_is_ended_early_reports_what_it_has(sent: signal.Signals, incident: str, code: int, tmp_path: Path) -> None:
    with cluster(incident, Spoiler(from_litefs, silent)) as (proxy, environ):
        ended = diagnose(environ, tmp_path, *LONG, until=lambda: proxy.spoiled > 0, sent=sent)
    check_left(ended)
    assert ended.code == code
    assert len(ended.report["nodes"]) == 3
    assert "interrupted" in {gap["reason"] for gap in ended.report["coverage"]["gaps"]}


@pytest.mark.parametrize(
    ("rest", "sent"),
    [
        pytest.param("touch {}; sleep 60", signal.SIGTERM, id="itself"),
        pytest.param(
            "setsid sh -c \"trap '' TERM; touch {}; sleep 60 & sleep 60\" & sleep 60", signal.SIGINT, id="its orphan", marks=ORPHANS
        ),
    ],
)
def test_a_command_that_runs_meanwhile_does_not_outlive_the_run(rest: str, sent: signal.Signals, tmp_path: Path) -> None:
    started, place = tmp_path / "started", tmp_path / "place"
    place.mkdir()
    stubborn = f"trap '' TERM; {rest.format(started)}; sleep 60"
    with cluster("healthy", Spoiler(from_litefs, lambda _sock, _recorded: None), command=stubborn) as (_proxy, environ):
        ended = diagnose(environ, place, *LONG, until=started.exists, sent=sent)
    check_left(ended)
    assert ended.code == 3


@pytest.mark.parametrize("sent", [None, signal.SIGINT])
def test_a_git_that_hangs_does_not_outlive_the_run(sent: signal.Signals | None, tmp_path: Path) -> None:
    started, place, programs = (tmp_path / name for name in ("started", "place", "bin"))
    place.mkdir()
    programs.mkdir()
    (programs / "git").write_text(f"#!/bin/sh\ntouch {started}\nexec sleep 60\n", "utf-8")
    (programs / "git").chmod(0o700)
    with cluster("healthy") as (_proxy, environ):
        found = {**environ, "PATH": f"{programs}{os.pathsep}{environ['PATH']}"}
        ended = diagnose(found, place, *LONG, until=started.exists, sent=sent)
    check_left(ended)
    assert ended.code in ({0} if sent is None else {0, 3})


def check_silent(program: str, code: int) -> None:
    """Run a program of its own, and check its exit code and that it says nothing."""
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=HANGS, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")


WITHIN = """\
import os, signal, time
from collector import cli
{}
def main():
    try:
        {}
        time.sleep(9)
    except KeyboardInterrupt:
        return cli.INTERRUPTED
cli.main = main
cli.run()
"""
"""A program that is interrupted within something of its own; what it defines, and what it does."""
DESTROYED = """\
class Destroyed:
    def __del__(self):
        raise KeyboardInterrupt
"""


def test_ctrl_c_while_something_is_destroyed_is_not_lost_and_no_traceback() -> None:
    check_silent(WITHIN.format(DESTROYED, "Destroyed()"), cli.INTERRUPTED)


NAMED = """\
class Named:
    def __set_name__(self, owner, name):
        os.kill(os.getpid(), signal.SIGINT)
"""


def test_ctrl_c_while_a_class_is_made_is_no_bug() -> None:
    """Dataclasses of modules that are imported while servers answer have such a method for each default."""
    check_silent(WITHIN.format(NAMED, "class Owner: named = Named()"), cli.INTERRUPTED)


IMPORTED = '''\
import _imp, os, signal, sys, threading, time
from collector import cli
RUNG = """
def rung(_frame, event, _value):
    if event == "line" and _imp.lock_held():
        os.kill(os.getpid(), signal.SIGINT)
    return rung
"""
exec(compile(RUNG, "<frozen importlib._bootstrap>", "exec"))  # as if it stood there
def ring(frame, event, _value):
    if event == "call" and frame.f_code.co_name == "_get_module_lock":
        return rung
def main():
    try:
        sys.settrace(ring)
        import colorsys
        sys.settrace(None)
        time.sleep(9)
    except KeyboardInterrupt:
        sys.settrace(None)
        other = threading.Thread(target=__import__, args=("zipapp",), daemon=True)
        other.start()
        other.join(5)
        return 1 if other.is_alive() else cli.INTERRUPTED
cli.main = main
cli.run()
'''


def test_ctrl_c_during_an_import_leaves_no_import_of_another_thread_waiting() -> None:
    check_silent(IMPORTED, cli.INTERRUPTED)


EARLY = """\
import os, signal, sys
from collector.__main__ import run
class Finder:
    def find_spec(self, name, *_more):
        if name == "collector.cli":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
run()
"""


def test_ctrl_c_before_anything_was_read_ends_silently() -> None:
    check_silent(EARLY, -signal.SIGINT)


def test_ctrl_c_while_rendering_is_no_verdict(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_args: object, **_more: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(render, "render", interrupted)
    assert cli.main(["demo", "healthy"]) == cli.INTERRUPTED
    assert capsys.readouterr().out == ""
