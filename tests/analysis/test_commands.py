"""The commands that a report tells its reader to type."""

from __future__ import annotations

import re
from typing import Any

import pytest

from collector.analyze import analyze
from collector.analyze.namespaces import NAMESPACED
from collector.model import Finding, Status
from collector.rulebook import shipped
from tests.analysis.bundles import TASK, bundle, ident

SIDECAR = {"state": "running", "log": ["ready"]}
SCRIPT = {"ping": {"status": "critical", "type": "script", "output": "3 stale locks"}}
LATE = {"status": "timeout", "cause": "timeout", "reason": "10.1.0.12:20303 did not answer in time", "rungs": ["http", "exec"]}
LOOP = {"client_status": "pending", "state": "pending", "restarts": 6}
EXITS = [{"type": "Started", "ago": 20}, {"type": "Terminated", "ago": 9, "exit_code": 1}, {"type": "Restarting", "ago": 8}]


def first(case: dict[str, Any]) -> Finding:
    return analyze(bundle(case)).root_causes[0]


def typed(root: Finding) -> list[str]:
    return [text for _, text in root.commands]


def test_the_logs_command_names_a_single_task():
    assert f"nomad alloc logs -stderr {ident('n2')} {TASK}" in typed(first({"nodes": {"n2": {"checks": SCRIPT}}}))


def test_the_logs_command_names_one_of_several_tasks_as_nomad_requires():
    root = first({"lifecycles": {"proxy": "prestart sidecar"}, "nodes": {"n2": {"checks": SCRIPT, "more": {"proxy": SIDECAR}}}})
    assert f"nomad alloc logs -stderr {ident('n2')} {TASK}" in typed(root)


def test_a_hung_litefs_is_restarted_by_the_name_of_its_own_task():
    worse = {"state": "running", "restarts": 1, "events": [{"type": "Started", "ago": 3000}]}
    late = {"info": {"status": "critical", "output": 'Get "http://10.1.0.12:20303/info": context deadline exceeded'}}
    root = first({"nodes": {"n2": {"fails": LATE, "checks": late, "more": {"api": worse}}}})
    assert (root.code, typed(root)[-1]) == ("litefs.process.hung", f"nomad alloc restart {ident('n2')} {TASK}")


SOON, LATE_AGAIN = ({"type": "Restarting", "ago": 9, "details": {"start_delay": str(wait * 10**9)}} for wait in (15, 300))
OVER = {"client_status": "failed", "restarts": 2, "state": "dead", "failed": True}
EVAL = "nomad job eval -force-reschedule wiki"


def ended(alloc: dict[str, Any], then: dict[str, Any]) -> dict[str, Any]:
    return {"alloc": alloc, "events": [*EXITS[:2], then], "log": ["fatal: no such table"], "fails": {}}


@pytest.mark.parametrize(
    ("alloc", "then", "words", "command"),
    [
        (LOOP, LATE_AGAIN, "restarts the instance only in 5 min", f"nomad alloc stop {ident('n2')}"),
        (OVER | {"followup_eval": ident("evaluation")}, EXITS[1], "will place it again after a growing delay", EVAL),
        (OVER, EXITS[1], "run the job with a change", None),
    ],
    ids=["Nomad waits for minutes", "Nomad places another one later", "Nomad places no other one"],
)
def test_an_instance_that_nomad_restarts_late_is_to_be_restarted_manually(alloc, then, words, command):
    root = first({"nodes": {"n2": ended(alloc, then)}})
    assert words in root.remedy
    assert [text for what, text in root.commands if what == "change"] == ([command] if command else [])


def test_a_failed_deployment_keeps_nomad_from_placing_anything_of_its_version_again():
    over = OVER | {"followup_eval": ident("evaluation")}
    root = first({"nodes": {"n2": ended(over, EXITS[1])}, "deployments": [{"status": "failed"}]})
    assert ("run the job with a change" in root.remedy, EVAL in typed(root)) == (True, False)


def of_a_system_job(case: dict[str, Any]) -> Finding:
    made = bundle(case)
    system = (one._replace(data={**one.data, "type": "system"}) if one.kind == "nomad_job" else one for one in made.results)
    return analyze(made._replace(results=tuple(system))).root_causes[0]


def test_a_failed_instance_of_a_system_job_is_placed_again_when_nomad_is_asked_to():
    assert typed(of_a_system_job({"nodes": {"n2": ended(OVER, EXITS[1])}}))[-1] == EVAL


def test_a_stopped_instance_of_a_system_job_is_replaced_when_the_job_is_evaluated():
    root = of_a_system_job({"nodes": {"n2": ended(LOOP, LATE_AGAIN)}})
    assert typed(root)[-2:] == [f"nomad alloc stop {ident('n2')}", "nomad job eval wiki"]


def test_an_instance_below_another_cause_is_to_be_restarted_manually_too():
    root = first(
        {
            "nodes": {
                "n2": {
                    **ended(LOOP, LATE_AGAIN),
                    "log": ["Error: getaddrinfo ENOTFOUND db.service.consul"],
                    "member": "failed",
                    "serf": "critical",
                }
            }
        }
    )
    assert (root.code, typed(root)[-1]) == ("consul.agent.unreachable", f"nomad alloc stop {ident('n2')}")


