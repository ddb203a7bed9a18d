"""The program as a user or cron calls it: a process, its standard output, its exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector.replay import Recording, demo_environment
from collector.replay.recording import HttpExchange
from collector.resources import incidents
from collector.rulebook import symptoms
from collector.validate import schema_problems
from tests.e2e.incidents import SPEC, recording

EXIT_CODES = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}


def collector(*arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program with nothing in its environment but what is given."""
    root = str(Path(__file__).parents[2])
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": root, "LANG": "C.UTF-8", **(environ or {})}
    return subprocess.run(
        [sys.executable, "-m", "collector", *arguments], env=given, capture_output=True, text=True, timeout=120, check=False
    )


def diagnose(
    replayed: Recording, *arguments: str, environ: Mapping[str, str] | None = None, path: str = ""
) -> tuple[int, dict[str, Any], str]:
    """Exit code, report and stderr of `collector diagnose -o json`."""
    with demo_environment(replayed, path=path or os.environ["PATH"]) as leading:
        done = collector("diagnose", SPEC, "-o", "json", *arguments, environ={**leading, **(environ or {})})
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def changed(name: str, change: Callable[[HttpExchange], HttpExchange]) -> Recording:
    """A recording with every HTTP answer passed through `change`."""
    original = recording(name)
    return replace(original, http=tuple(change(exchange) for exchange in original.http))


def refused(exchange: HttpExchange) -> HttpExchange:
    return replace(exchange, status=None, body="", error="URLError: <urlopen error [Errno 111] Connection refused>")


def forbidden(exchange: HttpExchange) -> HttpExchange:
    return replace(exchange, status=403, body="Permission denied")


def rows(report: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in report["nodes"]}


@pytest.mark.parametrize("name", incidents())
def test_each_incident_gives_valid_json_alone_on_stdout_and_its_verdict_as_exit_code(name: str) -> None:
    code, report, stderr = diagnose(recording(name))
    assert schema_problems("report", report) == []
    assert code == EXIT_CODES[report["verdict"]]
    assert stderr == ""
    assert (code == 0) == (name == "healthy")


def test_with_every_litefs_port_refused_the_command_line_tells_role_and_lag() -> None:
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


def test_a_spec_that_asks_for_status_is_told_what_to_put_there_and_the_nodes_are_seen_all_the_same(tmp_path: Path) -> None:
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


def collector_text(replayed: Recording) -> str:
    with demo_environment(replayed, path=os.environ["PATH"]) as leading:
        return collector("diagnose", SPEC, environ=leading).stdout


def test_without_a_nomad_command_the_rest_of_the_report_is_there_and_the_gap_is_named(tmp_path: Path) -> None:
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
def test_a_token_that_may_nothing_is_named_and_never_ok(name: str, source: str) -> None:
    code, report, _ = diagnose(changed(name, lambda exchange: forbidden(exchange) if exchange.source == source else exchange))
    assert code in {2, 3}
    assert any("403" in gap["reason"] for gap in report["coverage"]["gaps"])
    assert any(finding["code"] == "access.denied" for finding in report["findings"])


def test_a_consul_that_is_down_is_the_cause_and_the_rest_is_there() -> None:
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


