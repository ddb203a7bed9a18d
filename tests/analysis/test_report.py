"""Reports on the recorded incidents, compared with the recordings themselves."""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime

import pytest

from collector import resources
from collector.analyze import analyze
from collector.model import Severity, Verdict
from collector.replay.recording import Recording
from tests.accuracy.grade import compared
from tests.accuracy.recorded import bundle_of
from tests.accuracy.variants import plain
from tests.analysis.bundles import NOW, bundle, ident

INCIDENTS = resources.incidents()
RECORDINGS = {name: Recording.load(resources.incident(name)) for name in INCIDENTS}
STATE_ONLY = {
    "nomad.client.down",
    "nomad.node.draining",
    "nomad.server.unreachable",
    "nomad.placement.exhausted",
    "consul.service.orphaned",
}
"""Causes that are proven by states, not by a text that somebody wrote."""


@pytest.fixture(scope="module")
def reports():
    return {name: analyze(bundle_of(recording)) for name, recording in RECORDINGS.items()}


@pytest.mark.parametrize("incident", INCIDENTS)
def test_the_first_root_cause_is_the_injected_fault_and_nothing_else_is_accused(reports, incident):
    grade = compared(plain(incident, RECORDINGS[incident]), reports[incident])
    assert grade.right, grade
    assert not grade.extra, grade
    assert not grade.missed, grade


@pytest.mark.parametrize("incident", [name for name in INCIDENTS if RECORDINGS[name].meta["cause"]])
def test_the_evidence_is_quoted_as_it_was_answered(reports, incident):
    root = reports[incident].root_causes[0]
    texts = [exchange.body for exchange in RECORDINGS[incident].http]
    escaped = [json.dumps(evidence.quote.split("\n")[0].split(": ", 1)[-1])[1:-1] for evidence in root.evidence]
    quotes = [evidence.quote.split("\n")[0] for evidence in root.evidence]
    assert root.code in STATE_ONLY or any(quote in text for quote in [*quotes, *escaped] for text in texts), quotes


def test_a_healthy_cluster_is_ok_with_nothing_to_say(reports):
    report = reports["healthy"]
    assert (report.verdict, report.root_causes, report.findings, report.details) == (Verdict.OK, (), (), ())
    assert "3 instances, all well" in report.headline


@pytest.mark.parametrize("incident", INCIDENTS)
def test_role_uptime_lag_and_position_are_what_the_metrics_say(reports, incident):
    rows = {row.address: row for row in reports[incident].nodes}
    metrics = {e.base: e for e in RECORDINGS[incident].http if e.path == "/metrics" and "litefs_is_primary" in e.body}
    for base, exchange in metrics.items():
        row = rows[base.split("/")[2].split(":")[0]]
        value = {name: float(number) for name, number in re.findall(r"^(\w+)(?:\{[^}]*\})? ([\d.e+]+)$", exchange.body, re.MULTILINE)}
        now = parsedate_to_datetime(exchange.headers["date"]).timestamp()
        assert (row.role == "primary") == (value["litefs_is_primary"] == 1)
        assert row.uptime_seconds == pytest.approx(now - value["process_start_time_seconds"], abs=0.01)
        assert row.lag_seconds == (value["litefs_lag_seconds"] or None)
        assert row.databases[0]["txid"] == value["litefs_db_txid"]
        assert row.sources["uptime"] == "http"


def test_replicas_reporting_lag_0_show_how_far_they_are_behind(reports):
    behind = {row.name: row.databases[0]["behind"] for row in reports["advertise-url"].nodes if row.role != "primary"}
    assert behind == {"odroid7": 20, "odroid8": 20}


@pytest.mark.parametrize("incident", INCIDENTS)
def test_a_failing_checks_output_is_from_its_own_agent(reports, incident):
    agents = {}
    for exchange in RECORDINGS[incident].http:
        if exchange.path == "/v1/agent/checks" and exchange.status == 200:
            agents |= {(row["Node"], row["CheckID"]): row["Output"] for row in json.loads(exchange.body).values()}
    known = {output for output in agents.values() if output}
    for detail in reports[incident].details:
        for check in detail.checks:
            if "own agent" in check["output_source"]:
                assert check["output"] in known


@pytest.mark.parametrize("incident", INCIDENTS)
def test_the_same_bundle_gives_the_same_report(incident):
    made = bundle_of(RECORDINGS[incident])
    assert analyze(made, 1.0) == analyze(made, 1.0)


