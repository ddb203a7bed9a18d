from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.analyze import analyze
from collector.analyze.causes import connect
from collector.analyze.engine import Engine
from collector.model import Severity
from collector.observe import TOPICS
from collector.observe.observation import Observation, Observations
from collector.rulebook.rule import compile_rule
from tests.analysis.bundles import bundle

CODES = [f"c.{letter}" for letter in "abcdef"] + ["symptom.x", "symptom.y"]


def rule(code, explains, directness=3, severity="critical", *, last_resort=False, explained_by=None):
    links = [{"of": of, "codes": codes} for of, codes in explains if codes]
    return compile_rule(
        {
            "code": code,
            "summary": "s",
            "scope": "node",
            "severity": severity,
            "directness": directness,
            "when": {"see": "node"},
            "title": code,
            "last_resort": last_resort,
            **({"explains": links} if links else {}),
            **({} if explained_by is None else {"explained_by": explained_by}),
        }
    )


def causes(rules):
    seen = Observations()
    for name in ("n1", "n2"):
        seen.add(Observation("node", {"node": name}, {}, quote="q", source="s", item="i"))
    engine = Engine(seen, TOPICS)
    return connect(*engine.run(rules), engine, seen)


link = st.tuples(st.sampled_from(["node", "instance", "cluster", "elsewhere"]), st.lists(st.sampled_from(CODES), max_size=4))
some_rules = st.lists(st.builds(rule, st.sampled_from(CODES), st.lists(link, max_size=2), st.integers(1, 5)), min_size=1, max_size=10)


@given(some_rules)
def test_every_finding_ends_at_a_root_that_is_no_symptom(rules):
    found = causes(rules)
    roots = {root.id for root in found.roots}
    assert roots
    for finding in found.findings:
        assert (finding.explained_by is None) == (finding.id in roots)
        assert finding.explained_by is None or finding.explained_by in roots
    assert not any(root.code.startswith("symptom.") for root in found.roots)
    assert len({finding.id for finding in found.findings}) == len(found.findings)


def test_what_a_last_resort_explains_moves_below_what_explains_the_last_resort():
    told = causes([rule("c.a", [("node", ["c.b"])]), rule("c.b", [("node", ["c.c"])], last_resort=True), rule("c.c", [])])
    assert [(one.id, one.explained_by) for one in told.findings if one.node == "n1"] == [("c.a@n1", None), ("c.c@n1", "c.a@n1")]
    assert told.roots[0].explains == ("c.c@n1",)


def test_a_finding_with_explained_by_has_no_other_explanation():
    rules = [rule("c.a", [("node", ["c.c"])]), rule("c.b", [("cluster", ["c.c"])]), rule("c.c", [], 4, explained_by=["c.b"])]
    assert {one.id: one.explained_by for one in causes(rules).findings}["c.c@n1"] == "c.b@n1"
    alone = rule("c.c", [], 4, explained_by=[])
    assert {one.id: one.explained_by for one in causes([*rules[:2], alone]).findings}["c.c@n1"] is None
    less_direct = rule("c.c", [], 2, explained_by=[])
    assert {one.id: one.explained_by for one in causes([*rules[:2], rule("c.c", []), less_direct]).findings}["c.c@n1"] == "c.a@n1"


@given(some_rules)
def test_a_root_lists_what_it_explains_and_nothing_else(rules):
    found = causes(rules)
    for root in found.roots:
        assert set(root.explains) == {finding.id for finding in found.findings if finding.explained_by == root.id}


def test_the_nearest_explanation_wins():
    found = causes([rule("c.a", [("cluster", ["symptom.x"])], 5), rule("c.b", [("node", ["symptom.x"])], 1), rule("symptom.x", [])])
    assert {f.explained_by for f in found.findings if f.code == "symptom.x"} == {"c.b@n1", "c.b@n2"}


def test_what_no_rule_explains_is_unknown_by_node():
    found = causes([rule("symptom.x", [])])
    assert [(root.code, root.node) for root in found.roots] == [("unknown", "n1"), ("unknown", "n2")]


def test_a_critical_cause_comes_before_a_warning_that_explains_more():
    found = causes(
        [
            rule("c.a", [("node", ["symptom.x", "symptom.y"])], 5, "warning"),
            rule("c.b", [], 1),
            rule("symptom.x", []),
            rule("symptom.y", []),
        ]
    )
    assert [root.code for root in found.roots] == ["c.b", "c.b", "c.a", "c.a"]


def test_two_independent_faults_are_two_roots():
    boom = {"status": "critical", "output": "HTTP GET http://10.1.0.13:8080/ping: 500 Internal Server Error Output: x"}
    report = analyze(bundle({"nodes": {"n2": {"member": "failed", "serf": "critical"}, "n3": {"checks": {"ping": boom}}}}))
    assert {(root.code, root.node) for root in report.root_causes} == {("consul.agent.unreachable", "n2"), ("app.check.http-error", "n3")}
    assert {root.severity for root in report.root_causes} == {Severity.CRITICAL}


