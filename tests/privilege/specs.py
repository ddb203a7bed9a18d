"""A small spec for each kind, and how to run it with a token."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.hostile.run import Run, call
from tests.privilege.guarded import JOB, KEY, SERVICE, Guarded

NOWHERE = "http://127.0.0.1:1"


def consul_tasks(consul: Guarded) -> dict[str, list[dict[str, Any]]]:
    """Return the tasks of Consul's kinds."""
    node, address = consul.facts["node"], consul.facts["address"]
    shown = {"status": "critical", "output": "", "type": "ttl"}
    checks = [
        {"check_id": "web-ping", "name": "ping", "service": SERVICE, "service_id": "web-1", **shown},
        {"check_id": "disk", "name": "disk", "service": None, "service_id": None, **shown},
    ]
    return {
        "consul_leader": [{"consul_leader": {}}],
        "consul_members": [{"consul_members": {}}],
        "consul_checks": [{"consul_checks": {"service": SERVICE}}, {"consul_checks": {"node": node}}],
        "consul_lease": [{"consul_lease": {"key": KEY}}],
        "check_output": [{"check_output": {"node": node, "address": address, "member": True, "checks": checks}}],
    }


def of_agent(consul: Guarded, services: Sequence[str] = ()) -> dict[str, Any]:
    """Return the task that asks the node's own agent for its checks."""
    where = {"node": consul.facts["node"], "address": consul.facts["address"], "member": True, "services": [*services]}
    return {"consul_checks": where, "try": ["agent"]}


def nomad_tasks(nomad: Guarded) -> dict[str, list[dict[str, Any]]]:
    """Return the tasks of Nomad's kinds, and of LiteFS through `nomad alloc exec`."""
    alloc, mount = nomad.facts["alloc"], nomad.facts["mount"]
    return {
        "nomad_agent": [{"nomad_agent": {}}],
        "nomad_nodes": [{"nomad_nodes": {}}],
        "nomad_job": [{"nomad_job": {"job": JOB}}],
        "nomad_allocations": [{"nomad_allocations": {"job": JOB}}],
        "nomad_evaluations": [{"nomad_evaluations": {"job": JOB}}],
        "nomad_deployments": [{"nomad_deployments": {"job": JOB}}],
        "nomad_logs": [{"nomad_logs": {"alloc": alloc, "task": JOB, "written": True}}],
        "nomad_checks": [{"nomad_checks": {"alloc": alloc}}],
        "litefs_status": [
            {"litefs_status": {"alloc": alloc, "task": JOB, "mount": mount}, "try": [{"exec": ["cat", f"{mount}/.lag"]}]},
        ],
    }


def diagnose(directory: Path, tasks: list[dict[str, Any]], environ: Mapping[str, str]) -> Run:
    """Run `collector diagnose` with these tasks."""
    spec = directory / "spec.yml"
    named = [{"name": f"task {number}", **task} for number, task in enumerate(tasks)]
    spec.write_text(json.dumps({"version": 1, "name": "privilege", "collect": named}), "utf-8")
    reach = {"NOMAD_ADDR": NOWHERE, "CONSUL_HTTP_ADDR": NOWHERE, **environ}
    return call("diagnose", str(spec), "-o", "json", "--deadline", "15s", environ=reach)


def denied(run: Run) -> str:
    """Return what the report says about access, as one text."""
    return json.dumps([cause for cause in run.report["root_causes"] if cause["code"] == "access.denied"])