USAGE = [
    ((), 64, "COMMAND"),
    (("diagnose",), 64, "SPEC"),
    (("diagnose", "none.yml"), 64, "none.yml"),
    (("diagnose", SPEC, "--deadline", "soon"), 64, "30s"),
    (("diagnose", SPEC, "-o", "yaml"), 64, "invalid choice"),
    (("diagnose", SPEC, "-e", "nonsense"), 64, "nonsense"),
    (("diagnose", SPEC, "-e", "jb=x"), 64, "job"),
    (("diagnose", SPEC, "-e", "lines=abc"), 64, "-e lines: must be a number, not 'abc'"),
    (("diagnose", SPEC, "-e", "watched=abc"), 64, "-e watched: must be a number"),
    (("diagnose", SPEC, "-e", "litefs_port=x"), 64, "-e litefs_port: must be a number"),
    *((("diagnose", SPEC, "-e", f"{name}="), 64, f"-e {name}: must not be empty") for name in ("job", "service", "task", "mount")),
    (("diagnose", SPEC, "-t", "nomed"), 64, "nomed"),
    (("diagnose", SPEC, "-t", "never"), 64, "nothing would be asked"),
    (("diagnose", SPEC, "--skip-tags", "nomad,consul,litefs"), 64, "nothing would be asked"),
    (("diagnose", SPEC, "--check", "-t", "never"), 64, "nothing would be asked"),
    (("diagnose", SPEC, "-D"), 64, "--state"),
    (("diagnose", SPEC, "--mail-when", "change", "--state", "."), 64, "--mail-to"),
    (("explain", "app.exitd"), 64, "app.exited"),
    (("demo", "app-crush"), 64, "app-crash"),
    (("explain", "symptom.check-critica"), 64, "symptom.check-critical"),
    (("schema", "reprot"), 64, "report"),
    (("analyze", SPEC), 78, "navidrome.yml"),
]


@pytest.mark.parametrize(("arguments", "code", "says"), USAGE, ids=[" ".join(a[0]).replace(SPEC, "SPEC") for a in USAGE])
def test_wrong_usage_has_its_own_exit_code_and_says_what_was_meant(arguments: tuple[str, ...], code: int, says: str) -> None:
    done = collector(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert done.stderr.startswith("collector: ")


@pytest.mark.parametrize("more", [(), ("--check",), ("-o", "json", "-l", "odroid6")])
def test_a_limit_that_fits_no_node_is_wrong_usage_and_no_cluster_that_is_well(more: tuple[str, ...]) -> None:
    with demo_environment(recording("healthy"), path=os.environ["PATH"]) as leading:
        done = collector("diagnose", SPEC, "-l", "odriod7", *more, environ=leading)
    assert (done.returncode, done.stdout) == (64, "")
    assert 'no node fits -l odriod7 (did you mean "odroid7"? there are: odroid6, odroid7, odroid8, server1)' in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NOMAD_ADDR", "ftp://x"),
        ("CONSUL_HTTP_ADDR", "http://["),
        ("NOMAD_CACERT", "/nonexistent/ca.pem"),
        ("CONSUL_HTTP_TOKEN_FILE", "/nonexistent/token"),
        ("NOMAD_SKIP_VERIFY", "perhaps"),
    ],
)
def test_settings_that_make_no_sense_name_the_variable(name: str, value: str) -> None:
    done = collector("diagnose", SPEC, environ={name: value})
    assert (done.returncode, done.stdout) == (78, "")
    assert name in done.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("diagnose", "--help"), ("--version",), ("explain",), ("schema",), ("demo", "list")])
def test_what_teaches_goes_to_stdout_and_is_no_failure(arguments: tuple[str, ...]) -> None:
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
    assert "no cause by itself" in done.stdout


def test_the_demo_is_no_verdict() -> None:
    done = collector("demo", "app-crash")
    assert done.returncode == 0
    assert "CRITICAL" in done.stdout


def test_the_plan_asks_only_the_inventory_and_names_rights_and_calls() -> None:
    with demo_environment(recording("healthy"), path=os.environ["PATH"]) as leading:
        done = collector("diagnose", SPEC, "--check", environ=leading)
    assert done.returncode == 0
    assert "calls" in done.stdout.splitlines()[0]
    assert "read-job" in done.stdout
    assert "/metrics" in done.stdout


@pytest.mark.parametrize(
    ("configured", "own", "named"),
    [("", "", {"default"}), ("media", "", {"media"}), ("", "own", {"own"}), ("media", "own", {"own"})],
)
def test_the_plans_policies_are_for_the_namespace_that_is_asked(configured: str, own: str, named: set[str], tmp_path: Path) -> None:
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


