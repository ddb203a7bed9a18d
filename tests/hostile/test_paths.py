"""Names of files that no file can have, and too little of what the system gives: told, and never a bug of the collector."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

from collector import pipeline
from tests.hostile.run import call, cluster, spec_path

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


def test_templates_that_are_not_there_are_told_before_anything_is_asked() -> None:
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
