"""A root cause's impact if a node runs several allocations of the job."""

from __future__ import annotations

from copy import deepcopy

import pytest

from collector.analyze import analyze
from collector.analyze.headline import headline
from tests.analysis.bundles import NOW, bundle

ENDS = [
    {"type": "Started", "ago": 9},
    {"type": "Terminated", "ago": 7, "exit_code": 3, "message": "Exit Code: 3"},
    {"type": "Restarting", "ago": 7, "message": "Task restarting in 2s"},
    {"type": "Started", "ago": 5},
    {"type": "Terminated", "ago": 3, "exit_code": 3, "message": "Exit Code: 3"},
    {"type": "Restarting", "ago": 3, "message": "Task restarting in 2s"},
]


def test_a_node_with_two_broken_instances_counts_once():
    sick = {"alloc": {"state": "pending", "restarts": 4, "started_at": None}, "events": ENDS}
    made = bundle({"nodes": {"n2": sick}})
    report = analyze(made)
    (root,) = report.root_causes
    told = headline(report.verdict, (root, root._replace(alloc="another")), report.nodes, report.coverage, made, instances=4)
    assert told == report.headline == f"n2: {root.title}"


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        (["n2"], "n2"),
        (["n10", "n2"], "n2, n10"),
        (["n3", "n1", "n2"], "n1, n2, n3"),
        (["n3", "n1", "n2", "n4"], "n3 and 3 more"),
        (["rack-12.prod.example.org", "rack-11.prod.example.org"], "rack-12.prod.example.org and 1 more"),
    ],
)
def test_the_headline_names_up_to_three_nodes_where_their_names_are_short(nodes: list[str], told: str):
    made = bundle({"nodes": {"n2": {"alloc": {"state": "pending", "restarts": 4, "started_at": None}, "events": ENDS}}})
    report = analyze(made)
    roots = [report.root_causes[0]._replace(node=node) for node in nodes]
    assert headline(report.verdict, roots, report.nodes, report.coverage, made, instances=3) == f"{told}: {roots[0].title}"


def test_a_group_without_services_affects_none() -> None:
    sick = {"alloc": {"state": "pending", "restarts": 4, "started_at": None}, "events": ENDS}
    well, broken = (next(one for one in bundle(case).results if one.kind == "nomad_allocations") for case in ({}, {"nodes": {"n2": sick}}))
    other = deepcopy(next(alloc for alloc in broken.data if alloc["node"] == "n2"))
    other |= {"id": "cccccccc" + other["id"][8:], "name": "wiki.worker[0]", "group": "worker", "ports": [], "create_time": NOW - 60}
    made = bundle({})
    data = [*well.data, other]
    made = made._replace(results=tuple(one._replace(data=data) if one.kind == "nomad_allocations" else one for one in made.results))
    report = analyze(made)
    impact = next(root for root in report.root_causes if root.alloc == other["id"]).impact
    assert (impact["services"], impact["databases"]) == ([], [])


def test_a_service_without_an_allocation_on_the_node_is_not_affected() -> None:
    made = bundle({"nodes": {"n2": {"alloc": {"state": "pending", "restarts": 4, "started_at": None}, "events": ENDS}}})
    asked = next(one for one in made.results if one.kind == "consul_checks" and one.target.service == "wiki")
    own = next(one for one in asked.data["instances"] if one["node"] == "n2") | {"service": "nomad-client", "service_id": "_nomad-client-x"}
    node = asked._replace(
        id="checks@n2", target=asked.target._replace(node="n2", service=None), data={"instances": [own | {"alloc": None}], "checks": []}
    )
    (root,) = analyze(made._replace(results=(*made.results, node))).root_causes
    assert root.impact["services"] == ["wiki", "wiki-litefs"]


@pytest.mark.parametrize(("change", "counts"), [({}, (2, 1)), ({"checks": {"ping": {"status": "critical"}}}, (2, None))])
def test_checks_of_a_lost_agent_count_as_out_of_date(change: dict[str, object], counts: tuple[int, int | None]) -> None:
    gone = {"member": "failed", "serf": "critical", "outputs": False}
    (root,) = analyze(bundle({"nodes": {"n3": {**gone, **change}}})).root_causes
    assert (root.code, root.node) == ("consul.agent.unreachable", "n3")
    assert (root.impact["instances_left"], root.impact.get("instances_unheard")) == counts


def test_no_instance_is_called_well_if_consul_does_not_answer() -> None:
    (root,) = analyze(
        bundle({"gaps": {"consul_*": {"status": "timeout", "cause": "timeout", "reason": "10.1.0.1:8500 did not answer"}}})
    ).root_causes
    assert root.code == "consul.server.unreachable"
    assert (root.impact["instances_left"], root.impact.get("instances_unheard")) == (0, 3)


def test_nomad_checks_do_not_need_a_consul_agent() -> None:
    checks = [{"id": "a1", "name": "ping", "service": "wiki", "status": "success"}]
    own = {"member": "failed", "serf": "critical", "registered": False, "nomad_checks": checks}
    impact = analyze(bundle({"nodes": {"n3": own}})).root_causes[0].impact
    assert (impact["instances_left"], impact.get("instances_unheard")) == (3, None)


