"""make and bin/collector with a stand-in for the installed collector: what they pass on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXIT_CODES = (0, 1, 2, 3, 64, 70, 78)


@pytest.fixture
def checkout(tmp_path):
    """Return a set-up checkout whose collector prints its arguments and exits with $CODE."""
    for name in ("Makefile", "bin", "requirements", "pyproject.toml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    collector = tmp_path / ".venv" / "bin" / "collector"
    collector.parent.mkdir(parents=True)
    collector.write_text('#!/bin/sh\necho "collector $*"\nexit $CODE\n')
    collector.chmod(0o755)
    (tmp_path / ".venv" / ".run-python3").touch()
    return tmp_path


def _run(checkout, *words, code=0, **more):
    environ = {"PATH": os.environ["PATH"], "CODE": str(code), **more}
    return subprocess.run(words, cwd=checkout, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("code", EXIT_CODES)
def test_the_launcher_leaves_with_the_collectors_own_exit_code(checkout, code):
    done = _run("/", str(checkout / "bin" / "collector"), "diagnose", "a spec.yml", code=code)
    assert (done.returncode, done.stdout) == (code, "collector diagnose a spec.yml\n")


def test_a_failing_setup_does_not_look_like_a_verdict(checkout):
    (checkout / ".venv" / ".run-python3").unlink()
    done = _run(checkout, "bin/collector", "diagnose", "spec.yml", PYTHON="no-such-python")
    assert done.returncode == 70
    assert "no-such-python is missing or older than Python 3.11" in done.stderr


@pytest.mark.parametrize("code", EXIT_CODES)
def test_make_diagnose_tells_ok_from_everything_else_and_writes_the_exact_code(checkout, code):
    done = _run(checkout, "make", "diagnose", "SPEC=my.yml", "ARGS=-o json", "STATUS=status", code=code)
    assert done.returncode == (2 if code else 0)
    assert done.stdout == "collector diagnose my.yml -o json\n"
    assert (checkout / "status").read_text() == f"{code}\n"
    assert (f"Error {code}" in done.stderr) == bool(code)


def test_make_demo_passes_the_incident_on(checkout):
    assert _run(checkout, "make", "demo", "INCIDENT=port-in-use").stdout == "collector demo port-in-use\n"


def test_what_is_set_up_is_not_set_up_again(checkout):
    assert "pip" not in _run(checkout, "make", "--dry-run", "demo").stdout
    os.utime(checkout / "requirements" / "run.txt", (2**32, 2**32))
    assert "requirements/run.txt" in _run(checkout, "make", "--dry-run", "demo").stdout


def test_another_python_is_another_set_up(checkout):
    assert "python3.99 -m venv" in _run(checkout, "make", "--dry-run", "demo", "PYTHON=python3.99").stdout


def test_help_names_every_target(checkout):
    phony = re.search(r"^\.PHONY: (.*)$", (checkout / "Makefile").read_text(), re.MULTILINE)[1].split()
    listed = re.findall(r"^make (\S+)", _run(checkout, "make").stdout, re.MULTILINE)
    assert sorted(listed) == sorted(phony)
    assert set(listed) >= {
        "demo",
        "diagnose",
        "test",
        "check",
        "lint",
        "bench",
        "accuracy",
        "lab",
        "lab-fault",
        "lab-down",
        "clean",
        "help",
    }


@pytest.mark.slow
def test_make_wheel_builds_it_with_the_locked_tool(checkout):
    for name in ("collector", "schemas", "templates", "specs", "incidents"):
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout / name)
    (checkout / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (checkout / ".venv" / "bin" / "python").chmod(0o755)
    (checkout / ".venv" / ".run-python3").touch()
    done = _run(checkout, "make", "wheel")
    assert done.returncode == 0, done.stderr
    (wheel,) = (checkout / "dist").iterdir()
    assert re.fullmatch(r"collector-[\d.]+-py3-none-any\.whl", wheel.name)