def test_now_only_moves_what_ages_are_shown_against():
    made = bundle_of(RECORDINGS["app-crash"])
    early, late = analyze(made, 1.0), analyze(made, 9e9)
    assert (early.now, late.now) == (1.0, 9e9)
    assert early.findings == late.findings
    assert early.nodes == late.nodes


def test_the_last_wanted_lines_of_the_log_are_shown_litefs_and_application_together(reports):
    (detail,) = [detail for detail in reports["app-crash"].details if detail.node == "odroid8"]
    (log,) = [log for log in detail.logs if log["stream"] == "stderr"]
    assert len(log["lines"]) == log["wanted"] == 20
    assert any("level=fatal" in line for line in log["lines"])
    assert any("existing primary found" in line for line in log["lines"])


def test_impact_says_what_is_left(reports):
    impact = reports["app-crash"].root_causes[0].impact
    assert (impact["instances"], impact["instances_left"], impact["replicas_left"], impact["writes"]) == (3, 2, 1, "go on")
    assert impact["nodes"] == ["odroid8"]
    assert set(impact["services"]) == {"navidrome", "navidrome-litefs"}


VERDICTS = [
    ("nothing is wrong", {}, Verdict.OK),
    ("a side question had no answer", {"gaps": {"nomad_deployments": {}}}, Verdict.WARNING),
    ("the checks were not seen", {"gaps": {"consul_checks": {"status": "timeout", "cause": "timeout"}}}, Verdict.UNKNOWN),
    ("the allocations did not fit the budget", {"gaps": {"nomad_allocations": {"status": "budget", "cause": ""}}}, Verdict.UNKNOWN),
    ("a node that the spec expects is not there", {"expect": {"nodes": ["n1", "n9"]}}, Verdict.CRITICAL),
    ("fewer nodes than the spec expects", {"expect": {"nodes": 4}}, Verdict.CRITICAL),
    (
        "nobody listed the nodes that the spec expects",
        {"expect": {"nodes": 9}, "gaps": {"nomad_nodes": {}, "consul_members": {}}},
        Verdict.UNKNOWN,
    ),
    ("nobody asked for a service that the spec expects", {"expect": {"services": ["wiki-search"]}}, Verdict.WARNING),
    ("it was left out by a tag", {"expect": {"services": ["wiki-search"], "tags": ["logs"]}}, Verdict.OK),
    ("fewer instances than the spec expects", {"expect": {"instances": 5}}, Verdict.WARNING),
    (
        "Nomad and Consul both say no",
        {"gaps": {"nomad_*": {"status": "denied", "cause": ""}, "consul_*": {"status": "denied", "cause": ""}}},
        Verdict.UNKNOWN,
    ),
]


@pytest.mark.parametrize(("says", "case", "verdict"), VERDICTS, ids=[case[0] for case in VERDICTS])
def test_the_verdict_when(says, case, verdict):
    report = analyze(bundle(case))
    assert report.verdict is verdict, report.headline


def test_missing_expected_nodes_are_named_with_a_remedy():
    (root,) = analyze(bundle({"expect": {"nodes": ["n1", *(f"n{number}" for number in range(20, 27))]}})).root_causes
    assert "neither Nomad nor Consul knows n20, n21, n22, n23, n24 and 2 more, which the spec expects" in root.title
    assert "expect.nodes" in root.remedy
    assert [text for _, text in root.commands] == ["nomad node status", "consul members"]


@pytest.mark.parametrize("unset", ["NOMAD_ADDR, CONSUL_HTTP_ADDR", ""])
def test_an_unset_address_is_reported_as_the_default(unset):
    gaps = {"nomad_*": {"status": "unreachable", "cause": "refused"}, "consul_*": {"status": "unreachable", "cause": "refused"}}
    roots = analyze(bundle({"gaps": gaps, "endpoints": {"unset": unset}})).root_causes
    told = {one.source.partition(" (")[2] for root in roots for one in root.evidence}
    assert told == ({"the default: NOMAD_ADDR is not set)", "the default: CONSUL_HTTP_ADDR is not set)"} if unset else {""})


def test_an_expected_service_without_a_task_is_a_gap():
    (gap,) = analyze(bundle({"expect": {"services": ["wiki-search"]}})).coverage.gaps
    assert gap["reason"] == "the spec expects service wiki-search, and none of its consul_checks tasks asked for it"


def test_what_was_not_seen_is_named():
    report = analyze(bundle({"nodes": {"n2": {"fails": {"status": "timeout", "cause": "timeout", "reason": "it did not answer in time"}}}}))
    assert report.coverage.unseen_nodes == ("n2",)
    assert report.coverage.collected == report.coverage.planned - 1
    assert report.coverage.gaps[0]["status"] == "timeout"
    assert report.verdict is Verdict.WARNING
    assert "n2" in report.headline