def test_an_instance_about_to_restart_needs_no_command():
    ends = {"stdout": ["subprocess exited with error code 1, litefs shutting down"]}
    running = {"alloc": {"restarts": 6}, "events": [*EXITS, {"type": "Started", "ago": 4}, *EXITS[1:2], {"type": "Started", "ago": 2}]}
    waits, runs = (first({"nodes": {"n2": {**ended(LOOP, SOON), **ends, **how}}}) for how in ({}, running))
    assert ([what for what, _ in waits.commands], "only in" in waits.remedy) == (["read"], False)
    assert typed(runs)[-1] == f"nomad alloc restart {ident('n2')} {TASK}"


UNLIKE = {
    "n1": {"alloc": LOOP, "events": EXITS, "fails": {}, "log": ["ERROR: cannot open store: open /data: read-only file system"]},
    "n2": {"checks": SCRIPT},
}


def test_a_headline_counts_only_causes_with_the_same_wording():
    report = analyze(bundle({"nodes": UNLIKE}))
    assert [root.code for root in report.root_causes] == ["unknown", "unknown"]
    assert report.headline == f"{report.root_causes[0].node}: {report.root_causes[0].title}"


def test_an_unseen_node_is_no_gap_if_the_spec_ignores_errors():
    made = bundle({"nodes": {"n2": {"fails": {"status": "unreachable", "cause": "refused", "reason": "no"}}}})
    results = (one._replace(ignore_errors=True) if one.status is Status.UNREACHABLE else one for one in made.results)
    assert analyze(made._replace(results=tuple(results))).headline == "nothing wrong was seen; not seen: n2"


@pytest.mark.parametrize(
    "case",
    [
        {"nodes": {"n2": {"checks": {"info": {"status": "critical", "output": "HTTP GET http://10.1.0.12:20303/status: 404 Not Found"}}}}},
        {"gaps": {"consul_lease": {"status": "failed", "cause": "tls", "reason": "certificate has expired"}}},
    ],
    ids=["an endpoint that LiteFS has not", "a certificate"],
)
def test_no_command_has_a_blank_for_its_reader_to_fill_in(case):
    assert not [text for text in typed(first(case)) if re.search(r"\b(?:JOB|HOST|PORT|NODE|ALLOC)\b", text)]


def test_data_not_requested_from_litefs_is_not_reported_as_missing():
    replica = {"cluster_id": None, "primary_hostname": None, "lag_seconds": 40.0}
    quotes = [one.quote for one in first({"nodes": {"n2": {"litefs": replica}}}).evidence]
    assert any("lag 40.0 s" in quote for quote in quotes)
    assert not any("none" in quote or "unknown to it" in quote for quote in quotes)


@pytest.mark.parametrize(("namespace", "option"), [("default", ""), ("prod-eu", " -namespace prod-eu")])
def test_nomad_commands_name_a_namespace_that_is_not_the_default(namespace, option):
    made = bundle({"nodes": {"n2": {"checks": SCRIPT}}})
    for result in made.results:
        if result.kind == "nomad_allocations":
            result.data[:] = [{**row, "namespace": namespace} for row in result.data]
        if result.kind == "nomad_job":
            result.data["namespace"] = namespace
    root = analyze(made).root_causes[0]
    assert f"nomad alloc logs{option} -stderr {ident('n2')} {TASK}" in typed(root)


def test_commands_of_a_cluster_wide_cause_name_the_jobs_namespace():
    made = bundle({"nodes": {"n2": {"litefs": {"role": "primary", "is_primary": True, "lag_seconds": 0.0}}}, "lease": {"held": False}})
    for result in made.results:
        if result.kind == "nomad_job":
            result.data["namespace"] = "team a"
    root = next(one for one in analyze(made).root_causes if one.code == "litefs.multiple-primaries")
    assert typed(root) == ["nomad job inspect -namespace 'team a' wiki"]


WITHOUT_ONE = {"node", "operator", "plugin", "quota", "server"}
"""Commands of Nomad's about what is in no namespace."""


COMMANDS = sorted({text for rule in shipped() for _, text in rule.commands})


@pytest.mark.parametrize("command", [text for text in COMMANDS if text.startswith("nomad ") and "-namespace" not in text])
def test_every_namespaced_command_names_the_namespace(command):
    assert (NAMESPACED.match(command) is None) == (command.split()[1] in WITHOUT_ONE)


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("ls: /data: Transport endpoint is not connected", False),
        ("ERROR: cannot init file system: cannot open file system: mkdir /data: file exists", True),
    ],
)
def test_the_unmount_command_needs_a_known_mount_point(line: str, known: bool):
    root = first({"nodes": {"n2": {"alloc": LOOP, "events": EXITS, "fails": {}, "log": [line]}}})
    assert root.code == "litefs.mount.stale"
    assert [text for text in typed(root) if "fusermount3" in text] == (["ssh n2 fusermount3 -uz /data"] if known else [])


@pytest.mark.parametrize("waits", [True, False], ids=["the primary is lost", "a replica is lost"])
def test_only_replicas_whose_primary_is_lost_are_said_to_wait_for_it(waits):
    lost = {"client_status": "lost", "desired_status": "stop"}
    gone = {
        "nomad": {"status": "down"},
        "member": "failed",
        "serf": "critical",
        "alloc": lost,
        "fails": {"status": "unreachable", "cause": "timeout"},
    }
    late = {"litefs": {"primary_hostname": "n1", "lag_seconds": 40.0}}
    root = first({"nodes": {"n1": gone, "n2": late, "n3": late} if waits else {"n2": gone, "n3": late}})
    assert (root.code, "Replicas still wait for n1" in root.remedy) == ("node.down", waits)
