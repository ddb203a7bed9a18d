"""Names of files that no file can have, and too little of what the system gives: told, and never a bug of the collector."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from collector import pipeline
from collector.replay import recorded_meta
from tests.hostile.run import UNPRINTABLE, call, cluster, spec_path

LONG = "a" * 3000
NOBODY = {"PATH": os.defpath, "NOMAD_ADDR": "http://127.0.0.1:9", "CONSUL_HTTP_ADDR": "http://127.0.0.1:9"}
NAVIDROME = str(spec_path("navidrome"))


@pytest.mark.parametrize(
    "words",
    [
        ["demo", LONG],
        ["demo", "healthy", "--template-dir", LONG],
        ["diagnose", NAVIDROME, "--out", f"{LONG}/x"],
        ["diagnose", NAVIDROME, "--bundle", f"{LONG}/x"],
        ["diagnose", LONG],
        ["analyze", LONG],
        ["lint", LONG],
    ],
    ids=lambda words: " ".join(words)[:40],
)
def test_a_name_that_is_too_long_is_wrong_usage(words: list[str]) -> None:
    ran = call(*words, environ=NOBODY)
    assert (ran.code, ran.stdout) == (64, "")


def test_a_spec_whose_name_is_no_utf_8_is_in_its_bundle_all_the_same(tmp_path: Path) -> None:
    spec, saved = tmp_path / os.fsdecode(b"\xff.yml"), tmp_path / "run.gz"
    spec.write_bytes(Path(NAVIDROME).read_bytes())
    with cluster("healthy") as (_proxy, environ):
        ran = call("diagnose", str(spec), "-o", "json", "--bundle", str(saved), environ=environ)
    again = call("analyze", str(saved), "-o", "json", environ=NOBODY)
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.report["spec_file"] == again.report["spec_file"]


def test_a_variable_that_is_no_utf_8_is_wrong_usage() -> None:
    ran = call("diagnose", NAVIDROME, "-e", os.fsdecode(b"job=\xff"), environ=NOBODY)
    assert (ran.code, ran.stderr) == (64, "collector: -e job: its value is not UTF-8 text\n")


@pytest.mark.parametrize("words", [("--bundle", "run.json"), ()])
def test_a_limit_that_is_no_utf_8_is_wrong_usage(words: tuple[str, ...], tmp_path: Path) -> None:
    ran = call(
        "diagnose",
        NAVIDROME,
        "-l",
        os.fsdecode(b"n\xff"),
        *(str(tmp_path / word) if "." in word else word for word in words),
        environ=NOBODY,
    )
    assert (ran.code, ran.stderr) == (64, "collector: -l n?: is not UTF-8 text\n")


@pytest.mark.parametrize("command", ["lint", "diagnose", "analyze"])
def test_a_file_name_cannot_control_a_terminal(command: str, tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31m\x1b]0;x\x07\u202eb.yml"
    for there in (False, True):
        if there:
            file.write_text("x: [")
        ran = call(command, str(file), environ=NOBODY)
        assert ran.code in {64, 78}
        assert not UNPRINTABLE.search(ran.stdout + ran.stderr)


def test_too_few_open_files_are_reported_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> NoReturn:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("collector.commands.explain.explain", none_left)
    ran = call("explain", "disk.full", environ=NOBODY)
    assert ran.code == 70
    assert ran.stderr == "collector: too few files may be open: raise the limit of this process (`ulimit -n`, a unit's LimitNOFILE)\n"


@pytest.mark.parametrize("limit", [10, 16, 24])
def test_no_spec_is_blamed_for_too_few_open_files(limit: int) -> None:
    """Half way, with the recorded servers' sockets open, Jinja2 cannot be read from the disk, nor a schema."""
    words = [sys.executable, "-m", "collector", "demo", "-q"]
    ran = subprocess.run(
        ["sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout) == (70, "")
    assert ran.stderr == "collector: too few files may be open: raise the limit of this process (`ulimit -n`, a unit's LimitNOFILE)\n"


def test_variables_that_come_through_a_pipe_are_read_once(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"job: navidrome\n")
    os.close(writing)
    with cluster("healthy") as (_proxy, environ):
        ran = call("record", NAVIDROME, str(tmp_path / "r.gz"), "-e", f"@/dev/fd/{reading}", environ=environ)
    os.close(reading)
    assert ran.code == 0, ran.stderr
    assert recorded_meta(tmp_path / "r.gz")["vars"] == {"job": "navidrome"}


def test_a_bundle_that_comes_through_a_pipe_can_be_compared(tmp_path: Path) -> None:
    saved = tmp_path / "run.gz"
    with cluster("healthy") as (_proxy, environ):
        call("diagnose", NAVIDROME, "--bundle", str(saved), environ=environ)
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 1 << 20)
    os.write(writing, saved.read_bytes())
    os.close(writing)
    ran = call("diff", f"/dev/fd/{reading}", str(saved), environ=NOBODY)
    os.close(reading)
    assert (ran.code, ran.stderr) == (0, "")


def test_missing_templates_are_reported_before_the_first_request() -> None:
    with cluster("healthy") as (proxy, environ):
        ran = call("diagnose", NAVIDROME, "--template-dir", "nowhere", environ=environ)
        asked = list(proxy.replay.asked)
    assert (ran.code, ran.stderr) == (64, "collector: --template-dir nowhere: there is no such directory\n")
    assert not asked


def test_a_name_with_nul_in_it(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yml"
    spec.write_text('version: 1\nname: nul\ncollect:\n  - nomad_nodes: {}\nreport:\n  - file: {path: "a\\0b"}\n', "utf-8")
    ran = call("diagnose", str(spec), environ=NOBODY)
    assert (ran.code, ran.stdout) == (64, "")
    assert "no file's name has a NUL in it" in ran.stderr


def test_too_little_memory_is_no_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_more: object) -> NoReturn:
        raise MemoryError

    monkeypatch.setattr(pipeline, "collect", full)
    with cluster("healthy") as (_proxy, environ):
        ran = call("diagnose", NAVIDROME, environ=environ)
    assert (ran.code, ran.stdout) == (70, "")
    assert "there is not enough memory" in ran.stderr
    assert "bug" not in ran.stderr