def test_a_node_whose_client_tells_its_checks_was_seen():
    denied = {"status": "denied", "cause": "", "reason": "403"}
    silent = {"fails": {"status": "timeout", "cause": "timeout", "reason": "it did not answer in time"}, "log": None, "log_fails": denied}
    told = silent | {"nomad_checks": [{"id": "c-n2", "name": "ping", "service": "wiki", "status": "success"}]}
    assert analyze(bundle({"nodes": {"n2": silent}})).coverage.unseen_nodes == ("n2",)
    assert analyze(bundle({"nodes": {"n2": told}})).coverage.unseen_nodes == ()


def test_a_denied_request_names_the_capability():
    report = analyze(bundle({"gaps": {"nomad_evaluations": {"status": "denied", "cause": "", "code": 403, "reason": "HTTP 403"}}}))
    (root,) = report.root_causes
    assert root.code == "access.denied"
    assert "read-job" in root.title
    assert root.severity is Severity.WARNING


def test_a_single_node_is_not_called_several():
    report = analyze(bundle({"names": ["n1"], "job": {"groups": []}}))
    assert report.headline == "1 node, 1 instance, all well; primary n1"


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ({}, "all well; primary n1"),
        ({"limit": [], "tags": [], "skip_tags": []}, "all well; primary n1"),
        ({"limit": ["n[12]", "n3"]}, "all well as far as was asked (-l n[12] -l n3); primary n1"),
        ({"tags": ["consul"], "skip_tags": ["logs"]}, "all well as far as was asked (-t consul --skip-tags logs); primary n1"),
        ({"limit": "n1", "tags": 3}, "all well; primary n1"),
    ],
)
def test_a_limited_run_says_so_when_all_is_well(expect, told):
    assert analyze(bundle({"expect": expect})).headline.endswith(told)


def test_a_node_shows_the_allocation_that_matters():
    """Of two allocations on a node the unhealthy one, else the one with LiteFS."""

    def shown(restarting: bool):
        made = bundle({})
        allocs = next(result for result in made.results if result.kind == "nomad_allocations")
        other = {**allocs.data[1], "id": ident("other"), "name": "wiki.zfront[0]", "group": "zfront", "create_index": 500}
        if restarting:
            ended = {"type": "Terminated", "time": NOW - 3, "message": "", "details": {}, "exit_code": 1, "signal": 0, "oom_killed": False}
            other["tasks"] = [{**other["tasks"][0], "state": "pending", "restarts": 4, "events": [ended]}]
        allocs.data.append(other)
        return next(row for row in analyze(made).nodes if row.name == "n2").allocation["id"]

    assert shown(restarting=False) == ident("n2")
    assert shown(restarting=True) == ident("other")


@pytest.mark.parametrize(("node", "writes"), [("n1", "blocked"), ("n2", "go on")])
def test_a_primary_without_space_cannot_commit(node, writes):
    line = 'level=INFO msg="fuse: write(): journal error: write /data/litefs/dbs/wiki.db/journal: no space left on device"'
    root = analyze(bundle({"nodes": {node: {"log": [line]}}})).root_causes[0]
    assert (root.code, root.node, root.impact["writes"], root.impact["primary"]) == ("disk.full", node, writes, "n1")


@pytest.mark.parametrize(
    ("line", "writes"),
    [
        ("Error: ENOSPC: no space left on device, write '/cache/x'", "go on"),
        ("sqlite3.OperationalError: database or disk is full", "blocked"),
    ],
)
def test_a_full_disk_of_the_applications_own_stops_no_commit(line, writes):
    ends = [{"type": "Started", "ago": 20}, {"type": "Terminated", "ago": 9, "exit_code": 1}, {"type": "Restarting", "ago": 8}]
    crashing = {"alloc": {"restarts": 6, "client_status": "pending", "state": "pending"}, "events": ends, "log": [line]}
    root = analyze(bundle({"nodes": {"n1": crashing}})).root_causes[0]
    assert (root.code, root.impact["writes"], bool(root.impact["data_at_risk"])) == ("disk.full", writes, writes == "blocked")


def test_a_users_own_rule_says_what_is_at_risk():
    see = {"see": "log", "where": {"message": {"matches": "(?P<file>\\S+) is truncated"}}}
    own = {
        "code": "wiki.cut",
        "summary": "s",
        "scope": "instance",
        "severity": "critical",
        "title": "t",
        "when": see,
        "at_risk": "{file} is short",
    }
    root = analyze(bundle({"rules": [own], "nodes": {"n2": {"log": ["/data/wiki.db is truncated"]}}})).root_causes[0]
    assert (root.code, root.impact["data_at_risk"]) == ("wiki.cut", ["/data/wiki.db is short"])


