"""Bundles and recordings from someone else: no path, size or type in them is trusted."""

from __future__ import annotations

import contextlib
import gzip
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.errors import SpecError
from collector.render import FORMATS
from collector.replay import Recording
from collector.resources import incident
from tests.hostile.faults import ANSI, BIDI, MARKUP, TEMPLATE
from tests.hostile.mutate import Step, changed, mutations, paths
from tests.hostile.run import BUGS, UNPRINTABLE, VERDICTS, Run, again, call, diagnose

FORMS = tuple(FORMATS)
REFUSED = 78


@cache
def bundle(name: str = "app-crash") -> dict[str, Any]:
    """Return a bundle of a recorded incident."""
    document: dict[str, Any] = json.loads(diagnose(name).files["bundle.json"])
    return document


def check_judged(run: Run) -> None:
    """Check for a report, or a rejection that says where the file is wrong."""
    assert run.code in {*VERDICTS.values(), REFUSED}, run.stderr
    assert not BUGS.search(run.stderr), run.stderr
    assert (run.code == REFUSED) == (not run.stdout)
    assert not UNPRINTABLE.search(run.stderr)
    assert len(run.stderr) < 100_000


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
@given(data=st.data())
def test_a_mutated_bundle_is_refused_or_reported_on(data: st.DataObject) -> None:
    document = bundle()
    steps: list[Step] = data.draw(mutations(paths(document)))
    check_judged(again(json.dumps(changed(document, steps)).encode(), "-o", data.draw(st.sampled_from(FORMS)), "-v", "-v"))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(content: bytes) -> None:
    check_judged(again(content, "-o", "text"))
    check_judged(again(gzip.compress(content), "-o", "text"))


HOSTILE = {
    "deep": b"[" * 200_000,
    "a gzip bomb": gzip.compress(b"[" * (1 << 20) * 64, 1),
    "gzip cut short": gzip.compress(b"{}")[:-5],
    "NaN": b'{"format": NaN}',
    "a huge number": b'{"format": 1' + b"0" * 5000 + b"}",
    "UTF-16": "{}".encode("utf-16"),
    "lone surrogates": b'{"\\ud800": "\\udfff"}',
    "another format": b'{"format": 99}',
    "a format that is a text": b'{"format": "\\u001b[31m"}',
    "keys twice": b'{"format": 1, "format": 1}',
    "a report": b'{"schema_version": 1}',
    "empty": b"",
    "null": b"null",
}


def test_a_report_in_place_of_a_bundle_is_told_as_that() -> None:
    run = again(HOSTILE["a report"], "-o", "text")
    assert "is a report, which `collector diff` reads and nothing else" in run.stderr
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_bundle_is_refused_with_its_name(name: str) -> None:
    run = again(HOSTILE[name], "-o", "text")
    check_judged(run)
    assert run.code == REFUSED
    assert "bundle.json" in run.stderr


@pytest.mark.parametrize("text", [ANSI, BIDI, MARKUP, TEMPLATE, "x\r\nX-Evil: 1", "../../../etc/passwd", "A" * 200_000], ids=repr)
@pytest.mark.parametrize("form", FORMS)
def test_names_in_a_bundle_stay_text(text: str, form: str) -> None:
    document = {**bundle(), "version": text, "endpoints": {text: text}}
    document["spec"] = {**document["spec"], "name": text, "path": text, "commit": text}
    run = again(json.dumps(document).encode(), "-o", form, "-v", "-v")
    check_judged(run)
    assert not UNPRINTABLE.search(run.stdout)
    assert "<script>alert" not in run.stdout or form not in {"html", "markdown", "junit"}


@pytest.mark.parametrize("name", ["../../escaped", "/escaped", "a/b", "\x00", "..", "a" * 300, "\ud800"])
def test_a_specs_name_chooses_no_file(name: str, tmp_path: Path) -> None:
    """The state of earlier runs is kept under the spec's name."""
    document = {**bundle(), "spec": {**bundle()["spec"], "name": name}}
    path, state = tmp_path / "inside" / "bundle.json", tmp_path / "inside" / "state"
    path.parent.mkdir()
    path.write_text(json.dumps(document))
    run = call("analyze", str(path), "--state", str(state), environ={"PATH": ""})
    check_judged(run)
    assert {entry.name for entry in tmp_path.iterdir()} == {"inside"}
    assert {entry.name for entry in path.parent.iterdir()} <= {"bundle.json", "state"}


RULE = {"code": "x.y", "summary": "s", "scope": "cluster", "severity": "critical", "title": "t"}


@pytest.mark.parametrize(
    "rule",
    [
        {**RULE, "when": {"see": "cluster", "where": {"x": {"matches": "("}}}},
        {**RULE, "when": {"see": "nothing", "where": {}}},
        {**RULE, "title": "{x.__class__}{0}{", "when": {"see": "instance"}},
        {**RULE, "title": "{{ 7131*7 }}", "when": {"see": "instance"}},
        {**RULE, "title": "{node!r:>9999999999}", "when": {"see": "instance"}},
        {**RULE, "when": {"all": []}},
        {**RULE, "code": ANSI, "when": {"see": "instance"}},
        {**RULE, "commands": [{"change": "rm -rf / {node}"}], "when": {"see": "instance"}},
        {},
        {"code": None},
    ],
)
def test_rules_in_a_bundle_are_checked_like_those_of_a_spec(rule: dict[str, Any]) -> None:
    run = again(json.dumps({**bundle(), "rules": [rule]}).encode(), "-o", "text", "-v")
    check_judged(run)
    assert "49917" not in run.stdout


SLOW_RULE = {**RULE, "when": {"see": "log", "where": {"text": {"matches": "(.*.*)*=(.*.*)*#$"}}}}


def test_a_pattern_in_a_bundle_cannot_hold_the_analysis_up() -> None:
    run = again(json.dumps({**bundle(), "rules": [SLOW_RULE] * 5}).encode(), "-o", "json")
    check_judged(run)
    assert run.code == 2
    given_up = [gap["reason"] for gap in run.report["coverage"]["gaps"] if gap["item"] == "rule x.y"]
    assert [reason.partition(" (x.y) was given up")[0] for reason in given_up] == [f"rule {n} of the spec's own" for n in range(1, 6)]


IMPATIENT = """
import sys
from collector.cli import main
from collector.commands import analyze
analyze.PATIENCE = 0.0
sys.exit(main(sys.argv[1:]))
"""


def test_an_analysis_that_does_not_end_is_given_up(tmp_path: Path) -> None:
    """In its own process: under coverage, the signal could arrive while the tracer holds its lock."""
    path = tmp_path / "bundle.json"
    path.write_bytes(json.dumps(bundle()).encode())
    ended = subprocess.run([sys.executable, "-c", IMPATIENT, "analyze", str(path)], capture_output=True, text=True, check=False)
    assert ended.returncode == REFUSED
    assert "took longer than" in ended.stderr
    assert "Traceback" not in ended.stderr


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_recording_is_refused_or_replayed(data: st.DataObject, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in gzip.decompress(Path(incident("healthy")).read_bytes()).splitlines()[:20]]
    mutated = changed(lines, data.draw(mutations(paths(lines))))
    path = tmp_path / "recording.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join(json.dumps(line).encode() for line in mutated), 1))
    with contextlib.suppress(SpecError):
        assert list(Recording.load(path).documents())
