"""The scripts of `collector completion`, run in their shells."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from collector.cli.arguments import SHELLS

ROOT = Path(__file__).parents[2]
ASKED = {
    "collector ": {"diagnose", "explain", "completion"},
    "collector expl": {"explain"},
    "collector explain litefs.lease.un": {"litefs.lease.unreachable"},
    "collector demo port": {"port-in-use"},
    "collector schema repo": {"report"},
    "collector diagnose --mail-when prob": {"problem"},
    "collector diagnose READ": {"README.md"},
    "collector diagnose specs/navidrome.yml --state incid": {"incidents"},
}
BASH = """
source /dev/stdin
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
$(complete -p collector | sed -E 's/.*-F ([^ ]+).*/\\1/')
printf '%s\\n' "${COMPREPLY[@]}"
"""


@cache
def script(shell: str) -> str:
    words = [sys.executable, "-m", "collector", "completion", shell]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def ask(shell: str, *words: str) -> str:
    """Return the output of a shell that read the script from standard input."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    return subprocess.run([shell, *words], input=script(shell), cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("line", "offered"), ASKED.items(), ids=ASKED)
def test_bash_offers_what_can_follow(line: str, offered: set[str]) -> None:
    assert offered <= set(ask("bash", "-c", BASH, "bash", *line.split(" ")).split())


@pytest.mark.parametrize(("line", "offered"), ASKED.items(), ids=ASKED)
def test_fish_offers_what_can_follow(line: str, offered: set[str]) -> None:
    told = ask("fish", "--no-config", "-c", f"source; complete --do-complete '{line}'")
    assert offered <= {one.split("\t")[0].rstrip("/").split("/")[-1] for one in told.splitlines()}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_one_that_its_shell_can_read(shell: str) -> None:
    ask(shell, "-n")
