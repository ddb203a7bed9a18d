"""Closed or full standard streams: the exit code is the collector's own, and the message tells the user what to fix."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from collector.replay import demo_environment
from tests.e2e.incidents import SPEC, recording

ROOT = Path(__file__).parents[2]
CLOSED = ("<&-", ">&-", "2>&-", "<&- >&- 2>&-")
CALLS = {
    "--version": 0,
    "diagnose --help": 0,
    f"lint {SPEC}": 0,
    "lint nowhere.yml": 64,
    "explain disk.full": 0,
    "schema report": 0,
    "completion bash": 0,
    "demo list": 0,
    "demo app-crash -q": 0,
    f"diagnose {SPEC}": 2,
    f"diagnose {SPEC} -o json --out {os.devnull}": 2,
    f"diagnose {SPEC} --check": 0,
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Mapping[str, str]]:
    """Return a critical cluster."""
    with demo_environment(recording("app-crash"), path=os.environ["PATH"]) as environ:
        yield environ


def called(arguments: str, streams: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the program as a shell does, with its streams; Python buffers them, as for users."""
    line = f'exec "{sys.executable}" -m collector {arguments} {streams}'
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **environ}
    return subprocess.run(["sh", "-c", line], env=given, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("streams", CLOSED)
@pytest.mark.parametrize(("arguments", "code"), CALLS.items(), ids=[call.replace(SPEC, "SPEC") for call in CALLS])
def test_a_closed_stream_changes_no_exit_code(arguments: str, code: int, streams: str, cluster: Mapping[str, str]) -> None:
    done = called(arguments, streams, cluster)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr


def test_what_is_written_with_a_closed_stdout_lands_in_no_other_file(cluster: Mapping[str, str], tmp_path: Path) -> None:
    bundle = tmp_path / "run.json"
    assert called(f"diagnose {SPEC} --bundle {bundle}", ">&-", cluster).returncode == 2
    assert called(f"analyze {bundle}", "", {}).returncode == 2


@pytest.mark.parametrize(
    "arguments", ["--version", "diagnose --help", f"lint {SPEC}", "explain", "explain disk.full", "schema report", "demo list", "demo -q"]
)
def test_a_full_stdout_is_reported_and_no_bug(arguments: str, tmp_path: Path) -> None:
    done = called(arguments, ">/dev/full", {"TMPDIR": str(tmp_path)})
    assert done.returncode == 70
    assert "No space left on device" in done.stderr
    assert "bug" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
@pytest.mark.parametrize("name", ["gr\u00fcn.yml", os.fsdecode(b"\xff.yml")], ids=["a letter beyond ASCII", "no UTF-8"])
def test_characters_missing_in_stdouts_encoding_become_question_marks(name: str, encoding: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("version: 1\nname: x\ncollect: [{nomad_nodez: {}}]\n")
    done = called(f"lint {tmp_path}/*.yml", "", {"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (78, "")
    assert 'did you mean "nomad_nodes"?' in done.stdout


@pytest.mark.parametrize(("arguments", "code"), [("lint nowhere.yml", 64), ("demo list", 0), (f"diagnose {SPEC}", 2)])
def test_a_full_stderr_changes_no_exit_code(arguments: str, code: int, cluster: Mapping[str, str]) -> None:
    assert called(arguments, "2>/dev/full", cluster).returncode == code


def test_whatever_is_raised_the_exit_code_is_not_pythons_own() -> None:
    code = "from collector import cli\ncli.main = lambda: (_ for _ in ()).throw(BaseException('x'))\ncli.run()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert done.returncode == 70