@pytest.mark.parametrize(
    ("cause", "lag", "verdict", "writes", "leads"),
    [
        ("unaccepted", 0.9, "warning", "unknown", "n1"),
        ("refused", 0.9, "warning", "unknown", "n1"),
        ("unaccepted", 30.0, "critical", "blocked", None),
        ("timeout", 0.9, "critical", "blocked", None),
    ],
    ids=["a firewall before the collector", "it listens elsewhere", "its replicas hear nothing either", "it has just been frozen"],
)
def test_a_primary_known_from_lease_and_replicas_is_not_gone_if_only_the_collector_cannot_reach_it(cause, lag, verdict, writes, leads):
    nodes = {"n1": {"fails": {"cause": cause}}, **{name: {"litefs": {"lag_seconds": lag}} for name in ("n2", "n3")}}
    report = analyze(bundle({"nodes": nodes}))
    assert (report.verdict, {root.impact["writes"] for root in report.root_causes}) == (verdict, {writes})
    assert report.root_causes[0].impact.get("lease_holder") == leads


def test_no_commit_is_at_risk_where_nothing_ever_ran():
    """The disk with Nomad's own data was full, so the allocation's directory could not be created."""
    why = 'failed to setup alloc: pre-run hook "alloc_dir" failed: mkdir /opt/nomad/alloc/a: no space left on device'
    never = {"client_status": "failed", "state": "dead", "failed": True, "started_at": None, "healthy": False}
    node = {"alloc": never, "litefs": None, "registered": False, "events": [{"type": "Setup Failure", "message": why}]}
    (root,) = analyze(bundle({"nodes": {"n2": node}})).root_causes
    assert root.code == "disk.full"
    assert root.impact["data_at_risk"] == []


def test_transactions_that_a_primary_discarded_from_a_replica_are_at_risk():
    cleared = 'level=INFO msg="client transaction id (2a) exceeds primary transaction id (28), clearing client position"'
    sick = {
        "checks": {"ping": {"status": "critical", "output": "HTTP GET http://10.1.0.11:8080/ping: 500 x Output: y"}},
        "log": [cleared] * 2,
    }
    (root,) = analyze(bundle({"nodes": {"n1": sick}})).root_causes
    assert root.impact["data_at_risk"] == ["transactions of a replica that the primary on n1 lacks were discarded"]


def test_instances_on_a_dead_node_are_not_healthy_whatever_nomad_reports():
    path = {"status": "failed", "cause": "", "code": 404, "reason": "10.1.0.1:4646 answers HTTP 404: No path to node"}
    lost = {"member": "left", "serf": None, "registered": False, "fails": {"status": "unreachable", "cause": "refused"}, "log_fails": path}
    (root,) = analyze(bundle({"nodes": {"n2": lost}})).root_causes
    assert (root.code, root.impact["instances_left"], root.impact["instances"]) == ("node.down", 2, 3)


def test_no_root_calls_data_safe_that_another_root_endangers():
    two = {"litefs": {"role": "primary", "is_primary": True, "primary_hostname": "n3", "lag_seconds": None}}
    sick = {
        "checks": {"ping": {"status": "critical", "output": "HTTP GET http://10.1.0.12:8080/ping: 500 Internal Server Error Output: no"}}
    }
    report = analyze(bundle({"nodes": {"n2": sick, "n3": two}}))
    told = {root.code: root.impact.get("data_at_risk_elsewhere") for root in report.root_causes}
    assert told == {"app.check.http-error": True, "litefs.multiple-primaries": None}


def test_writes_are_blocked_if_the_primarys_application_cannot_write():
    lines = [f'{{"ts": "2027-01-15T07:59:5{n}Z", "err": "unable to open database file"}}' for n in range(5)]
    (root,) = analyze(bundle({"nodes": {"n1": {"log": lines}}})).root_causes
    assert root.impact["writes"] == "blocked"


def test_an_instance_with_a_stuck_litefs_is_not_healthy_whatever_its_checks_say():
    frozen = {"status": "timeout", "cause": "timeout", "reason": "10.1.0.12:20303 did not answer in time", "rungs": ["http", "exec"]}
    root = analyze(bundle({"nodes": {"n2": {"fails": frozen, "checks": {"info": {"status": "passing", "type": "tcp"}}}}})).root_causes[0]
    assert (root.code, root.impact["instances_left"]) == ("litefs.process.hung", 2)


FREE = {"held": False, "session": None, "session_alive": None, "hostname": None, "advertise_url": None}


ALONE = (
    "only n2 has the newest transactions of wiki.db (up to 47; others that answer up to 40), and LiteFS discards them if "
    "another node becomes primary"
)


def without_primary(*last: int) -> dict[str, object]:
    """A cluster without a primary: no LiteFS of it leads, and each has the database up to its transaction in `last`."""
    of = {"role": "none", "is_primary": False, "primary_hostname": "", "lag_seconds": 0.0}
    held = [[{"name": "wiki.db", "txid": txid, "checksum": f"{txid:016x}"}] for txid in last]
    return {"lease": FREE, "nodes": {f"n{number}": {"litefs": {**of, "databases": one}} for number, one in enumerate(held, 1)}}


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ((40, 47, 40), [ALONE]),
        ((47, 47, 40), []),
        ((47, 47, 47), []),
    ],
    ids=["one is ahead of all others", "two are ahead", "all are in step"],
)
def test_what_one_node_alone_holds_is_at_risk_while_nobody_leads(last: tuple[int, ...], told: list[str]):
    root = analyze(bundle(without_primary(*last))).root_causes[0]
    assert (root.code, root.impact["data_at_risk"]) == ("litefs.no-primary", told)