def test_ruled_out_causes_are_reported():
    blocked = [
        {"status": "blocked", "trigger": "queued-allocs", "failed": {"nodes_filtered": 2, "constraint_filtered": {"distinct_hosts": 2}}},
        {"status": "complete", "trigger": "node-update", "failed": {"nodes_filtered": 2, "constraint_filtered": {"distinct_hosts": 2}}},
    ]
    gone = {"nomad": {"status": "down"}, "alloc": {"client_status": "lost", "desired_status": "stop"}}
    report = analyze(bundle({"evaluations": blocked, "nodes": {"n2": gone}}))
    assert report.root_causes[0].code == "nomad.client.down"
    assert ("nomad.placement.filtered", None) in {(one.code, one.node) for one in report.ruled_out}
    assert all(one.because for one in report.ruled_out)


FROZEN = {
    "fails": {"status": "timeout", "cause": "timeout", "reason": "10.1.0.11:20303 did not answer in time"},
    "checks": {"info": {"status": "critical", "output": 'Get "http://10.1.0.11:20303/info": context deadline exceeded'}},
}
STARTED = ["connected to cluster, ready", "starting background subprocess: /srv/wiki []"]
GET = 'Get "http://10.1.0.13:8080/ping": '


@pytest.mark.parametrize(
    ("says", "there", "output", "beside"),
    [
        (
            "a port is closed, and the spec does not ask its LiteFS",
            {"litefs": None, "log": STARTED},
            "connection refused",
            "app.check.refused",
        ),
        ("nothing says that LiteFS has started what should listen", {"litefs": None, "log": STARTED[:0]}, "no route to host", "unknown"),
        ("a proxy waits", {"litefs": {"lag_seconds": 40.0}}, "context deadline exceeded (Client.Timeout exceeded)", None),
        ("its own data lags", {"litefs": {"lag_seconds": 40.0}}, "connection refused", None),
    ],
)
def test_a_frozen_primary_explains_on_other_nodes_only_what_waits_for_it(says, there, output, beside):
    sick = {**there, "checks": {"ping": {"status": "critical", "output": GET + output}}}
    roots = [(root.code, root.node) for root in analyze(bundle({"nodes": {"n1": FROZEN, "n3": sick}})).root_causes]
    assert roots == [("litefs.process.hung", "n1"), *([(beside, "n3")] if beside else [])], says


SILENT = {
    "fails": {"status": "timeout", "cause": "timeout", "reason": "10.1.0.11:20303 did not answer in time"},
    "checks": {"info": {"status": "critical", "output": 'Get "http://10.1.0.11:20303/info": context deadline exceeded'}},
}
SORRY = {
    "checks": {"ping": {"status": "critical", "output": "HTTP GET http://10.1.0.12:8080/ping: 500 Internal Server Error Output: sorry"}}
}
LACKING = {"databases": [{"name": "wiki.db", "txid": 31, "checksum": "00000000000000ab"}]}


@pytest.mark.parametrize(
    ("n2", "n3", "expected"),
    [
        ({"lag_seconds": 50.0}, {"lag_seconds": 50.0}, {"litefs.process.hung", "app.check.http-error"}),
        ({"lag_seconds": 50.0}, {"lag_seconds": 12.0}, {"litefs.process.hung"}),
        ({"lag_seconds": 50.0, **LACKING}, {"lag_seconds": 50.0}, {"litefs.process.hung"}),
    ],
    ids=["it stands as the other one does", "the other one may not have been asked since", "it lacks what the other one has"],
)
def test_an_error_is_not_blamed_on_the_missing_primary_if_another_replica_works(n2, n3, expected) -> None:
    report = analyze(bundle({"nodes": {"n1": SILENT, "n2": {"litefs": n2, **SORRY}, "n3": {"litefs": n3}}}))
    assert {root.code for root in report.root_causes} == expected


@pytest.mark.parametrize(("code", "beside"), [(404, True), (500, False)])
@pytest.mark.parametrize(
    "n1", [SILENT, {"litefs": {"role": "none", "is_primary": False, "primary_hostname": ""}}], ids=["frozen", "no primary"]
)
def test_a_wrong_path_is_not_blamed_on_old_data_nor_on_the_missing_primary(code, beside, n1) -> None:
    says = {"ping": {"status": "critical", "output": f"HTTP GET http://10.1.0.12:8080/ping: {code} No Output: sorry"}}
    sick = {"litefs": {"lag_seconds": 50.0, "primary_hostname": "n1" if n1 is SILENT else ""}, "checks": says}
    report = analyze(bundle({"nodes": {"n1": n1, "n2": sick, "n3": sick}}))
    assert ("app.check.http-error" in {root.code for root in report.root_causes}) is beside


WITHOUT = {"role": "none", "is_primary": False, "primary_hostname": "", "lag_seconds": 50.0}
NO_LEASE = {"held": False, "session": None, "session_alive": None, "hostname": None, "advertise_url": None}


