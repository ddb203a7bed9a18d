"""The lab's cluster: boots, queries and stops it, across several calls of the program."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.lab import agents, job, litefs, machines
from tests.lab.binaries import Binary, find
from tests.lab.layout import Layout, Machine, Workload

HOME = Path(os.environ.get("LAB_DIR") or Path(tempfile.gettempdir()) / "collector-lab")
DATA_SIZE = "16m"
NEEDED = ("consul", "nomad", "litefs")
TOOLS = ("ip", "unshare", "nsenter", "setpriv", "fusermount3")


class LabError(Exception):
    """Why the lab cannot do what was requested, and what to do about it."""


@dataclass(slots=True)
class Lab:
    """A running cluster.

    `pids` are the agents, by `consul/NAME` and `nomad/NAME`; `places` are the nodes' mount namespaces: tasks survive there when the node's
    Nomad client is killed. `litter` is removed with the cluster.
    """

    layout: Layout
    binaries: Mapping[str, str]
    pids: dict[str, int] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    litter: dict[str, list[str]] = field(default_factory=lambda: {"addresses": [], "directories": [], "firewall": []})

    # --- from call to call ---

    def save(self) -> None:
        """Save what is running, so that another call can continue from here."""
        HOME.mkdir(parents=True, exist_ok=True)
        (HOME / "lab.json").write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls) -> Lab:
        """Load the lab that an earlier call booted. Raises LabError without one."""
        try:
            kept = json.loads((HOME / "lab.json").read_text(encoding="utf-8"))
        except OSError as error:
            raise LabError(f"no lab is up ({error.strerror}: {error.filename}); boot one with `make lab`") from error
        machines_of = {kind: tuple(Machine(**machine) for machine in kept["layout"][kind]) for kind in ("servers", "nodes")}
        return cls(
            Layout(**machines_of, workload=Workload(**kept["layout"]["workload"])),
            kept["binaries"],
            kept["pids"],
            kept["places"],
            kept["litter"],
        )

    # --- asking ---

    @property
    def nomad_url(self) -> str:
        """The first Nomad server's address."""
        return f"http://{self.layout.server.address}:{agents.NOMAD_PORT}"

    @property
    def consul_url(self) -> str:
        """The first Consul server's address."""
        return f"http://{self.layout.server.address}:{agents.CONSUL_PORT}"

    def configs(
        self, changes: Mapping[str, Mapping[str, Any]] | None = None, *, modes: Mapping[str, str] | None = None
    ) -> dict[str, dict[str, Any]]:
        """Return every node's LiteFS configuration; `changes` and the application's `modes` are by node name."""
        return {
            node.name: litefs.changed(
                litefs.configuration(self.layout, node, consul_url=self.consul_url, mode=(modes or {}).get(node.name, "ok")),
                (changes or {}).get(node.name, {}),
            )
            for node in self.layout.nodes
        }

    def sample(self, changes: Mapping[str, Mapping[str, Any]] | None = None, *, modes: Mapping[str, str] | None = None) -> job.Job:
        """Return the sample job with these configurations."""
        return job.sample(self.layout, self.binaries["litefs"], self.configs(changes, modes=modes))

    def run(self, wanted: job.Job) -> None:
        """Register a job with Nomad."""
        ask(f"{self.nomad_url}/v1/jobs", {"Job": wanted})

    def allocations(self) -> list[dict[str, Any]]:
        """Return the job's allocations that Nomad wants to run."""
        rows = ask(f"{self.nomad_url}/v1/job/{self.layout.workload.job}/allocations")
        return [row for row in rows if row["DesiredStatus"] == "run"]

    def allocation(self, node: str) -> dict[str, Any]:
        """Return the allocation on that node."""
        return {row["NodeName"]: row for row in self.allocations()}[node]

    def primary(self) -> str:
        """Return the node whose LiteFS says it is the primary; empty if none does."""
        for node in self.layout.nodes:
            try:
                info = ask(f"http://{node.address}:{self.layout.workload.sync_port}/info")
                if info.get("isPrimary", info.get("primary") is True):  # up to LiteFS 0.5.6 it was `primary`
                    return node.name
            except OSError:
                continue
        return ""

    def replicas(self) -> list[str]:
        """Return the other nodes."""
        primary = machines.wait("a primary", self.primary)
        return [node.name for node in self.layout.nodes if node.name != primary]

    def litefs_pid(self, node: str) -> int:
        """Return the process ID of LiteFS on that node. Raises LabError if it is not running."""
        for pid, argv in machines.inhabitants(self.places[node]):
            if argv[1:2] == ["mount"] and argv[0].endswith("litefs"):
                return pid
        raise LabError(f"no LiteFS runs on {node}")

    def resident(self, node: str) -> int:
        """Return some process of that node, through which its file system is reached. Raises LabError if the node is gone."""
        for pid, _ in machines.inhabitants(self.places[node]):
            return pid
        raise LabError(f"nothing runs on {node} any more")

    def data(self, node: str) -> Path:
        """Return a node's LiteFS data directory, as seen from here."""
        return machines.root(self.resident(node)) / self.layout.workload.data[1:]

    def healthy(self) -> bool:
        """True if every node's instance passes its checks."""
        passing = ask(f"{self.consul_url}/v1/health/service/{self.layout.workload.service}?passing=1")
        return len(passing) == len(self.layout.nodes)

    def stop_job(self) -> None:
        """Stop the job and wait until all of its tasks have ended."""
        name = self.layout.workload.job
        ask(f"{self.nomad_url}/v1/job/{name}", method="DELETE")
        rows = f"{self.nomad_url}/v1/job/{name}/allocations"
        machines.wait("the job to stop", lambda: all(row["ClientStatus"] not in ("running", "pending") for row in ask(rows)))


