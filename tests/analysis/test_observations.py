"""What observations guarantee to rules: the vocabulary, positions, which allocations are current."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector import resources
from collector.analyze import analyze
from collector.collect.dispatch import describe
from collector.expressions.selections.instances import endpoint
from collector.model import Attempt, Http, Status
from collector.observe import TOPICS, observe
from collector.observe.checks.texts import LONGEST, meaning
from collector.replay.recording import Recording
from tests.accuracy.recorded import bundle_of
from tests.analysis.bundles import NOW, bundle, ident

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("incident", resources.incidents())
def test_every_observation_has_the_fields_and_the_scope_of_its_topic(incident):
    seen = observe(bundle_of(Recording.load(resources.incident(incident)))).observations
    for one in (one for some in seen.by_topic.values() for one in some):
        topic = TOPICS[one.topic]
        assert set(one.fields) == set(topic.fields), one.topic
        assert set(one.scope) <= set(topic.scope.split()), one.topic
        assert all(value is None or isinstance(value, str | int | float | bool) for value in one.fields.values()), one
        assert one.quote
        assert one.source


def field(case, topic, name, **scope):
    found = observe(bundle(case)).observations.of(topic, **scope)
    return found[0].fields[name] if found else None


def test_a_node_whose_address_nobody_knows_does_not_hold_the_primary():
    old = {"status": "critical", "service": "wiki", "alloc": None, "service_id": "wiki-old", "port": 8099, "output": "no route to host"}
    catalog = {"nodes": {"n2": {"nomad": None, "alloc": None, "member": None, "serf": None, "litefs": None, "checks": {"ping": old}}}}
    assert field(catalog, "node", "holds_primary", node="n2") is False


def counting(case):
    return [one.scope["alloc"] for one in observe(bundle(case)).observations.of("instance", node="n2")]


FAILED = {"id": "old", "client_status": "failed", "state": "dead", "failed": True, "create_index": 50, "create_time": NOW - 7200}


def test_a_failed_allocation_counts_until_a_healthy_one_replaces_it():
    young = {"create_time": NOW - 4, "started_at": NOW - 3, "healthy": None}
    assert counting({"nodes": {"n2": {"older": [FAILED]}}}) == [ident("n2")]
    assert counting({"nodes": {"n2": {"alloc": young, "older": [FAILED]}}}) == ["old", ident("n2")]


def test_what_an_operator_stopped_does_not_count():
    stopped = {**FAILED, "client_status": "complete", "desired_status": "stop"}
    assert counting({"nodes": {"n2": {"older": [stopped]}}}) == [ident("n2")]


def test_a_lag_of_zero_on_a_replica_is_not_in_sync():
    case = {"nodes": {"n2": {"litefs": {"lag_seconds": 0.0, "primary_hostname": "", "role": "none"}}}}
    assert field(case, "litefs", "never_synced", node="n2") is True
    assert field(case, "litefs", "synced", node="n2") is False
    assert field(case, "litefs", "lag_seconds", node="n2") is None


def test_the_lag_file_is_used_without_a_metric():
    case = {"nodes": {"n2": {"litefs": {"lag_seconds": None, "lag_file_ms": 885}}}}
    assert field(case, "litefs", "lag_seconds", node="n2") == pytest.approx(0.885)
    case = {"nodes": {"n2": {"litefs": {"lag_seconds": None, "lag_file_ms": 2147483647}}}}
    assert field(case, "litefs", "never_synced", node="n2") is True


def test_a_database_that_a_replica_lacks_is_behind_by_all_of_it():
    case = {"nodes": {"n2": {"litefs": {"lag_seconds": 30.0, "databases": []}}}}
    assert field(case, "litefs", "behind", node="n2") == 40


@pytest.mark.parametrize("port", ["\u00b2", "9" * 5000, "", None, "20x", [], -1])
def test_an_invalid_port_in_a_bundle_is_ignored(port):
    made = bundle({})
    assert analyze(made._replace(vars={"litefs_port": port})).verdict == "ok"


@pytest.mark.parametrize("url", ["http://[fe80::b:20303", "http://n1:2030300", "http://n1\u2100:20303"])
def test_an_invalid_primary_address_in_a_log_is_harmless(url):
    line = f'level=INFO msg="0123456789ABCDEF: existing primary found (n1), connecting as replica to \\"{url}\\""'
    assert analyze(bundle({"nodes": {"n2": {"log": [line]}}})).verdict == "ok"


def test_positions_are_not_compared_without_one_primary():
    case = {"nodes": {"n1": {"litefs": {"is_primary": False, "role": "none", "primary_hostname": "", "lag_seconds": 0.0}}}}
    assert field(case, "litefs", "behind", node="n2") is None


def test_a_node_with_different_names_in_nomad_and_consul_is_one_node():
    case = {"nodes": {"n2": {"member": "failed", "serf": "critical"}}}
    made = bundle(case)
    for result in made.results:
        if result.kind == "consul_members":
            result.data[1]["name"] = "n2.lan"
    seen = observe(made)
    assert seen.observations.of("node", node="n2")[0].fields["member"] == "failed"
    assert not seen.observations.of("node", node="n2.lan")


@pytest.mark.parametrize(
    ("port", "address", "told"), [(None, "10.1.0.12", "10.1.0.12"), (80, "fd00::2", "[fd00::2]:80"), (80, None, "10.1.0.12:80")]
)
def test_an_instances_address_is_the_reachable_one(port, address, told):
    made = bundle({})
    for result in made.results:
        if result.kind == "consul_checks":
            result.data["instances"][1] |= {"port": port, "address": address}
    registration = observe(made).observations.of("registration", node="n2")[0]
    assert (registration.fields["address"], registration.quote.rpartition(" at ")[2]) == (told, told)


@pytest.mark.parametrize("status", [Status.UNREACHABLE, Status.TIMEOUT])
def test_a_server_that_does_not_answer_for_itself_is_lost_whatever_the_others_say(status):
    rows = [{"name": f"s{n}", "address": f"10.2.0.{n}", "status": "alive", "version": None, "rpc": None} for n in (1, 2, 3)]
    made = bundle({"nomad": {"leader": None, "known_leader": False, "servers": rows}})
    (agent,) = [result for result in made.results if result.kind == "nomad_agent"]
    asked = [
        Attempt("api", status, "", 0.1, (describe(Http("nomad", "/v1/agent/self", base=endpoint(row, 4646))),))
        for row, status in zip(rows, (Status.OK, Status.OK, status), strict=True)
    ]
    themselves = tuple(agent._replace(id=f"nomad_agent.{n}", status=one.status, attempts=(one,)) for n, one in enumerate(asked, 2))
    (server,) = [
        one
        for one in observe(made._replace(results=made.results + themselves)).observations.of("server")
        if one.fields["system"] == "nomad"
    ]
    assert server.fields["lost"] == "s3"


@pytest.mark.parametrize("there", [True, False])
def test_an_expected_service_outside_the_job_needs_one_instance(there):
    made = bundle({"expect": {"services": ["db"]}, "more_services": ["db"]})
    if there:
        (db,) = [result for result in made.results if result.target.service == "db"]
        wiki = next(result for result in made.results if result.target.service == "wiki")
        db.data["instances"].append({**wiki.data["instances"][0], "service": "db", "service_id": "db-1", "alloc": None})
    (service,) = observe(made).observations.of("service", service="db")
    assert service.fields == {"expected": 1, "instances": int(there), "missing": int(not there)}


def test_earlier_runs_are_history_once_the_task_has_stayed_up_by_its_nodes_clock():
    start = 'level=INFO msg="no backup client configured, skipping"'
    node = {
        "litefs": {"date": NOW + 95, "date_at": NOW},
        "events": [{"type": "Started", "ago": 105}],
        "log": [start, "fatal: no theme", start],
    }
    seen = observe(bundle({"nodes": {"n2": node}}))
    (said,) = [one for one in seen.observations.of("log", node="n2") if one.fields["message"] == "fatal: no theme"]
    assert said.fields["last_run"] is False


def test_a_lines_age_is_measured_by_the_clock_that_stamped_it():
    two_hours = 7200
    node = {"litefs": {"date": NOW - two_hours, "date_at": NOW}, "log": ["time=2027-01-15T06:00:00Z level=ERROR msg=late"]}
    seen = observe(bundle({"nodes": {"n2": node}}))
    (said,) = seen.observations.of("log", node="n2")
    assert said.fields["old"] is False


def test_a_nomad_check_has_the_type_from_the_job():
    own = [
        {"id": "c1", "name": name, "service": service, "status": "success"} for name, service in (("info", "wiki-litefs"), ("x", "wiki"))
    ]
    made = bundle({"nodes": {"n2": {"nomad_checks": own}}})
    (job,) = [result.data for result in made.results if result.kind == "nomad_job"]
    for service in job["groups"][0]["services"]:
        for check in service["checks"]:
            check["type"] = "tcp"
    told = {check.row["name"]: check.row["type"] for check in observe(made).checks if check.text.source == "nomad"}
    assert told == {"info": "tcp", "x": "http"}


@pytest.mark.parametrize("changed", ["checks", "nomad_checks"])
def test_a_checks_output_is_limited_to_consuls_own_maximum(changed):
    long = "x" * (LONGEST + 1)
    own = [{"id": "c1", "name": "own", "service": "wiki", "status": "failure", "output": long}]
    check = own if changed == "nomad_checks" else {"ping": {"status": "critical", "output": long}}
    texts = [check.text.output for check in observe(bundle({"nodes": {"n2": {changed: check}}})).checks if check.text.output[:1] == "x"]
    assert texts == ["x" * LONGEST]


MEANINGS = [
    ("http", "HTTP GET http://10.0.0.1:1/ping: 500 Internal Server Error Output: x", ("http", 500)),
    ("http", "HTTP GET http://10.0.0.1:1/ping: 502 Bad Gateway Output: dial tcp 10.9.9.9:5432: connect: connection refused", ("http", 502)),
    ("http", "GET http://10.0.0.1:1/ping: 500 Output: x509: certificate has expired; request timed out", ("http", 500)),
    ("http", "GET http://127.0.0.9:1/ping: 127.0.0.9:1 refused the connection", ("refused", None)),
    ("http", "GET http://192.0.2.9:1/ping: 192.0.2.9:1 did not answer in time", ("timeout", None)),
    ("http", 'Get "https://10.0.0.1:1/ping": http: server gave HTTP response to HTTPS client', ("tls", None)),
    ("http", "GET http://10.0.0.1:1/ping: 404 Output: nothing", ("http", 404)),
    ("http", 'Get "http://10.0.0.1:1/": dial tcp 10.0.0.1:1: connect: connection refused', ("refused", None)),
    ("http", 'Get "http://10.0.0.1:1/": dial tcp 10.0.0.1:1: i/o timeout', ("unreachable", None)),
    ("http", 'Get "http://10.0.0.1:1/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)', ("timeout", None)),
    ("http", 'Get "http://wiki.lan/": dial tcp: lookup wiki.lan: no such host', ("dns", None)),
    ("http", 'Get "https://10.0.0.1/": x509: certificate signed by unknown authority', ("tls", None)),
    ("ttl", "TTL expired (last output before timeout follows): ok", ("ttl", None)),
    ("tcp", "dial tcp 10.0.0.1:1: connect: connection refused", ("refused", None)),
    ("tcp", "TCP connect 10.0.0.1:1: 10.0.0.1:1 refused the connection", ("refused", None)),
    ("script", "exit status 2: 500 files are missing", ("script", None)),
    ("http", "", ("none", None)),
    ("http", "something else", ("other", None)),
]


@pytest.mark.parametrize(("kind", "text", "expected"), MEANINGS, ids=[text[:50] or "empty" for _, text, _ in MEANINGS])
def test_a_checks_text_means(kind, text, expected):
    assert meaning(kind, "check-1", text) == expected


@pytest.mark.parametrize(
    ("kind", "capability"),
    [("nomad_logs", "nomad: namespace read-fs"), ("consul_lease", "consul: key read, consul: session read")],
)
def test_a_capability_whose_lack_withheld_a_part_is_named(kind, capability):
    made = bundle({"nodes": {"n2": {"log": ["started"]}}})
    result = next(result for result in made.results if result.kind == kind)
    held = Attempt(result.rung, Status.DENIED, "answers HTTP 403: Permission denied", 0.1, cause="", code=403)
    others = tuple(other for other in made.results if other is not result)
    seen = observe(made._replace(results=(*others, result._replace(attempts=(held, *result.attempts))))).observations
    assert [(one.fields["kind"], one.fields["capability"]) for one in seen.of("gap")] == [(kind, capability)]


@pytest.mark.parametrize(
    ("delay", "starts_in"), [("300000000000", 291.0), ("", 0.0), ("-1", 0.0), ("\u00b2", 0.0), ("9" * 400, 0.0), ("9" * 5000, 0.0)]
)
def test_an_implausible_restart_delay_is_ignored(delay, starts_in):
    waits = {"type": "Restarting", "ago": 9, "details": {"start_delay": delay}}
    case = {"nodes": {"n2": {"alloc": {"state": "pending"}, "events": [{"type": "Terminated", "ago": 9, "exit_code": 1}, waits]}}}
    assert field(case, "instance", "starts_in", node="n2") == pytest.approx(starts_in)
