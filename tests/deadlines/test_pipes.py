"""A file that turns out to be a pipe without a peer takes no more time than any other unusable file."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from collector.commands import lint, reading
from tests.deadlines.process import DEADLINE, HANGS, LATE, diagnose, run
from tests.hostile.run import call, cluster

NOBODY = {"NOMAD_ADDR": "http://127.0.0.1:9", "CONSUL_HTTP_ADDR": "http://127.0.0.1:9"}
STARTING = 3.0
"""Seconds that the start of the process may take on a busy machine."""


@pytest.fixture
def pipe(tmp_path: Path) -> str:
    """Return a pipe without a reader or a writer."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return str(path)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return an empty directory."""
    path = tmp_path / "place"
    path.mkdir()
    return path


def test_a_spec_that_never_comes(pipe: str, place: Path) -> None:
    ended = run("diagnose", pipe, "--deadline", f"{DEADLINE}s", environ=NOBODY, place=place)
    assert (ended.code, ended.stdout, ended.children, ended.files) == (64, "", (), ())
    assert "is it a pipe without a writer?" in ended.stderr
    assert ended.seconds < LATE + STARTING


@pytest.mark.parametrize("variable", ["CONSUL_HTTP_TOKEN_FILE", "NOMAD_CACERT"])
def test_a_file_of_the_environment_that_never_comes(variable: str, pipe: str, place: Path) -> None:
    ended = diagnose({**NOBODY, "NOMAD_ADDR": "https://127.0.0.1:9", variable: pipe}, place)
    assert (ended.code, ended.stdout) == (64, "")
    assert ended.seconds < LATE + STARTING


@pytest.mark.parametrize(("words", "module"), [(["lint"], lint), (["analyze"], reading), (["diff", "/dev/null"], reading)])
def test_a_file_that_never_comes(words: list[str], module: object, pipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE", 1.0)
    words = [*words, pipe]
    ran = call(*words, environ={"PATH": os.defpath})
    assert (ran.code, ran.stdout) == (64, "")
    assert "nothing came within 1 s" in ran.stderr


@pytest.mark.parametrize("option", ["--bundle", "--out"])
def test_a_report_that_nobody_takes(option: str, pipe: str, place: Path) -> None:
    with cluster("healthy") as (_proxy, environ):
        ended = diagnose(environ, place, option, pipe)
    assert ended.code == 70
    assert f"{pipe}: No such device or address" in ended.stderr
    assert ended.seconds < HANGS / 2


@pytest.mark.parametrize("option", ["--bundle", "--out"])
def test_a_link_that_leads_to_itself(option: str, place: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(link)
    with cluster("healthy") as (_proxy, environ):
        ended = diagnose(environ, place, option, str(link))
    assert ended.code == 70
    assert f"{link}: Too many levels of symbolic links" in ended.stderr
    assert option == "--out" or ended.report["verdict"] == "ok"


def test_a_pipe_that_is_read_gets_the_report(pipe: str, place: Path) -> None:
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with cluster("healthy") as (_proxy, environ):
            ended = diagnose(environ, place, "--out", pipe, "-o", "nagios")
        assert ended.code == 0, ended.stderr
        assert os.read(reader, 9999).startswith(b"navidrome OK")
    finally:
        os.close(reader)


def test_kept_runs_that_are_pipes(place: Path, tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    with cluster("healthy") as (_proxy, environ):
        assert diagnose(environ, place, "--state", state).code == 0
        (kept,) = Path(state).glob("*/*.gz")
        os.mkfifo(kept.with_name("00000008-00000000.json.gz"))
        kept.with_name("00000009-00000000.json.gz").write_bytes(gzip.compress(bytes(1 << 28), 1))
        ended = diagnose(environ, place, "--state", state)
    assert ended.code == 0
    assert "00000008-00000000.json.gz is left out: it is a pipe" in ended.stderr
    assert "00000009-00000000.json.gz is left out: larger than" in ended.stderr
    assert ended.seconds < HANGS / 2