def ask(url: str, body: Any = None, *, method: str = "") -> Any:
    """Make one JSON request: GET without a body, PUT with one. Raises OSError."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method or ("GET" if body is None else "PUT"))
    with urllib.request.urlopen(request, timeout=5) as response:
        return json.loads(response.read() or b"null")


def boot(layout: Layout) -> Lab:
    """Boot a cluster and wait until it is healthy. Raises LabError if the machine lacks something."""
    if (HOME / "lab.json").exists():
        raise LabError(f"a lab is up already ({HOME}); `make lab-down` first")
    lab = Lab(layout, {name: binary.path for name, binary in _required().items()})
    try:
        _prepare(lab)
        _start_servers(lab)
        _start_nodes(lab)
        lab.run(lab.sample())
        machines.wait("the application to be healthy on every node", lab.healthy, 90)
    finally:
        lab.save()
    return lab


def down(lab: Lab) -> None:
    """Stop everything that `boot` or a fault started, and remove what it left."""
    for pid in lab.pids.values():
        if machines.uses(pid, HOME):  # the number of one that a fault killed may be another process's by now
            machines.send(pid, signal.SIGKILL)
    for place in lab.places.values():
        machines.clear(place, HOME)
    for rule in lab.litter["firewall"]:
        subprocess.run(["iptables", "-D", *rule.split()], check=False)
    for address in lab.litter["addresses"]:
        subprocess.run(["ip", "address", "del", address, "dev", "lo"], check=False)
    shutil.rmtree(HOME)
    for directory in lab.litter["directories"]:
        if not machines.is_mounted(directory):  # by another lab on this machine
            Path(directory).rmdir()


def _required() -> dict[str, Binary]:
    found = {name: find(name) for name in NEEDED}
    lacking = [name for name, binary in found.items() if binary is None] + [name for name in TOOLS if not shutil.which(name)]
    if lacking:
        raise LabError(f"not on PATH: {', '.join(lacking)} (`make servers` builds consul and litefs)")
    if os.geteuid() != 0 or not Path("/dev/fuse").exists():
        raise LabError("the lab mounts file systems: it needs root and /dev/fuse")
    return {name: binary for name, binary in found.items() if binary}


def _prepare(lab: Lab) -> None:
    """Create the mount points on this machine, empty and removed again; and addresses that Nomad can find on the interface."""
    work = lab.layout.workload
    for directory in (work.mount, work.data):
        if not Path(directory).exists():
            Path(directory).mkdir(parents=True)
            lab.litter["directories"].append(directory)
    for machine in lab.layout.nodes:
        added = subprocess.run(["ip", "address", "add", f"{machine.address}/32", "dev", "lo"], capture_output=True, check=False)
        if added.returncode == 0:
            lab.litter["addresses"].append(f"{machine.address}/32")


def _start_servers(lab: Lab) -> None:
    for machine in lab.layout.servers:
        start(lab, "consul", machine)
    machines.wait("Consul's leader", lambda: ask(f"{lab.consul_url}/v1/status/leader"))
    for machine in lab.layout.servers:
        start(lab, "nomad", machine)
    machines.wait("Nomad's leader", lambda: ask(f"{lab.nomad_url}/v1/status/leader"))


def _start_nodes(lab: Lab) -> None:
    """Start Consul first: a Nomad client that finds none at its start looks again only after fifteen seconds."""
    for machine in lab.layout.nodes:
        start(lab, "consul", machine)
    for machine in lab.layout.nodes:
        agent = f"http://{machine.address}:{agents.CONSUL_PORT}/v1/status/leader"
        machines.wait(f"Consul on {machine.name}", partial(ask, agent))
        start(lab, "nomad", machine)
    ready = f"{lab.nomad_url}/v1/nodes"
    machines.wait("the nodes to be ready", lambda: sum(node["Status"] == "ready" for node in ask(ready)) == len(lab.layout.nodes), 60)


def start(lab: Lab, program: str, machine: Machine) -> None:
    """Start one agent of a machine. A node's Nomad client gets its own file system, shared with its tasks."""
    home, work = HOME / machine.name, lab.layout.workload
    describe = {"consul": agents.consul, "nomad": agents.nomad}[program]
    argv = describe(lab.binaries[program], lab.layout, machine, home)
    if program == "nomad" and machine in lab.layout.nodes:
        (home / "mount").mkdir(parents=True, exist_ok=True)
        argv = machines.private(argv, binds={work.mount: home / "mount"}, tmpfs={work.data: DATA_SIZE})
    pid = lab.pids[f"{program}/{machine.name}"] = machines.start(argv, home / f"{program}.log").pid
    if program == "nomad" and machine in lab.layout.nodes:
        lab.places[machine.name] = machines.wait("a file system of its own", lambda: machines.foreign(pid))
