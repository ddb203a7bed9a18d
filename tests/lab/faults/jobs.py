"""Faults in the job: the sample job is registered again with an error in it, mostly for the last node."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

from tests.lab import machines
from tests.lab.cluster import Lab
from tests.lab.job import Job, group, task
from tests.lab.layout import Machine

ALL = "all"


def victim(lab: Lab) -> Machine:
    """Return the node for faults of a single node."""
    return lab.layout.nodes[-1]


def app(mode: str) -> Callable[[Lab], str]:
    """The application in one of its modes."""

    def inject(lab: Lab) -> str:
        node = victim(lab).name
        lab.run(lab.sample(modes={node: mode}))
        return node

    return inject


def write_on_replica(lab: Lab) -> str:
    """Only the first node may become primary, so that the last one is certainly a replica."""
    node = victim(lab).name
    lab.run(lab.sample(_candidates(lab, lab.layout.nodes[0].name), modes={node: "write-on-replica"}))
    return node


def port_in_use(lab: Lab) -> str:
    """Another process in the node's namespace listens on LiteFS's port."""
    lab.stop_job()
    node = victim(lab)
    squat = [sys.executable, "-m", "http.server", "--bind", node.address, str(lab.layout.workload.sync_port)]
    subprocess.Popen(
        machines.within(lab.resident(node.name), squat), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    lab.run(lab.sample())
    return node.name


def driver_missing(lab: Lab) -> str:
    """A command that exists on no node."""
    return _task(lab, Config={"command": "/opt/litefs/bin/litefs", "args": ["mount"]})


def artifact_failed(lab: Lab) -> str:
    """An artifact from a port without a listener."""
    return _task(lab, Artifacts=[{"GetterSource": f"http://{lab.layout.server.address}:9/music.tar.gz"}])


def template_blocked(lab: Lab) -> str:
    """An additional template besides LiteFS's own."""
    key = f"{lab.layout.workload.job}/settings"
    wanted = lab.sample()
    task(wanted)["Templates"].append({"DestPath": "local/settings", "EmbeddedTmpl": f'{{{{ key "{key}" }}}}'})
    lab.run(wanted)
    return ALL


def exhausted(lab: Lab) -> str:
    """More memory than the client offers."""
    lab.stop_job()
    _task(lab, Resources={"CPU": 100, "MemoryMB": 9000})
    return ""


def filtered(lab: Lab) -> str:
    """An architecture that this machine does not have."""
    lab.stop_job()
    wanted = lab.sample()
    wanted["Constraints"].append({"LTarget": "${attr.cpu.arch}", "RTarget": "riscv128", "Operand": "="})
    lab.run(wanted)
    return ""


def status_check(lab: Lab) -> str:
    """The path in older guides."""
    wanted = lab.sample()
    group(wanted)["Services"][1]["Checks"][0]["Path"] = "/status"
    lab.run(wanted)
    return ALL


def litefs_config(lab: Lab) -> str:
    """A field that does not exist in any version."""
    return _changed(lab, {"replicate-mode": "fast"})


def lease_unreachable(lab: Lab) -> str:
    """A port of the server without a listener."""
    return _changed(lab, {"lease": {"consul": {"url": f"http://{lab.layout.server.address}:8599"}}})


def no_candidate(lab: Lab) -> str:
    """No node may become primary."""
    lab.run(lab.sample(_candidates(lab)))
    return ""


def two_primaries(lab: Lab) -> str:
    """Static leases: the first two nodes are candidates, and so primaries; the last one follows the first."""
    first, second, last = (node.name for node in lab.layout.nodes[:3])
    static: dict[str, Any] = {"type": "static", "consul": None}
    follow = {"candidate": False, "hostname": first, "advertise-url": lab.configs()[first]["lease"]["advertise-url"]}
    lab.run(lab.sample({first: {"lease": static}, second: {"lease": static}, last: {"lease": static | follow}}))
    return ""


def advertise_url(lab: Lab) -> str:
    """Names that only a resolver of the local network would know."""
    port = lab.layout.workload.sync_port
    lab.run(lab.sample({node.name: {"lease": {"advertise-url": f"http://{node.name}.invalid:{port}"}} for node in lab.layout.nodes}))
    return "replicas"


def _changed(lab: Lab, changes: dict[str, Any]) -> str:
    node = victim(lab).name
    lab.run(lab.sample({node: changes}))
    return node


def _candidates(lab: Lab, *names: str) -> dict[str, dict[str, Any]]:
    return {node.name: {"lease": {"candidate": node.name in names}} for node in lab.layout.nodes}


def _task(lab: Lab, **changes: Any) -> str:
    wanted: Job = lab.sample()
    task(wanted).update(changes)
    lab.run(wanted)
    return ALL
