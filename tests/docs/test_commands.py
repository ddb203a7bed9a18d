"""Commands in the documents work: the program accepts every call, and those that need only a cluster are run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector import cli
from collector.cli.arguments import build_parser, parse, subparsers
from collector.cli.epilogs import EXAMPLES
from collector.replay import demo_environment
from collector.resources import incident
from tests.docs.documents import ROOT, Call, calls
from tests.e2e.incidents import recording

PLACEHOLDER = re.compile(r"(?<![\w/-])[A-Z]{3,}(?![\w.=-])|\.\.\.")
ELSEWHERE = re.compile(r"\s(/|--mail-to|specs/mine)")
VERDICTS = {0, 1, 2, 3}
COLLECTOR = calls("collector")
MAKE = calls("make")


def words(call: Call) -> list[str]:
    return shlex.split(call.line)[1:]


def runs_here(call: Call) -> bool:
    """True if it names no path, mail server or spec of the reader's own."""
    return not ELSEWHERE.search(call.line) and not PLACEHOLDER.search(call.line)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the files that the documents mention: specs, a kept run, a recording, two reports."""
    place = tmp_path_factory.mktemp("desk")
    shutil.copytree(ROOT / "specs", place / "specs")
    shutil.copy(incident("app-crash"), place / "incident.jsonl.gz")
    (place / "wiki.yml").write_text("job: navidrome\nlitefs_port: 20202\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch, demo_environment(recording("app-crash"), path=os.environ["PATH"]) as environ:
        patch.chdir(place)
        for name, value in environ.items():
            patch.setenv(name, value)
        assert cli.main(["diagnose", "specs/navidrome.yml", "--bundle", "run.gz", "--out", "report.txt"]) == 2
    for name in ("yesterday.gz", "today.gz"):
        shutil.copy(place / "run.gz", place / name)
    return place


@pytest.fixture
def at_the_desk(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run there, with a cluster to query."""
    monkeypatch.chdir(desk)
    with demo_environment(recording("app-crash"), path=os.environ["PATH"]) as environ:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield


@pytest.mark.parametrize("call", COLLECTOR, ids=str)
def test_every_call_is_one_that_the_collector_takes(call: Call) -> None:
    arguments = [word for word in words(call) if word != "..."]
    assert arguments in (["--version"], ["--help"]) or parse(arguments).command


@pytest.mark.parametrize("call", [call for call in COLLECTOR if runs_here(call)], ids=str)
def test_every_call_that_needs_only_a_cluster_runs(call: Call, at_the_desk: None, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = words(call)
    code = cli.main(arguments)
    out, err = capsys.readouterr()
    assert code in (VERDICTS if arguments[0] in {"diagnose", "analyze"} else {0}), err
    assert out or "--out" in arguments or arguments[0] == "record"


@pytest.mark.parametrize("call", MAKE, ids=str)
def test_every_make_target_and_variable_is_there(call: Call) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    *before, target = [word for word in words(call) if "=" not in word]
    given = [word.split("=")[0] for word in words(call) if "=" in word]
    assert before == []
    assert target == "..." or re.search(rf"^{target}:.*## ", makefile, re.MULTILINE)
    assert [name for name in given if not re.search(rf"^{name} +\?=", makefile, re.MULTILINE)] == []


@pytest.mark.parametrize("call", MAKE, ids=str)
def test_make_knows_what_to_do_for_it(call: Call) -> None:
    done = subprocess.run(
        ["make", "--dry-run", *(word for word in words(call) if word != "...")], cwd=ROOT, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def examples() -> list[tuple[str, str]]:
    """Return command -> calls in its help, without their description."""
    found = re.compile(r"^  (?:source <\()?(collector .+?)(?= {2}|\)| >|$)", re.MULTILINE)
    return [(command, line) for command, text in EXAMPLES.items() for line in found.findall(re.sub(r"\\\n +", "", text))]


@pytest.mark.parametrize(("command", "line"), examples())
def test_every_example_in_the_help_is_a_call_of_its_command(command: str, line: str) -> None:
    assert parse(shlex.split(line)[1:]).command == command or command == ""


@pytest.mark.parametrize("command", ["", *subparsers(build_parser())])
def test_help_teaches_and_fits_80_columns(command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.main([*command.split(), "--help"]) == 0
    text = capsys.readouterr().out
    assert [line for line in text.splitlines() if len(line) > 80] == []
    assert f"\nexamples:\n  {'source <(' if command == 'completion' else ''}collector {command}".rstrip() in text
    assert "\nexit codes:\n" in text
