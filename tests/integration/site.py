"""A cluster for tests: real Consul agents and real LiteFS over FUSE on its own loopback addresses, and the fake Nomad."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from tests.integration.diagnosis import Diagnosis, diagnose
from tests.integration.fake_nomad import FakeNomad
from tests.integration.task import Task
from tests.lab import agents, job, litefs, machines
from tests.lab.binaries import Binary
from tests.lab.layout import Layout, Machine, loopback

T = TypeVar("T")
Changes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Access:
    """How to access Consul. `config` is for every agent, `token` registers services, `environ` is for LiteFS and the collector."""

    scheme: str = "http"
    port: int = agents.CONSUL_PORT
    config: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""
    ca_file: str = ""
    litefs: Mapping[str, str] = field(default_factory=dict)
    collector: Mapping[str, str] = field(default_factory=dict)


class Site:
    """One Consul server and three nodes. Every deployment starts on nodes without data, with its own lease key."""

    def __init__(self, binaries: Mapping[str, Binary], access: Access | None = None) -> None:
        self.access = access or Access()
        self.home = Path(tempfile.mkdtemp(prefix="collector-site-"))
        self._lock, block = _claim()
        shape = loopback(1, 3, block=block)
        work = replace(shape.workload, mount=str(self.home / "litefs"), data=str(self.home / "data"))
        self.layout: Layout = replace(shape, workload=work)
        self._binaries = binaries
        self._consul: dict[str, subprocess.Popen[bytes]] = {}
        self._places: dict[str, subprocess.Popen[bytes]] = {}
        self.tasks: dict[str, Task] = {}
        self._deployments = 0
        self.nomad = FakeNomad(self.layout)
        self._prepare()

    # --- life ---

    def boot(self) -> None:
        """Start Consul everywhere and wait until every node is in the catalog."""
        for machine in (*self.layout.servers, *self.layout.nodes):
            argv = agents.consul(self._binaries["consul"].path, self.layout, machine, self.home / machine.name, self.access.config)
            self._consul[machine.name] = machines.start(argv, self.home / f"consul-{machine.name}.log", mortal=True)
        expected = len(self._consul)
        machines.wait("Consul to know every node", lambda: len(self.consul("/v1/catalog/nodes")) == expected)

    def close(self) -> None:
        """Stop everything, whatever its state."""
        self.withdraw()
        self.nomad.close()
        for process in self._consul.values():
            process.kill()
            process.wait()
        self._lock.close()
        shutil.rmtree(self.home)

    def deploy(
        self,
        changes: Changes | None = None,
        *,
        modes: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        keep_data: bool = False,
    ) -> None:
        """Start LiteFS with the application on every node. `changes` to its configuration and `modes` of the application are by node."""
        self.withdraw(keep_places=keep_data)
        self._deployments += not keep_data
        work = replace(self.layout.workload, key=f"litefs/{self.layout.workload.job}-{self._deployments}")
        self.layout = replace(self.layout, workload=work)
        configs = {node.name: self._config(node, changes or {}, modes or {}) for node in self.layout.nodes}
        for node in self.layout.nodes:
            self._open(node)
            self.tasks[node.name] = self._start(node, configs[node.name], environ or {})
        self.nomad.layout, self.nomad.index = self.layout, self.nomad.index + 100
        self.nomad.job = job.sample(self.layout, self._binaries["litefs"].path, configs)
        self.nomad.tasks = list(self.tasks.values())
        for node in self.layout.nodes:
            self._register(node)

    def withdraw(self, *, keep_places: bool = False) -> None:
        """Kill every LiteFS and remove the nodes' file systems; with `keep_places` stop it gracefully and keep the data."""
        for name, task in self.tasks.items():
            task.stop(gently=keep_places)
            self._deregister(self.layout.node(name), task)
        self.tasks.clear()
        self.nomad.tasks = ()
        if not keep_places:
            for process in self._places.values():
                machines.clear(machines.namespace(process.pid), self.home)
                process.wait()
            self._places.clear()

    # --- asking ---

    def consul(self, path: str, body: Any = None, *, server: Machine | None = None) -> Any:
        """Make one request to a Consul agent, by default the server's. Raises OSError."""
        address = (server or self.layout.server).address
        request = urllib.request.Request(f"http://{address}:{agents.CONSUL_PORT}{path}", method="GET" if body is None else "PUT")
        request.data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request.add_header("X-Consul-Token", self.access.token)
        with urllib.request.urlopen(request, timeout=5) as response:
            return json.loads(response.read() or b"null")

    def info(self, node: str) -> Mapping[str, Any]:
        """Return LiteFS's own report of its role. Raises OSError."""
        told: Mapping[str, Any] = json.loads(self._litefs(node, "/info"))
        return told

    def lag(self, node: str) -> float:
        """Return LiteFS's own report of its lag in seconds. Raises OSError."""
        lines = self._litefs(node, "/metrics").decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith("litefs_lag_seconds "))

    def primary(self) -> str:
        """Wait for a primary and return its node."""
        return self._wait("a primary", lambda: next((name for name in self.tasks if self._is_primary(name)), ""))

    def replicas(self) -> list[str]:
        """The other nodes."""
        primary = self.primary()
        return [name for name in self.tasks if name != primary]

    def log(self, node: str) -> str:
        """Return the stderr of a node's task so far."""
        return self.tasks[node].log.read_text(encoding="utf-8", errors="replace")

    def settled(self) -> str:
        """Wait until one node is primary, the others follow it, and every check passes; return the primary."""
        primary = self.primary()
        for name in self.tasks:
            self._wait(f"{name} to follow", lambda name=name: self.info(name)["primary"]["hostname"] == primary)  # type: ignore[misc]
        self._wait("a first transaction everywhere", lambda: all(self._has_database(name) for name in self.tasks))
        self.passing()
        return primary

    def passing(self, node: str = "") -> None:
        """Wait until every check passes, on one node if given."""
        critical = "/v1/health/state/critical"
        self._wait("all checks to pass", lambda: not [check for check in self.consul(critical) if node in {"", check["Node"]}])

    def logged(self, node: str, text: str) -> None:
        """Wait until the node's stderr contains this."""
        self._wait(f"{text!r} in the log of {node}", lambda: text in self.log(node))

    def critical(self, node: str) -> None:
        """Wait until Consul reports one of the node's instances as critical."""
        checks = f"/v1/health/node/{node}"
        self._wait(f"a critical check on {node}", lambda: any(check["Status"] == "critical" for check in self.consul(checks)))

    # --- breaking ---

    def consul_signal(self, name: str, what: signal.Signals) -> None:
        """Send a signal to one machine's Consul agent."""
        self._consul[name].send_signal(what)

    def file(self, node: str, path: str) -> Path:
        """Return a path on a node, as seen from here."""
        return machines.root(self._places[node].pid) / path.lstrip("/")

    def on(self, node: str, *argv: str) -> None:
        """Run a command on a node."""
        subprocess.run(machines.within(self._places[node].pid, argv), check=True)

    # --- the collector ---

    def diagnose(self, **environ: str) -> Diagnosis:
        """Run `collector diagnose` on this cluster, with `environ` added to what it needs and nothing from the developer's shell."""
        access, work = self.access, self.layout.workload
        reach = {
            "PATH": os.pathsep.join([str(self.home / "bin"), os.environ.get("PATH", os.defpath)]),
            "NOMAD_ADDR": self.nomad.url,
            "CONSUL_HTTP_ADDR": f"{access.scheme}://{self.layout.server.address}:{access.port}",
        }
        variables = {"job": work.job, "service": work.service, "task": work.task, "mount": work.mount}
        return diagnose(variables, {**reach, **access.collector, **environ})

    # --- parts ---

    def _prepare(self) -> None:
        for name in ("litefs", "data", "bin"):
            (self.home / name).mkdir()
        self.nomad.write_command(self.home / "bin")

    def _open(self, node: Machine) -> None:
        """Create a node's file system: an empty directory to mount on, a small disk for the data."""
        if node.name in self._places:
            return
        work, mount = self.layout.workload, self.home / node.name / "mount"
        mount.mkdir(parents=True, exist_ok=True)
        argv = machines.private(["sleep", "infinity"], binds={work.mount: mount}, tmpfs={work.data: "4m"})
        self._places[node.name] = machines.start(argv, self.home / f"{node.name}.log", mortal=True)
        pid = self._places[node.name].pid
        disk = machines.root(pid) / work.data[1:]
        machines.wait("a file system of its own", lambda: machines.foreign(pid) and disk.is_mount())

    def _config(self, node: Machine, changes: Changes, modes: Mapping[str, str]) -> dict[str, Any]:
        url = f"{self.access.scheme}://{self.layout.server.address}:{self.access.port}"
        base = litefs.configuration(self.layout, node, consul_url=url, mode=modes.get(node.name, "ok"))
        return litefs.changed(base, changes.get(node.name, {}))

    def _start(self, node: Machine, config: Mapping[str, Any], environ: Mapping[str, str]) -> Task:
        path = self.home / node.name / "litefs.yml"
        path.write_text(litefs.text(config), encoding="utf-8")
        variables = [f"{name}={value}" for name, value in {**self.access.litefs, **environ}.items()]
        command = ["env", *variables, self._binaries["litefs"].path, "mount", "-config", str(path)]
        return Task(node, machines.within(self._places[node.name].pid, command), self.home)

    def _register(self, node: Machine) -> None:
        """Register the instances as Nomad does, with its IDs and check names."""
        alloc = self.tasks[node.name].alloc
        for service in job.group(self.nomad.job)["Services"]:
            port = {"http": self.layout.workload.port, "litefs": self.layout.workload.sync_port}[service["PortLabel"]]
            check = service["Checks"][0]
            probe = {"Name": check["Name"], "HTTP": f"http://{node.address}:{port}{check['Path']}", "Interval": "500ms", "Timeout": "1s"}
            instance = {"ID": _instance(alloc, service), "Name": service["Name"], "Address": node.address, "Port": port, "Check": probe}
            self.consul("/v1/agent/service/register", instance, server=node)

    def _deregister(self, node: Machine, task: Task) -> None:
        """Deregister as far as possible: a test may have broken the agent."""
        for service in job.group(self.nomad.job)["Services"]:
            try:
                self.consul(f"/v1/agent/service/deregister/{_instance(task.alloc, service)}", {}, server=node)
            except OSError:
                return

    def _wait(self, what: str, question: Callable[[], T]) -> T:
        """Wait; on failure show the last output of every task."""
        try:
            return machines.wait(what, question)
        except machines.Timeout as timeout:
            for name in self.tasks:
                timeout.add_note(f"{name}, last words:\n{self.log(name)[-1500:]}")
            raise

    def _litefs(self, node: str, path: str) -> bytes:
        url = f"http://{self.layout.node(node).address}:{self.layout.workload.sync_port}{path}"
        with urllib.request.urlopen(url, timeout=2) as response:
            body: bytes = response.read()
        return body

    def _is_primary(self, name: str) -> bool:
        try:
            return bool(self.info(name)["isPrimary"])
        except OSError:
            return False

    def _has_database(self, name: str) -> bool:
        return (self.file(name, self.layout.workload.data) / "dbs" / self.layout.workload.database / "database").exists()


def _instance(alloc: str, service: Mapping[str, Any]) -> str:
    return f"_nomad-task-{alloc}-group-{service['Name']}-{service['PortLabel']}"


def _claim() -> tuple[socket.socket, str]:
    """Reserve a /24 of the loopback network for this test run, as long as the socket is open."""
    for _ in range(50):
        block = f"127.{random.randint(1, 254)}.{random.randint(0, 254)}"
        lock = socket.socket()
        try:
            lock.bind((f"{block}.254", 65000))
        except OSError:
            lock.close()
            continue
        return lock, block
    raise RuntimeError("no free loopback network")
