"""The program as called by a user or cron: a process, its standard output, its exit code."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from collector.cli import main
from collector.replay import demo_environment
from collector.resources import incidents
from collector.rulebook import symptoms
from collector.validate import schema_problems
from tests.e2e.incidents import SPEC, recording
from tests.e2e.program import EXIT_CODES, changed, collector, collector_text, diagnose, forbidden, refused, rows


@pytest.mark.parametrize("name", incidents())
def test_each_incident_gives_valid_json_alone_on_stdout_and_its_verdict_as_exit_code(name: str) -> None:
    code, report, stderr = diagnose(recording(name))
    assert schema_problems("report", report) == []
    assert code == EXIT_CODES[report["verdict"]]
    assert stderr == ""
    assert (code == 0) == (name == "healthy")


def test_with_every_litefs_port_refused_commands_provide_role_and_lag() -> None:
    silent = changed("healthy", lambda exchange: refused(exchange) if exchange.source == "litefs" else exchange)
    _, report, _ = diagnose(silent)
    seen = rows(report)
    assert sorted(row["role"] for row in seen.values()) == ["primary", "replica", "replica"]
    for row in seen.values():
        assert row["role"] == "primary" or row["sources"]["lag"].startswith("exec")
        assert row["uptime_seconds"] > 0
        assert row["sources"]["uptime"]
        assert all(database["txid"] for database in row["databases"])
    reasons = [attempt["reason"] for item in report["items"] if item["kind"] == "litefs_status" for attempt in item["attempts"]]
    assert any("`litefs status` is not a command of this LiteFS" in reason for reason in reasons)
    text = collector_text(silent)
    assert "`litefs status` is not a command" in " ".join(text.split())


def test_a_spec_that_requests_status_gets_advice_and_still_sees_the_nodes(tmp_path: Path) -> None:
    spec = tmp_path / "status.yml"
    spec.write_text(
        Path(SPEC)
        .read_text()
        .replace('- http: "{{ item | endpoint(litefs_port) }}"', '- http: "{{ item | endpoint(litefs_port) }}/status"')
    )
    with demo_environment(recording("healthy"), path=os.environ["PATH"]) as leading:
        done = collector("diagnose", str(spec), "-o", "json", environ=leading)
    report = json.loads(done.stdout)
    assert (done.returncode, report["root_causes"][0]["code"]) == (1, "litefs.endpoint.unknown")
    assert "/status" in report["root_causes"][0]["evidence"][0]["quote"]
    assert "http://HOST:PORT" in report["root_causes"][0]["remedy"]
    assert {row["role"] for row in report["nodes"]} == {"primary", "replica"}


def test_without_a_nomad_command_the_report_names_the_gap(tmp_path: Path) -> None:
    silent = changed("app-crash", lambda exchange: refused(exchange) if exchange.source == "litefs" else exchange)
    with demo_environment(silent) as leading:
        done = collector("diagnose", SPEC, "-o", "json", environ={**leading, "PATH": str(tmp_path)})
    report = json.loads(done.stdout)
    assert done.returncode == 2
    assert report["root_causes"][0]["code"] == "app.exited"
    gaps = [gap for gap in report["coverage"]["gaps"] if "litefs" in gap["item"]]
    assert gaps
    assert any("nomad" in gap["reason"] and "PATH" in gap["reason"] for gap in gaps)


@pytest.mark.parametrize("name", ["healthy", "app-crash"])
@pytest.mark.parametrize("source", ["nomad", "consul"])
def test_a_token_without_rights_is_named_and_never_ok(name: str, source: str) -> None:
    code, report, _ = diagnose(changed(name, lambda exchange: forbidden(exchange) if exchange.source == source else exchange))
    assert code in {2, 3}
    assert any("403" in gap["reason"] for gap in report["coverage"]["gaps"])
    assert any(finding["code"] == "access.denied" for finding in report["findings"])


def test_a_dead_consul_is_the_cause_and_the_rest_is_reported() -> None:
    code, report, _ = diagnose(changed("healthy", lambda exchange: refused(exchange) if exchange.source == "consul" else exchange))
    assert code == 2
    assert report["root_causes"][0]["code"] == "consul.server.unreachable"
    assert {row["nomad"] for row in report["nodes"]} == {"ready"}
    assert {row["role"] for row in report["nodes"]} == {"primary", "replica"}


@pytest.mark.parametrize("source", ["nomad", "consul"])
def test_a_cluster_of_which_half_is_not_seen_is_never_ok(source: str) -> None:
    code, report, _ = diagnose(changed("healthy", lambda exchange: refused(exchange) if exchange.source == source else exchange))
    assert code in {2, 3}
    assert report["coverage"]["collected"] < report["coverage"]["planned"]


def test_nothing_answers_is_not_ok() -> None:
    code, report, _ = diagnose(changed("healthy", refused))
    assert code in {2, 3}
    assert report["verdict"] != "ok"


def test_a_bundle_gives_the_same_report_without_the_network(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.json.gz"
    _, report, _ = diagnose(recording("app-crash"), "--bundle", str(bundle))
    offline = {"NOMAD_ADDR": "http://127.0.0.1:9", "CONSUL_HTTP_ADDR": "http://127.0.0.1:9"}
    first = collector("analyze", str(bundle), "-o", "json", "--now", "2026-11-24T07:05:00Z", environ=offline)
    again = collector("analyze", str(bundle), "-o", "json", "--now", "2026-11-24T07:05:00Z", environ=offline)
    assert first.returncode == 2
    assert first.stdout == again.stdout
    same = collector("analyze", str(bundle), "-o", "json", environ=offline)
    assert json.loads(same.stdout) == report
    assert bundle.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("arguments", [("--help",), ("diagnose", "--help"), ("--version",), ("explain",), ("schema",), ("demo", "list")])
def test_requested_help_goes_to_stdout_and_is_no_failure(arguments: tuple[str, ...]) -> None:
    done = collector(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


@pytest.mark.parametrize("name", incidents())
def test_the_list_of_incidents_says_what_was_wrong(name: str) -> None:
    (line,) = [line for line in collector("demo", "list").stdout.splitlines() if line.split()[0] == name]
    cause = recording(name).meta["cause"]
    assert line.split(maxsplit=1)[1].startswith(f"{cause}: " if cause else "nothing is wrong")


@pytest.mark.parametrize("code", symptoms())
def test_every_symptom_that_a_report_can_name_is_explained_as_one(code: str) -> None:
    done = collector("explain", code)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, code)
    assert "never a cause by itself" in done.stdout


def test_the_demo_is_no_verdict() -> None:
    done = collector("demo", "app-crash")
    assert done.returncode == 0
    assert "CRITICAL" in done.stdout


def test_the_demo_refuses_what_it_cannot_write_before_it_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []
    monkeypatch.setattr("collector.commands.demo.collect_bundle", asked.append)
    assert main(["demo", "app-crash", "--out", str(tmp_path / "none" / "x")]) == 64
    assert asked == []
    assert str(tmp_path) in capsys.readouterr().err


def test_the_demo_takes_variables_and_needs_none_of_another_spec(tmp_path: Path) -> None:
    other = replace(recording("healthy"), meta={**recording("healthy").meta, "vars": {"colour": "blue", "job": "nobody"}})
    other.save(tmp_path / "other.gz")
    of_nobody = collector("demo", str(tmp_path / "other.gz"))
    assert "nobody" in of_nobody.stdout
    assert collector("demo", str(tmp_path / "other.gz"), "-e", "job=navidrome").stdout.count("all well") == 1
    wrong = collector("demo", str(tmp_path / "other.gz"), "-e", "colour=blue")
    assert wrong.returncode == 64
    assert "the spec has no such variable" in wrong.stderr


def test_the_plan_asks_only_the_inventory_and_names_rights_and_calls() -> None:
    with demo_environment(recording("healthy"), path=os.environ["PATH"]) as leading:
        done = collector("diagnose", SPEC, "--check", environ=leading)
    assert done.returncode == 0
    assert "calls" in done.stdout.splitlines()[0]
    assert "nomad is http://127.0.0.1:4646, asked without a token" in done.stdout
    assert "read-job" in done.stdout
    assert "/metrics" in done.stdout


def test_the_plan_names_servers_and_credentials(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yml"
    spec.write_text("version: 1\nname: x\ncollect:\n  - nomad_nodes: {}\n")
    environ = {"NOMAD_ADDR": "http://127.0.0.1:9", "NOMAD_TOKEN": "s3cr3t-t0ken", "NOMAD_NAMESPACE": "web", "NOMAD_REGION": "eu"}
    _, *servers = collector("diagnose", str(spec), "--check", environ=environ).stdout.splitlines()[:3]
    assert servers == [
        "nomad is http://127.0.0.1:9, asked with a token, namespace web, region eu",
        "consul is http://127.0.0.1:8500 (the default: CONSUL_HTTP_ADDR is not set), asked without a token",
    ]


@pytest.mark.parametrize(
    ("configured", "own", "named"),
    [("", "", {"default"}), ("media", "", {"media"}), ("", "own", {"own"}), ("media", "own", {"own"})],
)
def test_the_plans_policies_are_for_the_configured_namespace(configured: str, own: str, named: set[str], tmp_path: Path) -> None:
    namespace = f", namespace: {own}" if own else ""
    spec = tmp_path / "spec.yml"
    spec.write_text(f"version: 1\nname: x\ncollect:\n  - nomad_deployments: {{job: navidrome{namespace}}}\n  - nomad_nodes: {{}}\n")
    nowhere = {"NOMAD_ADDR": "http://127.0.0.1:9", "NOMAD_NAMESPACE": configured}
    done = collector("diagnose", str(spec), "--check", environ=nowhere)
    assert set(re.findall(r'namespace "(.*?)"', done.stdout)) == named


def test_the_plans_policies_are_for_the_namespaces_of_what_was_found(tmp_path: Path) -> None:
    with demo_environment(recording("healthy"), path=os.environ["PATH"]) as leading:
        done = collector("diagnose", SPEC, "--check", environ={**leading, "NOMAD_NAMESPACE": "media"})
    assert set(re.findall(r'namespace "(.*?)"', done.stdout)) == {"media", "default"}, "allocations name their own"


@pytest.mark.parametrize("saved", [False, True], ids=["as it is diagnosed", "from its bundle"])
def test_a_job_that_is_not_named_as_the_spec_is_in_the_headline(saved: bool, tmp_path: Path) -> None:
    with demo_environment(recording("healthy"), path=os.environ["PATH"]) as leading:
        done = collector("diagnose", SPEC, "-e", "job=wiki", "-q", "--bundle", str(tmp_path / "b.json"), environ=leading)
    text = collector("analyze", str(tmp_path / "b.json"), "-q").stdout if saved else done.stdout
    assert text.startswith("navidrome/wiki  ")
