"""A command run beside a recorded cluster, as docs/development.md tells contributors."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from collector.resources import incident
from tests.replay.__main__ import main

DIAGNOSE = [sys.executable, "-m", "collector", "diagnose", "specs/navidrome.yml", "-q"]


def test_a_command_sees_the_recorded_cluster_and_its_exit_code_is_ours(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["app-crash", *DIAGNOSE]) == 2
    assert "odroid8" in capfd.readouterr().out


@pytest.mark.parametrize("words", [[], ["app-crash"], ["no-such-incident", "true"]])
def test_what_cannot_be_run_is_wrong_usage(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 64
    said = capfd.readouterr()
    assert said.out == ""
    assert ("usage: python -m tests.replay INCIDENT COMMAND..." in said.err) == (len(words) < 2)


def test_a_file_is_as_good_as_a_name(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    copy = tmp_path / "mine.jsonl.gz"
    copy.write_bytes(incident("healthy").read_bytes())
    assert main([str(copy), *DIAGNOSE]) == 0
    assert "all well" in capfd.readouterr().out
