"""What is done before the first request, and what can wait."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.deadlines.process import ROOT, SPEC
from tests.hostile.run import call, cluster

AT_THE_FIRST_REQUEST = f"""\
import os, sys
from collector import cli
from collector.collect import workers
def submit(self, job):
    print(*sys.modules)
    sys.stdout.flush()
    os._exit(0)
workers.Workers.submit = submit
cli.main(["diagnose", {SPEC!r}])
"""
CAN_WAIT = {
    "jinja2",
    "jsonschema",
    "rich",
    "smtplib",
    "subprocess",
    "collector.background",
    "collector.analyze",
    "collector.loglines",
    "collector.observe",
    "collector.render",
    "collector.rulebook",
}


def test_only_what_the_first_request_needs_is_imported_before_it() -> None:
    environ = {"NOMAD_ADDR": "http://127.0.0.1:9", "CONSUL_HTTP_ADDR": "http://127.0.0.1:9"}
    done = subprocess.run([sys.executable, "-c", AT_THE_FIRST_REQUEST], env=environ, cwd=ROOT, capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert {"requests", "nomad", "consul"} <= modules
    assert not modules & CAN_WAIT


AT_THE_END = f"""\
import sys
from collector import cli
cli.main(["diagnose", {SPEC!r}])
print(*sys.modules, file=sys.stderr)
"""
FOR_SOME_RUNS = {"collector.deliver.message", "collector.deliver.smtp", "collector.history", "jsonschema", "rich", "statistics", "wcwidth"}


def test_what_few_runs_need_is_not_imported_by_one_of_a_healthy_cluster() -> None:
    with cluster("healthy") as (_proxy, environ):
        done = subprocess.run([sys.executable, "-c", AT_THE_END], env=environ, cwd=ROOT, capture_output=True, text=True, check=True)
    modules = set(done.stderr.split())
    assert {"collector.analyze", "collector.deliver.delivery"} <= modules
    assert not modules & FOR_SOME_RUNS


def test_an_expression_that_cannot_be_compiled_ends_the_run_without_a_report(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yml"
    spec.write_text("version: 1\nname: wrong\ncollect:\n  - nomad_nodes: {}\n    when: 1 +\n", "utf-8")
    with cluster("healthy") as (_proxy, environ):
        ran = call("diagnose", str(spec), environ=environ)
    assert ran.code == 78
    assert ran.stdout == ""
    assert "spec.yml:5:11: $.collect[0].when" in ran.stderr
