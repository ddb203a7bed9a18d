"""README and the first steps: what they tell users to type exists, and so does what they point to."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from collector.arguments import parse

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "docs" / "getting-started.md"]


def _commands(program: str) -> list[str]:
    """Calls of a program in the documents' code blocks, comments and what comes before it on the line cut off."""
    blocks = [block for path in DOCUMENTS for block in re.findall(r"^```\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)]
    lines = [line for block in blocks for line in block.splitlines()]
    return [line[line.index(program) :] for line in lines if re.search(rf"(^|&& ){re.escape(program)} ", line)]


@pytest.mark.parametrize("command", _commands("bin/collector"))
def test_every_command_is_one_that_the_collector_takes(command):
    arguments = parse(shlex.split(command, comments=True)[1:])
    assert arguments.command


@pytest.mark.parametrize("command", _commands("make"))
def test_every_make_target_is_there(command):
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert shlex.split(command, comments=True)[1] in targets


@pytest.mark.parametrize("path", [*DOCUMENTS, ROOT / "docs" / "dependencies.md"], ids=lambda path: path.name)
def test_every_link_leads_to_a_file(path):
    links = re.findall(r"\]\((?!https?://)([^)#]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_readme_documents_every_exit_code():
    listed = set(re.findall(r"^\| (\d+) \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert listed == {"0", "1", "2", "3", "64", "70", "78"}
