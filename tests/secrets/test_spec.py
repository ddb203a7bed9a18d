"""Secrets that users write in a spec or on the command line, and those that only they can recognise."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from collector.replay import recorded_meta
from collector.resources import spec_path
from tests.hostile.faults import answer, changed
from tests.hostile.places import SYSTEMS
from tests.hostile.proxy import Spoiler
from tests.hostile.run import Run, call, cluster
from tests.secrets.search import Haystack

SECRET = {"Zq000001xK9wVb3T": "the spec"}
(WORD,) = SECRET


def run_spec(directory: Path, spec: dict[str, Any], *words: str) -> tuple[Run, Haystack]:
    path, bundle = directory / "spec.yml", directory / "bundle.json"
    path.write_text(json.dumps({"version": 1, "name": "own", **spec}), "utf-8")
    hay = Haystack()
    with cluster("app-crash") as (_, environ):
        check = call("diagnose", str(path), *words, "--check", environ=environ)
        run = call("diagnose", str(path), *words, "-o", "json", "-v", "-v", "--bundle", str(bundle), environ=environ)
    assert run.code in {0, 1, 2, 3}, run.stderr
    hay.add("check", check.stdout, check.stderr)
    hay.add("stdout", run.stdout)
    hay.add("stderr", run.stderr)
    hay.add("bundle", bundle.read_bytes())
    for form in ("text", "html", "markdown"):
        hay.add("analyze", call("analyze", str(bundle), "-o", form, "-v", "-v", environ={"PATH": ""}).stdout)
    return run, hay


LITEFS = {"alloc": "d4ffe852-dc00-38b6-15bf-da01a911ebf1", "task": "navidrome", "mount": "/litefs"}
SPECS: dict[str, dict[str, Any]] = {
    "a variable": {"vars": {"api_token": WORD}, "collect": [{"name": "job", "nomad_job": {"job": "navidrome"}}]},
    "a variable within a variable": {"vars": {"app": {"password": WORD}}, "collect": [{"name": "job", "nomad_job": {"job": "navidrome"}}]},
    "the password of an address": {
        "collect": [{"name": "own", "litefs_status": {**LITEFS, "url": f"http://me:{WORD}@127.0.0.8:20202"}}],
    },
    "the password of an agent's address": {"collect": [{"name": "own", "consul_leader": {"url": f"http://me:{WORD}@127.0.0.1:8500"}}]},
    "an argument of a command": {
        "collect": [{"name": "own", "litefs_status": LITEFS, "try": [{"exec": ["litefs", "status", f"-token={WORD}"]}]}],
    },
    "a loop over addresses": {
        "collect": [{"name": "own", "consul_leader": {"url": "{{ item }}"}, "loop": [f"http://me:{WORD}@127.0.0.1:8500"]}],
    },
    "a name that the spec expects and asks for, and hides": {
        "collect": [{"consul_checks": {"service": WORD}}, {"name": "nodes", "nomad_nodes": {}}],
        "expect": {"services": [WORD], "nodes": [f"host-{WORD}"]},
        "redact": [WORD],
    },
    "the name of a job": {
        "collect": [{"name": "job", "nomad_job": {"job": f"password={WORD}"}}],
    },
}


@pytest.mark.parametrize("place", SPECS)
def test_a_secret_in_a_spec_goes_no_further(place: str, tmp_path: Path) -> None:
    _, hay = run_spec(tmp_path, SPECS[place])
    assert hay.found(SECRET) == []


def test_a_secret_on_the_command_line_goes_no_further(tmp_path: Path) -> None:
    spec = {"vars": {"api_token": ""}, "collect": [{"name": "job", "nomad_job": {"job": "navidrome"}}]}
    _, hay = run_spec(tmp_path, spec, "-e", f"api_token={WORD}")
    assert hay.found(SECRET) == []


def test_a_secret_on_the_command_line_is_in_no_recording(tmp_path: Path) -> None:
    spec, recording = tmp_path / "spec.yml", tmp_path / "recording.gz"
    collect = [{"name": "job", "nomad_job": {"job": "{{ job }}"}}]
    spec.write_text(json.dumps({"version": 1, "name": "own", "vars": {"job": "", "api_token": ""}, "collect": collect}), "utf-8")
    with cluster("app-crash") as (_, environ):
        run = call("record", str(spec), str(recording), "-e", "job=navidrome", "-e", f"api_token={WORD}", environ=environ)
    assert run.code == 0, run.stderr
    hay = Haystack()
    hay.add("recording", gzip.decompress(recording.read_bytes()))
    assert hay.found(SECRET) == []
    assert recorded_meta(recording)["vars"]["job"] == "navidrome"


def test_what_only_the_user_knows_to_be_secret_is_taken_out_and_counted(tmp_path: Path) -> None:
    text = Path(spec_path("navidrome")).read_text("utf-8") + '\nredact: ["listener (\\\\w+)", "rx[0-9a-z]{6,}"]\n'
    spec, bundle = tmp_path / "spec.yml", tmp_path / "bundle.json"
    spec.write_text(text, "utf-8")
    private = {"rx00secret11": "a log", "annabelle77": "a log"}
    spoil = changed(lambda body: body.replace("level=INFO", "level=INFO listener annabelle77 rx00secret11"))
    with cluster("app-crash", Spoiler(SYSTEMS["nomad"], spoil)) as (_, environ):
        run = call("diagnose", str(spec), "-o", "json", "-v", "-v", "--bundle", str(bundle), environ=environ)
    hay = Haystack()
    hay.add("stdout", run.stdout)
    hay.add("bundle", bundle.read_bytes())
    assert hay.found(private) == []
    assert run.report["redactions"]["custom"] > 2
    assert "listener <redacted:custom:" in bundle.read_text("utf-8")


def test_what_only_the_user_knows_to_be_secret_is_in_no_error_and_no_recording(tmp_path: Path) -> None:
    """Error messages and recordings are made in threads; the user's patterns only run in the main thread."""
    text = Path(spec_path("navidrome")).read_text("utf-8") + '\nredact: ["listener (\\\\w+)", "rx[0-9a-z]{6,}"]\n'
    spec, bundle, recording = tmp_path / "spec.yml", tmp_path / "bundle.json", tmp_path / "recording.gz"
    spec.write_text(text, "utf-8")
    private = {"rx00secret11": "an error", "annabelle77": "an error"}
    refuse = answer(b"broken: listener annabelle77 rx00secret11", "500 Internal Server Error")
    hay = Haystack()
    with cluster("app-crash", Spoiler(lambda ask: "deployments" in ask.path or "logs" in ask.path, refuse)) as (_, environ):
        for words in (["diagnose", "-v", "-v", "--bundle", str(bundle)], ["diagnose", "--check"], ["record", str(recording)]):
            run = call(words[0], str(spec), *words[1:], environ=environ)
            assert run.code in {0, 2, 3}, run.stderr
            hay.add("stdout", run.stdout)
            hay.add("stderr", run.stderr)
    hay.add("bundle", bundle.read_bytes())
    hay.add("recording", gzip.decompress(recording.read_bytes()))
    assert hay.found(private) == []
    assert "broken: listener <redacted:custom:" in bundle.read_text("utf-8")
    assert b"broken: listener <redacted:custom:" in gzip.decompress(recording.read_bytes())


def test_a_pattern_that_is_none_is_refused_with_its_place(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yml"
    spec.write_text('version: 1\nname: x\nredact: ["("]\ncollect: [{name: a, consul_members: {}}]\n', "utf-8")
    for command in ("lint", "diagnose"):
        run = call(command, str(spec), environ={"PATH": ""})
        assert run.code == 78
        assert "$.redact[0]" in run.stdout + run.stderr