def test_a_replica_without_space_puts_no_commit_at_risk():
    words = "process ltx stream frame: write ltx file: write /data/dbs/wiki.db/ltx/8.ltx: no space left on device"
    line = f'level=INFO msg="0011: disconnected from primary with error, retrying: {words}"'
    behind = {"lag_seconds": 31.0, "databases": [{"name": "wiki.db", "txid": 7, "checksum": "00000000000000bb"}]}
    root = analyze(bundle({"nodes": {"n2": {"log": [line], "litefs": behind}}})).root_causes[0]
    assert (root.code, root.node, root.impact["data_at_risk"]) == ("disk.full", "n2", [])


@pytest.mark.parametrize(("node", "unwell"), [("n1", True), ("n2", False)])
def test_a_primary_with_an_unhealthy_application_is_marked(node, unwell):
    check = {"ping": {"status": "critical", "output": "HTTP GET http://10.1.0.11:8080/ping: 500 Internal Server Error Output: no"}}
    root = analyze(bundle({"nodes": {node: {"checks": check}}})).root_causes[0]
    assert (root.node, root.impact["writes"], root.impact.get("primary_unwell", False)) == (node, "go on", unwell)


def test_a_primary_that_started_from_scratch_puts_its_replicas_data_at_risk():
    old = {"litefs": {"cluster_id": "LFSC00000000000000BB"}}
    root = analyze(bundle({"nodes": {"n2": old, "n3": old}})).root_causes[0]
    assert root.code == "litefs.cluster-id.mismatch"
    assert any("the only copy of older data" in risk for risk in root.impact["data_at_risk"])


@pytest.mark.parametrize(("expect", "writes"), [({}, "blocked"), ({"limit": ["n2"]}, "unknown")])
def test_a_run_that_is_limited_to_some_nodes_does_not_know_of_other_primaries(expect, writes):
    script = {"ping": {"status": "critical", "type": "script", "output": "3 stale locks"}}
    case = {"expect": expect, "nodes": {"n1": {"litefs": None}, "n2": {"checks": script}, "n3": {"litefs": None}}}
    assert {root.impact["writes"] for root in analyze(bundle(case)).root_causes} == {writes}


def test_a_primary_without_replicas_in_sync_has_the_only_copy():
    behind = {"litefs": {"lag_seconds": 60.0, "databases": [{"name": "wiki.db", "txid": 12, "checksum": "00000000000000bb"}]}}
    root = analyze(bundle({"nodes": {"n2": behind, "n3": behind}})).root_causes[0]
    assert root.code == "litefs.replica.lagging"
    assert "no replica has what the primary n1 holds" in root.impact["data_at_risk"]


def test_only_following_replicas_are_in_sync():
    late = analyze(bundle({"nodes": {"n2": {"litefs": {"lag_seconds": 100.0}}}})).root_causes[0]
    assert (late.code, late.impact["replicas_left"]) == ("litefs.replica.lagging", 1)
    lost = {"role": "none", "is_primary": False, "primary_hostname": ""}
    nodes = {f"n{number}": {"litefs": {**lost, "lag_seconds": 40.0 + number}} for number in (1, 2, 3)}
    none = analyze(bundle({"nodes": nodes, "lease": {"held": False, "hostname": None, "session": None, "session_alive": None}}))
    assert (none.root_causes[0].code, none.root_causes[0].impact["replicas_left"]) == ("litefs.no-primary", 0)


def test_nodes_and_their_causes_are_in_natural_order():
    names = [f"n{number}" for number in (1, 2, 9, 10, 11)]
    script = {"checks": {"ping": {"status": "critical", "type": "script", "output": "3 stale locks"}}}
    report = analyze(bundle({"names": names, "nodes": dict.fromkeys(names[2:], script)}))
    assert [row.name for row in report.nodes] == names
    assert [root.node for root in report.root_causes] == names[2:]


@pytest.mark.parametrize("check", ["node_checks", "checks"])
def test_instances_on_a_node_in_maintenance_are_not_counted_as_left(check: str) -> None:
    maintenance = {"node_checks": "_node_maintenance", "checks": "_service_maintenance:wiki"}[check]
    report = analyze(bundle({"nodes": {"n2": {check: {maintenance: {"status": "critical", "check_id": maintenance, "output": "disk"}}}}}))
    assert {root.impact["instances_left"] for root in report.root_causes} == {2}