FILES = [
    (("lint", "DIR"), 64, "cannot read {}: Is a directory"),
    (("diagnose", "DIR"), 64, "cannot read the spec {}: Is a directory"),
    (("diagnose", SPEC, "-e", "@none.yml"), 64, "-e @none.yml: cannot read the file"),
    (("lint", "BINARY"), 78, "{}:1:1: $: is not UTF-8 text"),
    (("diagnose", "BINARY"), 78, "{}:1:1: $: is not UTF-8 text"),
    (("diagnose", SPEC, "-e", "@BINARY"), 78, "{}:1:1: $: is not UTF-8 text"),
]


@pytest.mark.parametrize(("arguments", "code", "says"), FILES, ids=[" ".join(a[0]).replace(SPEC, "SPEC") for a in FILES])
def test_a_file_that_cannot_be_read_is_wrong_usage_and_one_that_is_no_text_a_bad_spec(
    arguments: tuple[str, ...], code: int, says: str, tmp_path: Path
) -> None:
    binary = tmp_path / "binary.yml"
    binary.write_bytes(b"\xff\xfe\x00")
    done = collector(*(word.replace("DIR", str(tmp_path)).replace("BINARY", str(binary)) for word in arguments))
    assert done.returncode == code
    assert says.format(binary if "BINARY" in " ".join(arguments) else tmp_path) in done.stdout + done.stderr


DESTINATIONS = {
    "a bracket without its pair": ("{ping: {url: 'http://[::1/x'}}", "the ping URL is not of the form"),
    "a port that is none": ("{ping: {url: 'http://h:99999/x'}}", "the ping URL is not of the form"),
    "a host that cannot be one": ("{ping: {url: 'http://a..b/x'}}", "the ping URL is not of the form"),
    "no mail address": ("{email: {to: ops}}", "is not a mail address"),
}


@pytest.mark.parametrize("case", DESTINATIONS)
def test_lint_and_a_run_refuse_a_destination_that_cannot_work(case: str, tmp_path: Path) -> None:
    entry, words = DESTINATIONS[case]
    spec = tmp_path / "own.yml"
    spec.write_text(f"version: 1\nname: own\ncollect: [{{consul_members: {{}}}}]\nreport:\n- text\n- {entry}\n")
    for done in (collector("lint", str(spec)), collector("diagnose", str(spec))):
        assert done.returncode == 78
        assert words in done.stdout + done.stderr
    assert collector("lint", str(spec)).stdout.startswith(f"{spec}:6:")


def test_a_mail_server_that_can_be_none_is_refused_before_the_run(tmp_path: Path) -> None:
    words = ("diagnose", SPEC, "--mail-to", "x@y.example", "--state", str(tmp_path))
    done = collector(*words, environ={"COLLECTOR_SMTP_URL": "smtp://a..b:25"})
    assert (done.returncode, list(tmp_path.iterdir())) == (78, [])
    assert "COLLECTOR_SMTP_URL: its host is no name" in done.stderr


def test_lint_prints_every_problem_with_its_place(tmp_path: Path) -> None:
    spec = tmp_path / "bad.yml"
    spec.write_text(
        "version: 1\nname: x\nvars: {}\ncollect:\n  - nme: a\n    nomad_node: {}\n  - name: b\n    nomad_nodes: {}\n    lop: [1]\n"
    )
    done = collector("lint", str(spec))
    assert done.returncode == 78
    assert f"{spec}:5:" in done.stdout
    assert f"{spec}:9:" in done.stdout
    assert "did you mean" in done.stdout


@pytest.mark.parametrize("saved", [False, True], ids=["as it is diagnosed", "from its bundle"])
def test_a_job_that_is_not_named_as_the_spec_is_in_the_headline(saved: bool, tmp_path: Path) -> None:
    with demo_environment(recording("healthy"), path=os.environ["PATH"]) as leading:
        done = collector("diagnose", SPEC, "-e", "job=wiki", "-q", "--bundle", str(tmp_path / "b.json"), environ=leading)
    text = collector("analyze", str(tmp_path / "b.json"), "-q").stdout if saved else done.stdout
    assert text.startswith("navidrome/wiki  ")
