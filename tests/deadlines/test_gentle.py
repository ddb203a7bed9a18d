"""What a run costs the servers: announced, counted, bounded."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from collector.dispatch import PER_SERVER
from collector.replay import wire
from tests.bench.child import serving
from tests.bench.fleet import SICK_EVERY, Fleet
from tests.bench.growth import counts, measured
from tests.deadlines.process import SPEC, diagnose, run
from tests.hostile.faults import answer
from tests.hostile.proxy import Spoiler
from tests.hostile.run import cluster


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


@pytest.mark.parametrize(
    ("status", "ways"),
    [
        ("400 Bad Request", 2),  # once, and once of what the server knows itself
        ("401 Unauthorized", 1),
        ("403 Forbidden", 1),
        ("404 Not Found", 2),
        ("429 Too Many Requests", 1),
    ],
)
def test_a_client_error_is_not_asked_again(status: str, ways: int, tmp_path: Path) -> None:
    def deployments(ask: wire.Ask) -> bool:
        return ask.path.endswith("/deployments")

    spec = tmp_path / "spec.yml"
    place = tmp_path / "place"
    place.mkdir()
    spec.write_text(
        "version: 1\nname: again\ncollect:\n  - nomad_deployments: {job: navidrome}\n    retries: 3\n    delay: 10ms\n", "utf-8"
    )
    with cluster("healthy", Spoiler(deployments, answer(b"no", status))) as (proxy, environ):
        ended = run("diagnose", str(spec), "-o", "json", environ=environ, place=place)
    assert len(proxy.replay.asked) == ways
    assert ended.code != 0


def test_among_many_a_healthy_node_costs_two_calls_and_no_command() -> None:
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
