"""deploy/Dockerfile without Docker: its context is complete, suffices for the wheel, and all installed packages are locked."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text().replace("\\\n", "")
IGNORE = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
COPIED = [source for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE) for source in line.split()[:-1]]
STAGES = DOCKERFILE.split("\nFROM ")


def let_through(path: str) -> bool:
    """Apply .dockerignore: the last matching line wins, as in Docker; an exception for a directory includes its content."""
    kept = True
    for line in IGNORE:
        pattern = line.removeprefix("!").removeprefix("**/")
        if fnmatch(path, pattern) or path.startswith(f"{pattern}/") or (line.startswith("**/") and pattern in path.split("/")):
            kept = line.startswith("!")
    return kept


@pytest.mark.parametrize("source", COPIED)
def test_what_is_copied_is_there_and_let_through(source):
    assert (ROOT / source).exists()
    assert let_through(source)


@pytest.mark.parametrize("path", [".git", ".venv", ".cache", "tests", "docs", "dist", "collector/__pycache__/cli.cpython-312.pyc"])
def test_what_the_image_does_not_need_is_not_sent(path):
    assert not let_through(path)


@pytest.mark.parametrize("call", re.findall(r"pip .*?install [^&\n]*", DOCKERFILE))
def test_all_that_is_installed_is_locked_or_the_wheel(call):
    assert "--no-deps" in call
    assert "--require-hashes -r requirements/" in call or call.split()[-2:] == ["--no-index", "/wheel/*.whl"]


def test_the_last_stage_takes_the_environment_alone():
    assert re.findall(r"^COPY (.*)$", STAGES[-1], re.MULTILINE) == [
        "--from=nomad /bin/nomad /usr/local/bin/nomad",
        "--from=build /opt/collector /opt/collector",
    ]
    assert "RUN" not in STAGES[-1]


@pytest.mark.slow
def test_what_is_copied_makes_the_whole_wheel(tmp_path):
    for source in COPIED:
        there = ROOT / source
        (shutil.copytree if there.is_dir() else shutil.copy)(there, tmp_path / source)
    names = []
    for place in (ROOT, tmp_path):
        words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "wheel" / place.name)]
        done = subprocess.run(words, cwd=place, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        (wheel,) = (tmp_path / "wheel" / place.name).glob("*.whl")
        names.append({name for name in zipfile.ZipFile(wheel).namelist() if "__pycache__" not in name})
    assert names[0] == names[1]
