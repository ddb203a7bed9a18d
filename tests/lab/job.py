"""The sample job: LiteFS on every node, supervising the application; as JSON for Nomad's API, for faults to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.lab import litefs
from tests.lab.layout import Layout

SECOND = 1_000_000_000
Job = dict[str, Any]


def sample(layout: Layout, command: str, configs: Mapping[str, Mapping[str, Any]]) -> Job:
    """Return the job. `command` is LiteFS's program, `configs` are LiteFS configurations by node name."""
    work = layout.workload
    return {
        "ID": work.job,
        "Name": work.job,
        "Type": "service",
        "Datacenters": ["dc1"],
        "Constraints": [],
        "Update": {
            "MaxParallel": len(layout.nodes),
            "MinHealthyTime": 2 * SECOND,
            "HealthyDeadline": 540 * SECOND,
            "ProgressDeadline": 600 * SECOND,
        },
        "TaskGroups": [_group(layout, command, configs)],
    }


def group(job: Job) -> dict[str, Any]:
    """Return the job's only task group."""
    found: dict[str, Any] = job["TaskGroups"][0]
    return found


def task(job: Job) -> dict[str, Any]:
    """Return the task that runs LiteFS and the application."""
    found: dict[str, Any] = group(job)["Tasks"][0]
    return found


def _group(layout: Layout, command: str, configs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    work = layout.workload
    ports = {"http": work.port, "litefs": work.sync_port}
    return {
        "Name": work.group,
        "Count": len(layout.nodes),
        "Constraints": [{"Operand": "distinct_hosts", "RTarget": "true"}],
        "RestartPolicy": {"Attempts": 20, "Interval": 600 * SECOND, "Delay": 2 * SECOND, "Mode": "delay"},
        "Networks": [{"ReservedPorts": [{"Label": label, "Value": port, "HostNetwork": "node"} for label, port in ports.items()]}],
        "Services": [
            _service(work.service, "http", f"{work.job} ping", work.health_path),
            _service(work.sync_service, "litefs", "litefs status", work.sync_path),
        ],
        "Tasks": [
            {
                "Name": work.task,
                "Driver": "raw_exec",
                "KillTimeout": 3 * SECOND,
                "Config": {"command": command, "args": ["mount", "-config", "local/litefs.yml"]},
                "Templates": [{"DestPath": "local/litefs.yml", "EmbeddedTmpl": _by_node(configs)}],
                "Resources": {"CPU": 100, "MemoryMB": 200},
            }
        ],
    }


def _service(name: str, port: str, check: str, path: str) -> dict[str, Any]:
    return {
        "Name": name,
        "PortLabel": port,
        "Provider": "consul",
        "Checks": [{"Name": check, "Type": "http", "Path": path, "Interval": 3 * SECOND, "Timeout": 2 * SECOND}],
    }


def _by_node(configs: Mapping[str, Mapping[str, Any]]) -> str:
    """Return one template for all nodes, from which each takes the text under its own name."""
    parts = [f'{{{{ if eq (env "node.unique.name") "{name}" }}}}\n{litefs.text(config)}{{{{ end }}}}' for name, config in configs.items()]
    return "".join(parts)
