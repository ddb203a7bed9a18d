"""Faults of agents and servers: killed, frozen, drained, partitioned, or given wrong information."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable

from tests.lab import machines
from tests.lab.agents import CONSUL_PORT
from tests.lab.cluster import HOME, Lab, LabError, ask
from tests.lab.faults.jobs import victim


def killed(program: str) -> Callable[[Lab], str]:
    """Kill the last node's agent; its tasks continue."""

    def inject(lab: Lab) -> str:
        node = victim(lab).name
        os.kill(lab.pids[f"{program}/{node}"], signal.SIGKILL)
        return node

    return inject


def server_killed(program: str) -> Callable[[Lab], str]:
    """Kill the first server's agent: the only one, or one whose peers must elect a new leader."""

    def inject(lab: Lab) -> str:
        os.kill(lab.pids[f"{program}/{lab.layout.server.name}"], signal.SIGKILL)
        return ""

    return inject


def consul_hung(lab: Lab) -> str:
    """The Consul server accepts connections and does not answer."""
    os.kill(lab.pids[f"consul/{lab.layout.server.name}"], signal.SIGSTOP)
    return ""


def litefs_hung(lab: Lab) -> str:
    """The primary's LiteFS accepts connections and does not answer."""
    node = machines.wait("a primary", lab.primary)
    os.kill(lab.litefs_pid(node), signal.SIGSTOP)
    return node


def node_down(lab: Lab) -> str:
    """Kill both agents and all tasks of the last node at once."""
    node = victim(lab).name
    os.kill(lab.pids[f"consul/{node}"], signal.SIGKILL)
    machines.clear(lab.places[node], HOME)
    return node


def drained(lab: Lab) -> str:
    """Drain the last node."""
    node = victim(lab).name
    row = lab.allocation(node)
    ask(f"{lab.nomad_url}/v1/node/{row['NodeID']}/drain", {"DrainSpec": {"Deadline": -1}, "MarkEligible": False})
    return node


def ineligible(lab: Lab) -> str:
    """Mark the last node ineligible and stop its instance, which then cannot be placed."""
    node = victim(lab).name
    row = lab.allocation(node)
    ask(f"{lab.nomad_url}/v1/node/{row['NodeID']}/eligibility", {"Eligibility": "ineligible"})
    ask(f"{lab.nomad_url}/v1/allocation/{row['ID']}/stop", {})
    return node


def orphan(lab: Lab) -> str:
    """Register an instance as a Nomad that is gone would have left it, with a failing check."""
    node, work = victim(lab), lab.layout.workload
    check = {"Name": "old ping", "TCP": f"{node.address}:{work.port + 100}", "Interval": "3s", "Timeout": "2s"}
    service = {"Name": work.service, "ID": f"{work.service}-old", "Address": node.address, "Port": work.port + 100, "Check": check}
    ask(f"http://{node.address}:{CONSUL_PORT}/v1/agent/service/register", service)
    return node.name


def replica_lagging(lab: Lab) -> str:
    """Drop the stream's packets without either end noticing, so that the replica believes it is connected."""
    node = lab.replicas()[-1]
    own, far = _stream(lab, node)
    for pair in (f"--sport {own} --dport {far}", f"--sport {far} --dport {own}"):
        rule = f"OUTPUT -o lo -p tcp {pair} -j DROP"
        subprocess.run(["iptables", "-A", *rule.split()], check=True)
        lab.litter["firewall"].append(rule)
    return node


def _stream(lab: Lab, node: str) -> tuple[str, str]:
    """Return the two ports of a replica's connection to the primary."""
    pid, port = lab.litefs_pid(node), lab.layout.workload.sync_port
    listing = subprocess.run(["ss", "-tnpH", "dport", f"= :{port}"], capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        if f"pid={pid}," in line and (found := re.search(r":(\d+)\s+\S+:(\d+)\s", line)):
            return found[1], found[2]
    raise LabError(f"{node} has no stream from the primary")
