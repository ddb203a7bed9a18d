"""The shipped spec on the recorded incidents: its requests, to whom, and its longest chain."""

import re

import pytest

from collector.model import Reply, Status
from collector.resources import incident, spec_path
from collector.spec import lint, load_spec
from tests.spec.replayed import Recorded, run

PATH = spec_path("navidrome")
TEXT = PATH.read_text("utf-8")
EVERY_TIME = (
    "nomad_agent",
    "consul_leader",
    "nomad_job",
    "nomad_allocations",
    "nomad_nodes",
    "consul_members",
    "nomad_evaluations",
    "nomad_deployments",
)

LOOKED_INTO = {
    "healthy": set(),
    "drained": set(),
    "exhausted": set(),
    "app-crash": {"odroid8"},
    "app-500": {"odroid8"},
    "litefs-config": {"odroid8"},
    "port-in-use": {"odroid8"},
    "nomad-client-down": {"odroid8"},
    "consul-agent-down": {"odroid8"},
    "orphan-service": {"odroid8"},
    "driver-missing": {"odroid6", "odroid7", "odroid8"},
    "template-blocked": {"odroid6", "odroid7", "odroid8"},
    "status-404": {"odroid6", "odroid7", "odroid8"},
}
"""Nodes whose logs are read, by incident: those with something wrong, and no other."""

LOOKED_AT_TWICE = {
    "healthy": set(),
    "app-crash": set(),
    "advertise-url": {"odroid6", "odroid7", "odroid8"},
    "cluster-id": {"odroid6", "odroid8"},
}
"""Nodes whose LiteFS is sampled twice: those that look unsettled, and the primary."""


def spec(**extra):
    return load_spec(TEXT, str(PATH), extra_vars=extra)


def nodes(results, kind):
    return {result.target.node for result in results if result.kind == kind}


def test_it_has_no_problems() -> None:
    assert lint(TEXT, str(PATH)) == []


def among_many():
    """Return the spec for a cluster of more allocations than are all watched."""
    return spec()._replace(vars={**spec().vars, "watched": 0})


def test_it_names_its_variables_once_and_no_node() -> None:
    assert set(spec().vars) == {"job", "service", "task", "mount", "litefs_port", "lines", "watched", "ask_agents"}
    tasks = re.sub(r"#.*", "", TEXT[TEXT.index("\ncollect:") :])
    assert "navidrome" not in tasks
    assert "odroid" not in TEXT


def test_its_longest_chain_is_four() -> None:
    tasks = spec().tasks
    length: dict[str, int] = {}

    def depth(task) -> int:
        return 1 + max((length.setdefault(name, depth(by_register[name])) for name in task.after), default=0)

    by_register = {task.register: task for task in tasks if task.register}
    assert max(depth(task) for task in tasks) == 4
    assert sum(not task.after for task in tasks) == len(EVERY_TIME)


@pytest.mark.parametrize("name", LOOKED_INTO)
def test_among_many_allocations_logs_are_read_where_something_is_wrong_and_nowhere_else(name) -> None:
    results = run(among_many(), Recorded(incident(name)))
    assert nodes(results, "nomad_logs") == LOOKED_INTO[name]
    assert {result.kind for result in results} >= set(EVERY_TIME)


def test_among_few_allocations_every_log_is_read_once_since_a_fault_can_leave_every_check_green() -> None:
    for name in ("healthy", "app-crash"):
        results = run(spec(), Recorded(incident(name)))
        stderr = [result.target.node for result in results if result.kind == "nomad_logs" and "#" not in result.id]
        assert sorted(filter(None, stderr)) == ["odroid6", "odroid7", "odroid8"]


@pytest.mark.parametrize("name", LOOKED_AT_TWICE)
def test_litefs_is_sampled_again_where_it_looks_unsettled(name) -> None:
    results = run(spec(), Recorded(incident(name)))
    assert {result.target.node for result in results if result.kind == "litefs_status" and "#" in result.id} == LOOKED_AT_TWICE[name]


def test_a_healthy_node_in_a_large_cluster_is_queried_for_litefs_only() -> None:
    sources = Recorded(incident("healthy"))
    results = run(among_many(), sources)
    assert all(result.status is Status.OK for result in results)
    assert sum(path.startswith(("/metrics", "/debug")) for path in sources.asked) == 6
    assert sum(path.startswith("/v1") for path in sources.asked) == 18


def test_without_nomad_consul_locates_litefs() -> None:
    results = run(spec(), Recorded(incident("healthy"), dead=frozenset({"nomad"})))
    states = [result for result in results if result.kind == "litefs_status"]
    assert {(result.target.node, result.status, result.rung) for result in states} == {
        (node, Status.OK, "http") for node in ("odroid6", "odroid7", "odroid8")
    }


def test_without_consul_litefs_and_the_job_are_still_seen() -> None:
    results = run(among_many(), Recorded(incident("app-crash"), dead=frozenset({"consul"})))
    assert nodes(results, "litefs_status") == {"odroid6", "odroid7", "odroid8"}
    assert nodes(results, "nomad_logs") == {"odroid8"}


def test_it_serves_another_application() -> None:
    sources = Recorded(incident("healthy"))
    run(spec(job="wiki", service="web", task="app", mount="/data"), sources)
    assert {"/v1/job/wiki", "/v1/health/service/web", "/v1/kv/litefs/wiki"} <= set(sources.asked)
    assert not any("navidrome" in path for path in sources.asked)


class Leaderless(Recorded):
    """The recorded cluster, whose servers know no leader."""

    def _http(self, request):
        if request.path == "/v1/status/leader":
            return Reply("", Status.FAILED, 500, b"No cluster leader", reason="No cluster leader")
        return super()._http(request)


AGENTS = "Checks of the nodes' own Consul agents, where no leader is known"


@pytest.mark.parametrize(
    ("given", "sources", "asked"),
    [
        ({}, Recorded(incident("healthy")), 0),
        ({"ask_agents": True}, Recorded(incident("healthy")), 3),
        ({"ask_agents": True, "watched": 0}, Recorded(incident("healthy")), 3),
        ({}, Leaderless(incident("healthy")), 3),
        ({}, Recorded(incident("healthy"), dead=frozenset({"consul"})), 3),
        ({"watched": 2}, Leaderless(incident("healthy")), 0),
    ],
    ids=[
        "not while there is a leader",
        "always on request",
        "also in a large cluster",
        "without a leader",
        "without Consul",
        "of few nodes only",
    ],
)
def test_the_nodes_own_agents_are_asked(given, sources, asked) -> None:
    results = run(spec()._replace(vars={**spec().vars, **given}), sources)
    assert sum(result.task == AGENTS for result in results) == asked


def test_without_a_leader_every_server_is_asked_for_itself() -> None:
    results = run(spec(), Leaderless(incident("healthy")))
    asked = {result.task for result in results if result.kind in {"nomad_agent", "consul_leader"}}
    assert asked == {
        *("Nomad servers", "Consul servers"),
        *("Every Nomad server, where no leader is known", "Every Consul server, where no leader is known"),
    }
