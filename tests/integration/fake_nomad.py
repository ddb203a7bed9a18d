"""A fake Nomad: its HTTP API for tasks that really run, and a `nomad` for `nomad alloc exec`.

The only fake among the servers. Its answers have the format of Nomad 2.0 (api/ and command/agent/ of its source); anything unknown gets a
404, as from Nomad.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.integration.task import Task
from tests.lab.agents import NOMAD_PORT
from tests.lab.job import Job, group, task
from tests.lab.layout import Layout, Machine

VERSION = "2.0.5"
SECOND = 1_000_000_000
Query = Mapping[str, list[str]]
Answer = bytes | Any
COMMAND = '''\
#!{python} -IS
"""`nomad alloc exec -task TASK ALLOC COMMAND...`: runs the command where the task's process lives."""
import json, os, sys, urllib.error, urllib.request

words = [word for word in sys.argv[3:] if word not in ("-i=false", "-t=false")]
flags, names = {{}}, ("-task", "-namespace")
while words and words[0].startswith("-"):
    name, equals, value = words.pop(0).partition("=")
    flags[name] = value if equals else words.pop(0)
alloc, argv = words[0], words[1:]
try:
    with urllib.request.urlopen(os.environ["NOMAD_ADDR"] + "/fake/pid/" + alloc, timeout=30) as answer:
        pid = str(json.load(answer))
except urllib.error.HTTPError as error:
    sys.exit(error.read().decode())