@pytest.mark.parametrize(("output", "beside"), [("connection refused", "app.check.refused"), ("no route to host", "unknown")])
@pytest.mark.parametrize(("n1", "lease", "named"), [(SILENT, {}, "n1"), ({"litefs": WITHOUT}, NO_LEASE, "")])
def test_a_closed_port_is_not_blamed_on_the_missing_primary_if_another_replica_listens(n1, lease, named, output, beside) -> None:
    waits = {"litefs": {"lag_seconds": 50.0, "primary_hostname": named}}
    sick = {**waits, "checks": {"ping": {"status": "critical", "output": GET + output}}}
    report = analyze(bundle({"nodes": {"n1": n1, "n2": waits, "n3": sick}, "lease": lease}))
    assert {root.code for root in report.root_causes} == {"litefs.no-primary" if lease else "litefs.process.hung", beside}


NOBODY_LEADS = {"role": "none", "is_primary": False, "primary_hostname": "", "lag_seconds": 0.0}


def test_a_shared_fault_does_not_explain_an_unrelated_error_of_one_instance():
    answer = {"status": "critical", "output": "HTTP GET http://10.1.0.12:8080/ping: 500 Internal Server Error Output: sorry"}
    nodes = {node: {"litefs": NOBODY_LEADS} for node in ("n1", "n3")}
    nodes["n2"] = {"litefs": NOBODY_LEADS, "checks": {"ping": answer}, "log": ["Oops: TypeError in render_index"]}
    consul = {"leader": None, "known_leader": False, "leader_error": "No cluster leader"}
    report = analyze(bundle({"nodes": nodes, "lease": NO_LEASE, "consul": consul}))
    assert [(root.code, root.node) for root in report.root_causes] == [("consul.no-leader", None), ("app.check.http-error", "n2")]


def test_a_dead_agent_does_not_explain_a_missing_primary_if_its_node_is_no_candidate():
    nodes = {node: {"litefs": {**NOBODY_LEADS, "candidate": False}} for node in ("n1", "n2", "n3")}
    nodes["n1"] |= {"member": "failed", "serf": "critical"}
    report = analyze(bundle({"nodes": nodes, "lease": NO_LEASE}))
    assert {(root.code, root.node) for root in report.root_causes} == {("litefs.no-primary", None), ("consul.agent.unreachable", "n1")}


@pytest.mark.parametrize("gone", [("n3",), ("n2", "n3")], ids=["two of three are left", "one of three is left"])
def test_nodes_explain_a_missing_leader_only_if_too_many_servers_went_with_them(gone) -> None:
    refused = {"status": "timeout", "cause": "timeout", "reason": "10.1.0.12:20303 did not accept a connection in time"}
    lost = {"serves": True, "member": "failed", "serf": "critical", "nomad": {"status": "down"}, "fails": refused}
    nodes = {name: lost if name in gone else {"serves": True} for name in ("n1", "n2", "n3")}
    consul = {"leader": None, "leader_error": "No cluster leader", "known_leader": False}
    roots = {root.code for root in analyze(bundle({"consul": consul, "nodes": nodes})).root_causes}
    assert ("consul.no-leader" in roots) == (len(gone) == 1)
    assert "node.down" in roots


@pytest.mark.parametrize(("answers", "beside"), [(True, ["litefs.no-primary"]), (False, [])], ids=["answers", "silent"])
def test_a_lost_client_explains_the_missing_primary_only_if_its_litefs_might_become_it(answers, beside) -> None:
    """With no candidate among those that answer, the one that does not answer may be one."""
    waits = {"role": "none", "is_primary": False, "primary_hostname": "", "lag_seconds": 0.0, "candidate": False}
    lost = {"nomad": {"status": "down"}, "alloc": {"client_status": "lost", "desired_status": "stop"}, "litefs": waits}
    silent = {"litefs": None, "fails": {"status": "unreachable", "cause": "refused"}}
    nodes = {"n1": {"litefs": waits}, "n2": lost | ({} if answers else silent), "n3": {"litefs": waits}}
    roots = analyze(bundle({"nodes": nodes, "lease": NO_LEASE})).root_causes
    assert [root.code for root in roots] == ["nomad.client.down", *beside]


UNPULLED = {
    "group": "ui",
    "name": "wiki.ui[0]",
    "id": "3f5a1c0e-0000-4000-8000-000000000077",
    "started_at": None,
    "healthy": False,
    "client_status": "failed",
    "state": "dead",
    "failed": True,
    "events": [{"type": "Driver Failure", "ago": 30, "message": "Failed to pull `reg.lan/ui:2`: manifest unknown"}],
}


def test_another_groups_instance_beside_a_primary_that_answers_delays_no_replica() -> None:
    groups = [{"name": name, "count": count} for name, count in (("web", 3), ("ui", 1))]
    parts = {"network_mode": "host", "ports": [], "constraints": [], "services": [], "tasks": []}
    behind = {"lag_seconds": 30.0, "databases": [{"name": "wiki.db", "txid": 10, "checksum": "00000000000000ab"}]}
    report = analyze(
        bundle({"job": {"groups": [group | parts for group in groups]}, "nodes": {"n1": {"older": [UNPULLED]}, "n3": {"litefs": behind}}})
    )
    assert {(root.code, root.node) for root in report.root_causes} == {("nomad.image.failed", "n1"), ("litefs.replica.lagging", "n3")}
    assert not any(root.impact.get("primary_unwell") for root in report.root_causes)
