"""`no_log`: a task's data is available to other tasks of the spec only, and its absence is not a fault."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from collector.replay import demo_environment
from tests.e2e.incidents import SPEC, recording
from tests.e2e.program import collector


def hiding(kind: str, to: Path) -> str:
    """Return the shipped spec with all tasks of a kind hidden."""
    lines = []
    for line in Path(SPEC).read_text().splitlines():
        lines.append(line)
        if line.startswith(f"    {kind}:"):
            lines.append("    no_log: true")
    to.write_text("\n".join(lines) + "\n")
    return str(to)


@pytest.mark.parametrize(
    "kind", ["consul_leader", "nomad_agent", "nomad_job", "nomad_logs", "litefs_status", "consul_lease", "nomad_deployments"]
)
def test_what_is_hidden_is_no_gap_and_accuses_nobody(kind: str, tmp_path: Path) -> None:
    bundle = tmp_path / "run.json"
    with demo_environment(recording("healthy"), path=os.environ["PATH"]) as leading:
        done = collector("diagnose", hiding(kind, tmp_path / "spec.yml"), "-o", "json", "--bundle", str(bundle), environ=leading)
    report = json.loads(done.stdout)
    assert (report["verdict"], report["root_causes"], report["coverage"]["gaps"]) == ("ok", [], [])
    hidden = [result for result in json.loads(bundle.read_text())["results"] if result["kind"] == kind and result["attempts"]]
    assert hidden
    assert all((one["status"], one["data"], one["reason"]) == ("skipped", None, "hidden by no_log") for one in hidden)
    assert any(item["kind"] == kind and item["reason"] == "hidden by no_log" for item in report["items"])


@pytest.mark.parametrize("kind", ["nomad_allocations", "nomad_nodes", "consul_checks", "consul_members"])
def test_a_hidden_decisive_result_makes_the_verdict_unknown(kind: str, tmp_path: Path) -> None:
    with demo_environment(recording("healthy"), path=os.environ["PATH"]) as leading:
        done = collector("diagnose", hiding(kind, tmp_path / "spec.yml"), environ=leading)
    assert done.returncode == 3
    assert f"({kind}: hidden by no_log)" in " ".join(done.stdout.split())


def test_nothing_is_recorded_of_what_is_hidden(tmp_path: Path) -> None:
    spec, recorded = hiding("consul_lease", tmp_path / "spec.yml"), tmp_path / "incident.jsonl.gz"
    with demo_environment(recording("healthy"), path=os.environ["PATH"]) as leading:
        refused = collector("record", spec, str(recorded), environ=leading)
        assert (refused.returncode, recorded.exists()) == (64, False)
        assert "has no_log, and a recording would hold what it collects" in refused.stderr
        assert collector("record", spec, str(recorded), "--skip-tags", "litefs", environ=leading).returncode == 0


def test_what_the_spec_expects_is_found_under_a_name_that_it_hides(tmp_path: Path) -> None:
    own = "expect: {nodes: [odroid6, odroid7, odroid8], services: [navidrome]}\nredact: ['droid']\n"
    spec = tmp_path / "spec.yml"
    spec.write_text(Path(SPEC).read_text() + own)
    with demo_environment(recording("healthy"), path=os.environ["PATH"]) as leading:
        done = collector("diagnose", str(spec), "-o", "json", environ=leading)
    report = json.loads(done.stdout)
    assert (report["verdict"], report["root_causes"], report["coverage"]["gaps"]) == ("ok", [], [])
    del report["spec_file"], report["spec"]
    assert "odroid6" not in json.dumps(report)


def test_reasons_of_failures_are_hidden_too(tmp_path: Path) -> None:
    spec = hiding("consul_leader", tmp_path / "spec.yml")
    with demo_environment(recording("healthy"), path=os.environ["PATH"]) as leading:
        done = collector("diagnose", spec, "-o", "json", environ={**leading, "CONSUL_HTTP_ADDR": "http://127.0.0.1:9"})
    (item,) = (item for item in json.loads(done.stdout)["items"] if item["kind"] == "consul_leader")
    assert {item["reason"], *(attempt["reason"] for attempt in item["attempts"])} == {"hidden by no_log"}
