"""Consul and Nomad with ACLs enabled, on their own loopback addresses, each with one object of every kind."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab import agents, machines
from tests.lab.layout import Layout, loopback

MANAGEMENT = str(uuid.UUID(int=random.getrandbits(128), version=4))
SERVICE, KEY, JOB = "web", "litefs/web", "web"
LEASE = {"hostname": "server1", "advertise-url": "http://127.0.0.1:20202"}


@dataclass
class Guarded:
    """An agent that requires a token. `address` leads to it, `facts` are names that a spec needs."""

    address: str
    header: str
    facts: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, body: Any = None, method: str = "", token: str = MANAGEMENT) -> Any:
        """Make one request, with the management token unless another is given. Raises OSError."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=data, method=method or ("GET" if data is None else "PUT"))
        request.add_header(self.header, token)
        with urllib.request.urlopen(request, timeout=5) as response:
            return json.loads(response.read() or b"null")


def consul_token(consul: Guarded, rules: str) -> str:
    """Create a token with only these rules."""
    policy = consul.ask("/v1/acl/policy", {"Name": f"p{uuid.uuid4().hex}", "Rules": rules})
    return str(consul.ask("/v1/acl/token", {"Policies": [{"ID": policy["ID"]}]})["SecretID"])


def nomad_token(nomad: Guarded, rules: str) -> str:
    """Create a token with only these rules; without rules, one without any rights."""
    name = f"p{uuid.uuid4().hex}"
    nomad.ask(f"/v1/acl/policy/{name}", {"Name": name, "Rules": rules or 'namespace "nowhere" { policy = "read" }'}, "POST")
    return str(nomad.ask("/v1/acl/token", {"Name": name, "Type": "client", "Policies": [name]}, "POST")["SecretID"])


@contextmanager
def guarded_consul(binary: str) -> Iterator[Guarded]:
    """Run a Consul server with a critical service, and a key held by a session."""
    acl = {"enabled": True, "default_policy": "deny", "tokens": {"initial_management": MANAGEMENT, "agent": MANAGEMENT}}
    with _home() as home:
        layout = _layout(nodes=0)
        server = layout.server
        argv = agents.consul(binary, layout, server, home, {"acl": acl})
        consul = Guarded(
            f"http://{server.address}:{agents.CONSUL_PORT}", "X-Consul-Token", {"node": server.name, "address": server.address}
        )
        with _running(argv, home / "consul.log"):
            machines.wait("a token to be good for something", lambda: consul.ask("/v1/catalog/nodes"))
            _furnish(consul, server.address)
            yield consul


def _furnish(consul: Guarded, address: str) -> None:
    check = {"CheckID": "web-ping", "Name": "ping", "TTL": "1h", "Status": "critical"}
    machines.wait(
        "the agent to register",
        lambda: (
            consul.ask("/v1/agent/service/register", {"ID": "web-1", "Name": SERVICE, "Address": address, "Port": 9, "Check": check})
            is None
        ),
    )
    consul.ask("/v1/agent/check/register", {"ID": "disk", "Name": "disk", "TTL": "1h", "Status": "critical"})
    machines.wait("the service to be in the catalog", lambda: consul.ask(f"/v1/health/service/{SERVICE}"))
    session = consul.ask("/v1/session/create", {"Name": "litefs"})["ID"]
    assert consul.ask(f"/v1/kv/{KEY}?acquire={session}", json.dumps(LEASE).encode())
    assert consul.ask(f"/v1/kv/{KEY}/clusterid", b"LFSC0123456789ABCDEF")


@contextmanager
def guarded_nomad(binary: str) -> Iterator[Guarded]:
    """Run a Nomad server and a client with one job, whose task has LiteFS's files."""
    with _home() as home:
        layout = _layout(nodes=1)
        (node,) = layout.nodes
        mount = home / "mount"
        mount.mkdir()
        (mount / ".lag").write_text("+000000000\n")
        (mount / "web.db-pos").write_text("000000000000000a/8000000000000001\n")
        nomad = Guarded(f"http://{layout.server.address}:{agents.NOMAD_PORT}", "X-Nomad-Token", {"node": node.name, "mount": str(mount)})
        acl = {"acl": {"enabled": True}}
        server = agents.nomad(binary, layout, layout.server, home / "server", acl)
        client = agents.nomad(binary, layout, node, home / "client", acl)
        with _running(server, home / "server.log"), _running(client, home / "client.log"):
            machines.wait("Nomad to be bootstrapped", lambda: nomad.ask("/v1/acl/bootstrap", {"BootstrapSecret": MANAGEMENT}, "POST"))
            machines.wait("a node", lambda: [row for row in nomad.ask("/v1/nodes") if row["Status"] == "ready"])
            nomad.ask("/v1/jobs", {"Job": _job()}, "POST")
            nomad.facts["alloc"] = machines.wait("the job to run", lambda: _running_alloc(nomad))
            try:
                yield nomad
            finally:
                nomad.ask(f"/v1/job/{JOB}", method="DELETE")
                machines.wait("the job to stop", lambda: not _running_alloc(nomad))


def _running_alloc(nomad: Guarded) -> str:
    rows = nomad.ask(f"/v1/job/{JOB}/allocations")
    return next((row["ID"] for row in rows if row["ClientStatus"] == "running"), "")


def _job() -> Mapping[str, Any]:
    task = {
        "Name": JOB,
        "Driver": "raw_exec",
        "Config": {"command": "/bin/sh", "args": ["-c", "echo started >&2; exec sleep 3600"]},
        "Resources": {"CPU": 20, "MemoryMB": 20},
    }
    return {"ID": JOB, "Name": JOB, "Type": "service", "Datacenters": ["dc1"], "TaskGroups": [{"Name": JOB, "Count": 1, "Tasks": [task]}]}


def refuses(server: Guarded, token: str, path: str, method: str) -> bool:
    """True if the server answers this change with 403."""
    request = urllib.request.Request(server.address + path, data=b"{}", method=method, headers={server.header: token})
    try:
        urllib.request.urlopen(request, timeout=5).close()
    except urllib.error.HTTPError as error:
        error.close()
        return error.code == 403
    return False


@contextmanager
def _home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="collector-acl-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


@contextmanager
def _running(argv: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = machines.start(argv, log, mortal=True)
    try:
        yield process
    except machines.Timeout as timeout:
        timeout.add_note(log.read_text(errors="replace")[-2000:])
        raise
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _layout(nodes: int) -> Layout:
    """Return a layout on a free /24 of the loopback network."""
    for _ in range(50):
        layout = loopback(1, nodes, block=f"127.{random.randint(1, 254)}.{random.randint(0, 254)}")
        try:
            for port in (agents.CONSUL_PORT, agents.NOMAD_PORT):
                socket.create_server((layout.server.address, port)).close()
        except OSError:
            continue
        return layout
    raise RuntimeError("no free loopback network")
