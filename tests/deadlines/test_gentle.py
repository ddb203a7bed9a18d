"""The load of a run on the servers: announced, counted, limited."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from collector.collect.dispatch import PER_SERVER
from tests.bench.child import serving
from tests.bench.fleet import SICK_EVERY, Fleet
from tests.bench.growth import counts, measured
from tests.deadlines.process import SPEC, diagnose, run
from tests.hostile.faults import answer
from tests.hostile.proxy import Spoiler, everywhere
from tests.hostile.run import call, cluster


def test_check_announces_every_call_that_a_healthy_run_makes(tmp_path: Path) -> None:
    with cluster("healthy") as (proxy, environ):
        plan = run("diagnose", SPEC, "--check", environ=environ, place=tmp_path)
        planning = len(proxy.replay.asked)
        ended = diagnose(environ, tmp_path)
        made = len(proxy.replay.asked) - planning
    assert ended.code == 0
    announced = re.search(r"(\d+) calls", plan.stdout)
    assert announced
    assert int(announced[1]) == made
    assert planning < made, "the plan asks for the inventory alone"


STARTING = 1.0
"""Seconds that the start of the process may take on a busy machine."""
NO = ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "405 Method Not Allowed", "429 Too Many Requests"]
LISTS = {
    "nomad_nodes: {}": "/v1/nodes",
    "nomad_deployments: {job: navidrome}": "/v1/job/navidrome/deployments",
    "nomad_evaluations: {job: navidrome}": "/v1/job/navidrome/evaluations",
    "consul_checks: {service: navidrome}": "/v1/health/service/navidrome",
    "consul_members: {}": "/v1/agent/members",
}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("status", NO)
def test_a_client_error_is_not_asked_again(kind: str, status: str, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yml"
    spec.write_text(f"version: 1\nname: again\ncollect:\n  - {kind}\n    retries: 3\n    delay: 10ms\n", "utf-8")
    with cluster("healthy", Spoiler(everywhere, answer(b"no", status))) as (proxy, environ):
        ended = call("diagnose", str(spec), "-o", "json", environ=environ)
    assert [asked.path for asked in proxy.replay.asked] == [LISTS[kind]]
    assert ended.code != 0


@pytest.mark.parametrize("status", NO)
def test_allocations_are_requested_differently_after_a_client_error_and_not_repeated(status: str, tmp_path: Path) -> None:
    """A Nomad that does not know the filter, or the list, still knows the job's own list."""
    spec = tmp_path / "spec.yml"
    spec.write_text("version: 1\nname: again\ncollect:\n  - nomad_allocations: {job: navidrome}\n    retries: 3\n", "utf-8")
    with cluster("healthy", Spoiler(everywhere, answer(b"no", status))) as (proxy, environ):
        call("diagnose", str(spec), "-o", "json", environ=environ)
    listing, own = "/v1/allocations", "/v1/job/navidrome/allocations"
    final = status[:3] in {"401", "403", "429"}
    assert [asked.path for asked in proxy.replay.asked] == [listing, *([listing] if status[:3] == "400" else []), *([] if final else [own])]


def test_a_failing_server_is_retried_as_the_spec_says_with_pauses(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yml"
    spec.write_text("version: 1\nname: again\ncollect:\n  - consul_members: {}\n    retries: 2\n    delay: 10ms\n", "utf-8")
    with cluster("healthy", Spoiler(everywhere, answer(b"no", "500 Internal Server Error"))) as (proxy, environ):
        call("diagnose", str(spec), "-o", "json", environ=environ)
    assert len(proxy.replay.asked) == 3


def test_a_report_on_a_large_cluster_meets_the_deadline_and_names_what_did_not_fit() -> None:
    """Collecting alone takes twice as long; analysis and rendering take half a second."""
    seconds = 2.0
    with serving(sys.executable, "-m", "tests.bench.server", "1000", "0.02") as proxy:
        ran = measured(proxy, "-o", "json", "--deadline", f"{seconds}s", keep=True).run
    report = json.loads(ran.output)
    assert ran.code in {2, 3}
    assert {gap["status"] for gap in report["coverage"]["gaps"]} >= {"budget"}
    assert ran.wall < seconds + 1.0 + STARTING


def test_in_a_large_cluster_a_healthy_node_takes_two_calls_and_no_command() -> None:
    size = 2 * SICK_EVERY + 1
    with serving(sys.executable, "-m", "tests.bench.server", str(size), "0.005") as proxy:
        ran = measured(proxy)
        asked = counts(proxy)
    sick_allocs = {copy.own(known) for copy in Fleet(size).copies if copy.sick for known in copy.of.ids}
    assert ran.run.code == 2
    assert not asked["unknown"]
    sick = size // SICK_EVERY
    assert Counter(asked["of_healthy"].values()) == {2: size - sick}
    assert all(sick_allocs & set(command.split()) for command in ran.commands)
    assert asked["shared"] < 30
    assert asked["most_of_one"] <= PER_SERVER
    assert asked["most"] <= 32
