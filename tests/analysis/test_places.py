"""Identity of machines and allocations, and how many there should be: names alone are not enough."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from collector.analyze import analyze
from collector.analyze.rows import rows
from collector.model import Attempt, Bundle, Result, Severity, Status
from collector.observe import observe
from tests.analysis.bundles import NOW, TASK, bundle, ident


def changed(made: Bundle, kind: str, change: Callable[[Result], Result]) -> Bundle:
    return made._replace(results=tuple(change(result) if result.kind == kind else result for result in made.results))


def rows_changed(made: Bundle, kind: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any] | None]) -> Bundle:
    return changed(made, kind, lambda result: result._replace(data=[new for row in result.data if (new := change(row)) is not None]))


def roots(made: Bundle) -> list[tuple[str, str | None]]:
    return [(root.code, root.node) for root in analyze(made).root_causes]


# Consul's names and addresses of nodes


def test_a_lease_names_a_node_by_an_ipv6_address_too():
    lease = {"hostname": "0f3a55c1d9e2", "advertise_url": "http://[fd00::b]:20303"}
    made = bundle({"lease": lease})
    made = rows_changed(made, "nomad_nodes", lambda row: {**row, "address": "fd00::b" if row["name"] == "n1" else row["address"]})
    (whole,) = observe(made).observations.of("cluster")
    assert whole.fields["lease_stranger"] is False


def named_apart(made: Bundle) -> Bundle:
    """Consul knows the nodes by their full names, at addresses of another network."""

    def elsewhere(row: Mapping[str, Any], name: str) -> dict[str, Any]:
        moved = {key: str(row[key]).replace("10.1.", "192.168.") for key in ("address", "node_address") if row.get(key)}
        return {**row, name: f"{row[name]}.lan.example", **moved}

    made = rows_changed(made, "consul_members", lambda row: elsewhere(row, "name"))
    return changed(
        made,
        "consul_checks",
        lambda result: result._replace(data={part: [elsewhere(row, "node") for row in rows] for part, rows in result.data.items()}),
    )


def test_a_consul_name_is_the_node_whose_instances_it_has():
    down = {"nodes": {"n2": {"nomad": {"status": "down"}, "alloc": {"client_status": "lost"}, "litefs": None, "fails": {}}}}
    report = analyze(named_apart(bundle(down)))
    assert (report.root_causes[0].code, report.root_causes[0].node) == ("nomad.client.down", "n2")
    assert [row.name for row in report.nodes] == ["n1", "n2", "n3"]


def test_a_consul_name_with_instances_of_two_nodes_is_neither():
    made = named_apart(bundle({}))
    mixed = changed(
        made,
        "consul_checks",
        lambda result: result._replace(data={**result.data, "instances": [{**row, "node": "lb"} for row in result.data["instances"]]}),
    )
    assert observe(mixed).world.node("lb") == "lb"


# Machines of one name


def all_called_ubuntu(made: Bundle) -> Bundle:
    made = rows_changed(made, "nomad_nodes", lambda row: {**row, "name": "ubuntu"})
    made = rows_changed(made, "nomad_allocations", lambda row: {**row, "node": "ubuntu", "address": None, "ports": []})
    return made._replace(
        results=tuple(r._replace(target=r.target._replace(node="ubuntu")) if r.target.node else r for r in made.results),
    )


def test_machines_of_one_name_are_told_apart():
    crash = {"alloc": {"client_status": "failed", "state": "dead", "failed": True, "healthy": False}, "fails": {}, "registered": False}
    report = analyze(all_called_ubuntu(bundle({"nodes": {"n2": crash}})))
    labels = {node: f"ubuntu ({ident('node ' + node)[:8]})" for node in ("n1", "n2", "n3")}
    assert sorted(row.name for row in report.nodes) == sorted(labels.values())
    assert {row.name: row.address for row in report.nodes} == {labels[node]: f"10.1.0.1{node[1]}" for node in labels}
    assert {root.node for root in report.root_causes} == {labels["n2"]}


def twin(made: Bundle, **other: Any) -> Bundle:
    """Return a second node named n2."""
    rows = next(result for result in made.results if result.kind == "nomad_nodes").data
    return changed(made, "nomad_nodes", lambda r: r._replace(data=[*r.data, {**rows[1], "id": ident("twin"), "modify_index": 0, **other}]))


def test_a_machine_that_is_down_is_not_hidden_by_another_of_its_name():
    assert roots(twin(bundle({}), address="10.1.0.99", status="down")) == [("node.down", f"n2 ({ident('twin')[:8]})")]


def test_a_node_that_was_set_up_anew_is_one_machine():
    assert roots(twin(bundle({}), status="down")) == []


# Allocations of one name: hashicorp/nomad 5879, 10727


def test_running_allocations_of_one_name_all_count():
    assert roots(bundle({"nodes": {"n2": {"alloc": {"name": "wiki.web[0]"}}}})) == []


GIVEN_UP = {"client_status": "failed", "state": "dead", "failed": True, "healthy": False, "name": "wiki.web[0]", "create_index": 100}


@pytest.mark.parametrize(
    ("says", "change", "expected"),
    [
        ("another has its name", {}, [("unknown", "n2")]),
        ("another came after it", {"next": ident("n1")}, [("unknown", None)]),
    ],
)
def test_a_failed_allocation_is_not_replaced_by_a_mere_namesake(says, change, expected):
    nodes = {"n1": {"alloc": {"create_index": 120}}, "n2": {"alloc": {**GIVEN_UP, **change}, "registered": False, "litefs": None}}
    assert roots(bundle({"nodes": nodes})) == expected, says


def test_a_failed_allocation_is_history_if_none_is_missing():
    older = {**GIVEN_UP, "id": "old", "name": "wiki.web[1]", "create_index": 50}
    assert roots(bundle({"nodes": {"n1": {"older": [older]}}})) == []


def test_a_canary_fills_no_place():
    """A canary exists beside the old allocations until it is promoted, with the name of one of them."""
    nodes = {"n2": {"alloc": {"canary": True, "name": "wiki.web[0]", "create_index": 200}}}
    group = observe(bundle({"nodes": nodes})).observations.of("group")[0]
    assert (group.fields["live"], group.fields["missing"]) == (2, 1)


def test_a_canary_that_has_failed_hides_no_instance_that_is_missing():
    nodes = {"n2": {"alloc": {**GIVEN_UP, "canary": True, "name": "wiki.web[0]", "create_index": 200}}}
    group = observe(bundle({"nodes": nodes})).observations.of("group")[0]
    assert (group.fields["live"], group.fields["missing"]) == (2, 1)


# Services


def with_groups(made: Bundle, *groups: Mapping[str, Any]) -> Bundle:
    def more(result: Result) -> Result:
        first = result.data["groups"][0]
        return result._replace(data={**result.data, "groups": [{**first, **group} for group in groups]})

    return changed(made, "nomad_job", more)


def service(made: Bundle) -> tuple[int, int]:
    fields = observe(made).observations.of("service", service="wiki")[0].fields
    return fields["expected"], fields["missing"]


def test_a_service_of_two_groups_is_expected_as_often_as_both_have_instances():
    assert service(with_groups(bundle({}), {}, {"name": "more", "count": 1})) == (4, 1)


def test_a_service_that_a_group_registers_for_two_ports_is_expected_twice():
    made = bundle({})
    ping, info = next(result for result in made.results if result.kind == "nomad_job").data["groups"][0]["services"]
    assert service(with_groups(made, {"services": [ping, {**ping, "port_label": "admin"}, info]})) == (6, 3)
    assert service(with_groups(made, {"services": [ping, ping, info]})) == (3, 0)


def test_a_missing_registration_is_explained_by_what_removed_the_instance():
    full = {"log": ['level=INFO msg="fatal error occurred while committing WAL to \\"wiki.db\\": write: no space left on device"']}
    loop = [{"type": "Started", "ago": 40}, {"type": "Terminated", "ago": 20, "exit_code": 1}, {"type": "Started", "ago": 5}]
    drained = {
        "nomad": {"draining": True, "eligibility": "ineligible", "drained": True},
        "alloc": {"client_status": "complete", "state": "dead", "desired_status": "stop", "desired_description": "alloc is being migrated"},
        "registered": False,
        "litefs": None,
    }
    report = analyze(bundle({"nodes": {"n1": {**full, "alloc": {"restarts": 1}, "events": loop}, "n2": drained}}))
    assert {root.code for root in report.root_causes} == {"disk.full", "nomad.node.draining"}
    by = {finding.explained_by for finding in report.findings if finding.code == "symptom.service-short"}
    assert by == {"nomad.node.draining@n2"}
    assert {root.impact["writes"] for root in report.root_causes} == {"blocked"}
    assert {(root.impact["instances_left"], root.impact["instances"]) for root in report.root_causes} == {(2, 3)}


# Clocks, leaders, starts


def test_an_item_that_took_long_accuses_no_clock():
    """LiteFS sent its time at once, while another request of the item ran into its deadline."""
    made = bundle({})
    slow = changed(made, "litefs_status", lambda r: r._replace(seconds=9.0) if r.target.node == "n2" else r)
    assert roots(slow) == []
    off = bundle({"nodes": {"n2": {"litefs": {"date": NOW - 6, "lag_seconds": -5.6}}}})
    assert roots(off) == [("clock.skew", "n2")]
    vague = bundle({"nodes": {"n2": {"litefs": {"date": NOW - 6, "date_within": 3.0}}}})
    assert roots(vague) == []


@pytest.mark.parametrize(
    ("attempts", "status", "leader"),
    [
        (("No cluster leader", None), Status.OK, True),
        (("No cluster leader", "No cluster leader"), Status.FAILED, False),
    ],
)
def test_a_leader_missing_for_a_moment_is_present(attempts, status, leader):
    tried = tuple(Attempt("api", Status.FAILED if why else Status.OK, why or "", 0.1, (), "", 500 if why else 200) for why in attempts)
    made = changed(bundle({}), "nomad_evaluations", lambda r: r._replace(attempts=tried, status=status))
    server = next(one for one in observe(made).observations.of("server") if one.fields["system"] == "nomad")
    assert server.fields["leader"] is leader


def test_a_leader_that_answered_later_is_present():
    tried = (Attempt("api", Status.FAILED, "No cluster leader", 0.1, (), "", 500),)
    made = changed(bundle({}), "nomad_evaluations", lambda r: r._replace(attempts=tried, status=Status.FAILED, started_at=NOW - 1))
    later = changed(made, "nomad_nodes", lambda r: r._replace(started_at=NOW - 0.5))
    for one, leader in ((made, False), (later, True)):
        server = next(seen for seen in observe(one).observations.of("server") if seen.fields["system"] == "nomad")
        assert server.fields["leader"] is leader


CHECKED = {"n2": {"nomad_checks": [{"id": "c-n2", "name": "ping", "service": "wiki", "status": "success"}]}}


def test_what_a_client_answers_later_does_not_show_a_leader():
    """A server without a leader passes such a request on, too (Nomad's nomad/client_alloc_endpoint.go: AllowStale)."""
    tried = (Attempt("api", Status.FAILED, "No cluster leader", 0.1, (), "", 500),)
    made = changed(
        bundle({"nodes": CHECKED}), "nomad_evaluations", lambda r: r._replace(attempts=tried, status=Status.FAILED, started_at=NOW - 1)
    )
    later = changed(made, "nomad_checks", lambda r: r._replace(started_at=NOW - 0.5))
    server = next(seen for seen in observe(later).observations.of("server") if seen.fields["system"] == "nomad")
    assert server.fields["leader"] is False


def test_a_checks_task_is_the_one_with_the_longest_matching_name():
    web = {"web": {"events": [{"type": "Started", "ago": 10}]}, "web-proxy": {"events": [{"type": "Started", "ago": 1000}]}}
    own = f"_nomad-task-{ident('n2')}-web-proxy-wiki-http"
    check = {"status": "critical", "service_id": own, "modify_index": 1, "output": "connection refused"}
    seen = observe(bundle({"nodes": {"n2": {"more": web, "checks": {"ping": check}}}}))
    assert next(one for one in seen.checks if one.row["service_id"] == own).began.since == NOW - 1000


# The allocation shown for a node with two


def second(made: Bundle) -> Bundle:
    """Return a further allocation on n1, in a restart loop, whose LiteFS does not answer."""
    events = [
        {"type": kind, "time": NOW - ago, "message": "", "details": {}, "exit_code": code, "signal": None, "oom_killed": None}
        for kind, ago, code in (("Started", 20, None), ("Terminated", 5, 1), ("Restarting", 5, None))
    ]

    def more(result: Result) -> Result:
        one = next(row for row in result.data if row["node"] == "n1")
        tasks = [{**one["tasks"][0], "state": "pending", "restarts": 4, "events": events}]
        new = {**one, "id": ident("second"), "name": "wiki.web[3]", "create_index": 101, "client_status": "pending", "restarts": 4}
        return result._replace(data=[*result.data, {**new, "tasks": tasks, "modify_time": NOW - 5}])

    made = with_groups(changed(made, "nomad_allocations", more), {"count": 4})
    first = next(result for result in made.results if result.kind == "litefs_status")
    attempts = (Attempt("http", Status.UNREACHABLE, "refused", 0.1, (), "refused"),)
    target = first.target._replace(alloc=ident("second"), task=TASK)
    silent = first._replace(id="litefs2", target=target, status=Status.UNREACHABLE, rung=None, data=None, attempts=attempts)
    return made._replace(results=(*made.results, silent))


def test_a_node_is_represented_by_its_worst_allocation():
    many = [{"type": "Started", "ago": 3600 - number, "message": f"x{number}"} for number in range(12)]
    report = analyze(second(bundle({"nodes": {"n1": {"events": many}}})))
    row = next(one for one in report.nodes if one.name == "n1")
    detail = next(one for one in report.details if one.node == "n1")
    assert row.allocation
    assert row.allocation["id"] == ident("second")
    assert detail.litefs
    assert detail.litefs["item"] == "litefs2"
    assert [one["alloc"] for one in detail.events[:3]] == [ident("second")] * 3


def test_a_row_has_the_worst_severity_of_its_findings():
    seen = observe(bundle({}))
    found = analyze(bundle({"nodes": {"n2": {"litefs": {"lag_seconds": 5.0}}}})).root_causes[0]
    for order in ((Severity.WARNING, Severity.INFO), (Severity.INFO, Severity.WARNING)):
        table = rows(seen, [found._replace(severity=severity) for severity in order])
        assert next(row for row in table if row.name == "n2").severity is Severity.WARNING


def test_a_canary_without_a_node_name_is_still_a_canary() -> None:
    made = bundle({})
    unnamed = {"id": "cccccccc-0", "name": "wiki.web[3]", "canary": True, "node": "", "create_index": 300}
    made = changed(made, "nomad_allocations", lambda result: result._replace(data=[*result.data, {**result.data[0], **unnamed}]))
    (canary,) = [one for one in observe(made).observations.of("instance") if one.scope["alloc"] == "cccccccc-0"]
    assert (canary.fields["canary"], canary.fields["spare"]) == (True, True)
