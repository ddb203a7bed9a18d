"""For every recorded incident, the kinds' data equals the recorded answers read by independent code."""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime

import pytest

from collector.errors import Unanswered
from collector.kinds import KINDS
from collector.model import JSON, Http
from collector.validate import misfit

from .drive import INCIDENTS, Recorded, arguments, drive

NAMES = sorted(path.name.removesuffix(".jsonl.gz") for path in INCIDENTS.glob("*.jsonl.gz"))
JOB, TASK, MOUNT, PORT = "navidrome", "navidrome", "/litefs", 20202
ARGS = {"job": JOB, "key": "litefs/navidrome", "service": JOB}


@pytest.fixture(scope="module", params=NAMES)
def recorded(request: pytest.FixtureRequest) -> Recorded:
    return Recorded(request.param)


def climb(recorded: Recorded, kind: str, given: dict[str, JSON], *rungs: str) -> tuple[str | None, JSON]:
    for rung, value in KINDS[kind].default_ladder:
        if rungs and rung not in rungs:
            continue
        try:
            data = drive(KINDS[kind].rungs[rung](arguments(kind, given, value)), recorded)
        except Unanswered:
            continue
        assert misfit(kind, data) == ""
        return rung, data
    return None, None


def live(recorded: Recorded) -> list[JSON]:
    _rung, allocs = climb(recorded, "nomad_allocations", ARGS)
    return [alloc for alloc in allocs or [] if alloc["desired_status"] == "run"]


def litefs(recorded: Recorded, alloc: JSON) -> dict[str, JSON]:
    return {"alloc": alloc["id"], "task": TASK, "mount": MOUNT, "node": alloc["node"], "address": f"127.0.0.{alloc['node'][-1]}"}


@pytest.mark.parametrize("kind", ["nomad_agent", "nomad_nodes", "nomad_job", "nomad_allocations", "nomad_evaluations", "nomad_deployments"])
def test_nomad_answers_whenever_its_server_does(recorded: Recorded, kind: str) -> None:
    rung, _data = climb(recorded, kind, ARGS)
    assert (rung is None) == (recorded.meta["scenario"] == "no-leader")


@pytest.mark.parametrize("kind", ["consul_leader", "consul_members", "consul_checks", "consul_lease"])
def test_consul_answers_in_every_incident(recorded: Recorded, kind: str) -> None:
    rung, _data = climb(recorded, kind, {**ARGS, "node": None})
    assert rung == "api"


def test_every_live_instance_of_the_job_is_found_with_its_restarts(recorded: Recorded) -> None:
    stubs = recorded.find(Http("nomad", f"/v1/job/{JOB}/allocations")).get("json") or []
    expected = {
        stub["ID"]: (stub["NodeName"], sum(task["Restarts"] for task in (stub["TaskStates"] or {}).values()))
        for stub in stubs
        if stub["DesiredStatus"] == "run"
    }
    assert {alloc["id"]: (alloc["node"], alloc["restarts"]) for alloc in live(recorded)} == expected


def test_the_lease_key_is_read_from_the_job(recorded: Recorded) -> None:
    _rung, job = climb(recorded, "nomad_job", ARGS)
    assert job is None or job["lease_keys"] == ["litefs/navidrome"]


def test_role_lag_uptime_and_positions_are_the_recorded_ones(recorded: Recorded) -> None:
    for alloc in live(recorded):
        args = litefs(recorded, alloc)
        rung, data = climb(recorded, "litefs_status", args, "http")
        metrics = recorded.find(Http("litefs", "/metrics", base=f"http://{args['address']}:{PORT}"))
        if metrics.get("code") != 200:
            assert rung is None
            continue
        store = recorded.find(Http("litefs", "/debug/vars", base=f"http://{args['address']}:{PORT}"))["json"]["store"]
        started = _sample(metrics["text"], "process_start_time_seconds")
        date = parsedate_to_datetime(metrics["headers"]["date"]).timestamp()
        assert data["is_primary"] == store["isPrimary"] == (data["role"] == "primary")
        assert data["lag_seconds"] == _sample(metrics["text"], "litefs_lag_seconds")
        assert data["uptime_seconds"] == pytest.approx(date - started, abs=0.001)
        expected = {(db["name"], int(db["txid"], 16), db["checksum"]) for db in store["dbs"].values()}
        assert {(db["name"], db["txid"], db["checksum"]) for db in data["databases"]} == expected
        assert data["stream_count"] == _sample(metrics["text"], "litefs_http_stream_count")


def test_only_nodes_that_are_not_settled_cost_a_third_call(recorded: Recorded) -> None:
    for alloc in live(recorded):
        asked: list[str] = []
        rung = KINDS["litefs_status"].rungs["http"](arguments("litefs_status", litefs(recorded, alloc)))
        try:
            data = drive(rung, lambda request, asked=asked: asked.append(request.path) or recorded(request))
        except Unanswered:
            continue
        settled = data["role"] == "primary" or 0 < data["lag_seconds"] < 3
        assert asked == ["/metrics", "/debug/vars"] + ([] if settled else ["/info"])


def test_the_mount_tells_the_same_role_and_position_as_http(recorded: Recorded) -> None:
    for alloc in live(recorded):
        _http, over_http = climb(recorded, "litefs_status", litefs(recorded, alloc), "http")
        _exec, from_files = climb(recorded, "litefs_status", litefs(recorded, alloc), "exec")
        if over_http is None or from_files is None:
            assert over_http is from_files, "in these incidents the file system and the API live and die together"
            continue
        assert from_files["role"] == over_http["role"]
        behind = over_http["databases"][0]["txid"] - from_files["databases"][0]["txid"]
        assert -10 <= behind <= 0, "the files were read a moment later"


def test_the_text_of_a_failing_check_is_its_own_agents(recorded: Recorded) -> None:
    _rung, found = climb(recorded, "consul_checks", {"service": JOB})
    failing: dict[str, list[JSON]] = {}
    for check in found["checks"]:
        if check["status"] != "passing" and check["service"]:
            failing.setdefault(check["node"], []).append(check)
    for node, checks in failing.items():
        base = f"http://127.0.0.{node[-1]}:8500"
        said = recorded.find(Http("consul", "/v1/agent/checks", base=base)).get("json")
        rung, data = climb(recorded, "check_output", {"node": node, "address": base[7:-5], "checks": checks}, "agent")
        if said is None:
            assert rung is None
            continue
        for row in data["checks"]:
            assert row["output"] == said[row["check_id"]]["Output"]
            assert row["status"] == said[row["check_id"]]["Status"]


def test_logs_are_the_last_lines_of_what_was_written(recorded: Recorded) -> None:
    _rung, allocs = climb(recorded, "nomad_allocations", ARGS)
    for alloc in allocs or []:
        query = {"task": TASK, "type": "stderr", "plain": "true", "origin": "end", "offset": 65536}
        said = recorded.find(Http("nomad", f"/v1/client/fs/logs/{alloc['id']}", query))
        rung, data = climb(recorded, "nomad_logs", {"alloc": alloc["id"], "task": TASK})
        if said["code"] == 200:
            text = said["text"] if "text" in said else json.dumps(said["json"])
            assert data["lines"] == text.removesuffix("\n").split("\n")[-400:] if text else data["lines"] == []
        else:
            assert (rung is None) == ("No path to node" in said["text"])


def _sample(text: str, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    assert found
    return float(found[1])