os.execvp("nsenter", ["nsenter", "--target", pid, "--mount", "--", *argv])
'''


class Unknown(Exception):  # noqa: N818 - becomes an answer
    """A 404 with its text."""


class FakeNomad:
    """One server of a cluster with the layout's nodes and a single job, `job`, run by `tasks`."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.job: Job = {}
        self.tasks: Sequence[Task] = ()
        self.node_ids = {node.name: str(uuid.uuid4()) for node in layout.nodes}
        self.index = 0
        self._server = ThreadingHTTPServer((layout.server.address, NOMAD_PORT), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.layout.server.address}:{NOMAD_PORT}"

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()

    def write_command(self, directory: Path) -> None:
        """Write a `nomad` executable into a directory."""
        command = directory / "nomad"
        command.write_text(COMMAND.format(python=sys.executable), encoding="utf-8")
        command.chmod(0o755)

    def answer(self, path: str, query: Query) -> Answer:
        """Return the body of a GET: bytes unchanged, everything else as JSON. Raises `Unknown`."""
        for pattern, method in ROUTES.items():
            if found := re.fullmatch(pattern, path):
                return method(self, *found.groups(), **{"query": query} if method in QUERIED else {})
        raise Unknown("404 page not found")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        nomad = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                try:
                    self._send(200, nomad.answer(parts.path, parse_qs(parts.query)))
                except Unknown as unknown:
                    self._send(404, str(unknown).encode())

            def _send(self, status: int, answer: Answer) -> None:
                raw = isinstance(answer, bytes)
                body = answer if raw else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/plain" if raw else "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("X-Nomad-Index", str(nomad.index))
                self.send_header("X-Nomad-KnownLeader", "true")
                self.send_header("X-Nomad-LastContact", "0")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        return Handler

    # --- answers ---

    def leader(self) -> str:
        return f"{self.layout.server.address}:4647"

    def peers(self) -> list[str]:
        return [self.leader()]

    def members(self) -> dict[str, Any]:
        return {"Members": [self._member()], "ServerDC": "dc1", "ServerName": self.layout.server.name, "ServerRegion": "global"}

    def agent(self) -> dict[str, Any]:
        config = {"Version": {"Version": VERSION}, "Region": "global", "Datacenter": "dc1", "NodeName": self.layout.server.name}
        stats = {"nomad": {"server": "true", "leader": "true", "leader_addr": self.leader()}}
        return {"config": config, "stats": stats, "member": self._member()}

    def nodes(self) -> list[dict[str, Any]]:
        return [self._node(node) for node in self.layout.nodes]

    def the_job(self, name: str) -> dict[str, Any]:
        self._check(name)
        return {
            **self.job,
            "Namespace": "default",
            "Status": "running",
            "StatusDescription": "",
            "Stop": False,
            "Version": 0,
            "SubmitTime": int(self._since() * SECOND),
        }

    def allocations(self) -> list[dict[str, Any]]:
        return [self._allocation(number, running) for number, running in enumerate(self.tasks)]

    def of_job(self, name: str) -> list[dict[str, Any]]:
        self._check(name)
        return self.allocations()

    def evaluations(self, name: str) -> list[dict[str, Any]]:
        self._check(name)
        moment = int(self._since() * SECOND)
        queued = {group(self.job)["Name"]: 0}
        done = {
            "Status": "complete",
            "TriggeredBy": "job-register",
            "QueuedAllocations": queued,
            "CreateTime": moment,
            "ModifyTime": moment,
        }
        return [{"ID": str(uuid.UUID(int=self.index)), "JobID": name, "Namespace": "default", "Type": "service", "ModifyIndex": 1, **done}]

    def deployments(self, name: str) -> list[dict[str, Any]]:
        self._check(name)
        count = len(self.tasks)
        groups = {group(self.job)["Name"]: {"DesiredTotal": count, "PlacedAllocs": count, "HealthyAllocs": count, "UnhealthyAllocs": 0}}
        return [{"ID": str(uuid.UUID(int=self.index)), "JobID": name, "JobVersion": 0, "Status": "successful", "TaskGroups": groups}]

    def logs(self, alloc: str, query: Query) -> bytes:
        running = self._task(alloc)
        if query.get("task") != [task(self.job)["Name"]]:
            raise Unknown(f"task {query.get('task', [''])[0]!r} not started yet. No logs available")
        content = running.log.read_bytes() if query.get("type") == ["stderr"] else b""
        return content[-int(query.get("offset", ["0"])[0]) :] if query.get("origin") == ["end"] else content

    def pid(self, alloc: str) -> int:
        running = self._task(alloc)
        if not running.pid:
            raise Unknown(f'failed to exec into task: task "{task(self.job)["Name"]}" is not running.')
        return running.pid

    # --- shapes ---

    def _check(self, name: str) -> None:
        if name != self.job.get("ID"):
            raise Unknown("job not found")

    def _task(self, alloc: str) -> Task:
        for running in self.tasks:
            if running.alloc == alloc:
                return running
        raise Unknown(f"Unknown allocation {alloc!r}")

    def _since(self) -> float:
        return min((running.started_at for running in self.tasks), default=time.time())

    def _member(self) -> dict[str, Any]:
        server = self.layout.server
        tags = {"role": "nomad", "dc": "dc1", "region": "global", "build": VERSION, "port": "4647", "rpc_addr": server.address}
        return {"Name": f"{server.name}.global", "Addr": server.address, "Port": 4648, "Status": "alive", "Tags": tags}

    def _node(self, node: Machine) -> dict[str, Any]:
        driver = {"raw_exec": {"Detected": True, "Healthy": True, "HealthDescription": "Healthy"}}
        well = {"Status": "ready", "StatusDescription": "", "SchedulingEligibility": "eligible", "Drain": False, "Drivers": driver}
        place = {"Address": node.address, "Datacenter": "dc1", "NodePool": "default", "Version": VERSION}
        return {"ID": self.node_ids[node.name], "Name": node.name, "ModifyIndex": 1, **place, **well}

    def _allocation(self, number: int, running: Task) -> dict[str, Any]:
        job, name = self.job["ID"], group(self.job)["Name"]
        ports = [
            {"Label": port["Label"], "Value": port["Value"], "HostIP": running.node.address}
            for port in group(self.job)["Networks"][0]["ReservedPorts"]
        ]
        status = "running" if running.pid else "pending"
        return {
            "ID": running.alloc,
            "Name": f"{job}.{name}[{number}]",
            "Namespace": "default",
            "JobID": job,
            "JobVersion": 0,
            "TaskGroup": name,
            "NodeID": self.node_ids[running.node.name],
            "NodeName": running.node.name,
            "AllocatedResources": {"Shared": {"Ports": ports}},
            "ClientStatus": status,
            "DesiredStatus": "run",
            "CreateIndex": self.index,
            "ModifyIndex": self.index + len(running.events),
            "CreateTime": int(running.started_at * SECOND),
            "ModifyTime": running.events[-1]["Time"],
            "TaskStates": {task(self.job)["Name"]: _state(running)},
        }


def _state(running: Task) -> dict[str, Any]:
    return {
        "State": "running" if running.pid else "pending",
        "Failed": False,
        "Restarts": running.restarts,
        "StartedAt": _rfc3339(running.started_at),
        "FinishedAt": None,
        "LastRestart": _rfc3339(running.last_restart) if running.restarts else None,
        "Events": running.events,
    }


def _rfc3339(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


ROUTES: Mapping[str, Callable[..., Answer]] = {
    "/v1/agent/self": FakeNomad.agent,
    "/v1/agent/members": FakeNomad.members,
    "/v1/status/leader": FakeNomad.leader,
    "/v1/status/peers": FakeNomad.peers,
    "/v1/nodes": FakeNomad.nodes,
    "/v1/allocations": FakeNomad.allocations,
    "/v1/job/([^/]+)": FakeNomad.the_job,
    "/v1/job/([^/]+)/allocations": FakeNomad.of_job,
    "/v1/job/([^/]+)/evaluations": FakeNomad.evaluations,
    "/v1/job/([^/]+)/deployments": FakeNomad.deployments,
    "/v1/client/fs/logs/([^/]+)": FakeNomad.logs,
    "/fake/pid/([^/]+)": FakeNomad.pid,
}
QUERIED = frozenset({FakeNomad.logs})
