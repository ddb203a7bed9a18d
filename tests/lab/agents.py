"""How a cluster's agents are started: Consul's arguments, Nomad's configuration. They use the well-known ports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.lab.layout import Layout, Machine

CONSUL_PORT = 8500
NOMAD_PORT = 4646


def consul(binary: str, layout: Layout, machine: Machine, home: Path, more: Mapping[str, Any] | None = None) -> list[str]:
    """Return the command of a Consul agent, server or client according to the layout. `more` is merged into its configuration file."""
    server = machine in layout.servers
    config = {
        "node_name": machine.name,
        "bind_addr": machine.address,
        "client_addr": machine.address,
        "data_dir": str(home / "consul"),
        "retry_join": [other.address for other in layout.servers if other != machine],
        "retry_interval": "1s",
        "log_level": "warn",
        "disable_update_check": True,
        "ports": {"dns": -1},
        # As fast as `consul agent -dev`: elections and failure detection in about a second.
        "performance": {"raft_multiplier": 1},
        "gossip_lan": {"probe_interval": "300ms", "probe_timeout": "100ms", "suspicion_mult": 3, "gossip_interval": "100ms"},
        **({"server": True, "bootstrap_expect": len(layout.servers)} if server else {}),
        **(more or {}),
    }
    return [binary, "agent", "-config-file", str(_written(home / "consul.json", config))]


def nomad(binary: str, layout: Layout, machine: Machine, home: Path, more: Mapping[str, Any] | None = None) -> list[str]:
    """Return the command of a Nomad agent, server or client according to the layout. Lost clients are detected within seconds."""
    address = machine.address
    config = {
        "name": machine.name,
        "data_dir": str(home / "nomad"),
        "bind_addr": address,
        "advertise": {"http": address, "rpc": address, "serf": address},
        "consul": {"address": f"{address}:{CONSUL_PORT}"},
        "disable_update_check": True,
        **(_nomad_server(layout) if machine in layout.servers else _nomad_client(layout, machine)),
        **(more or {}),
    }
    return [binary, "agent", "-config", str(_written(home / "nomad.json", config))]


def _nomad_server(layout: Layout) -> dict[str, Any]:
    join = [server.address for server in layout.servers]
    return {
        "server": {
            "enabled": True,
            "bootstrap_expect": len(join),
            "heartbeat_grace": "3s",
            "min_heartbeat_ttl": "3s",
            "server_join": {"retry_join": join},
        }
    }


def _nomad_client(layout: Layout, machine: Machine) -> dict[str, Any]:
    return {
        "client": {
            "enabled": True,
            "servers": [f"{server.address}:4647" for server in layout.servers],
            "network_interface": "lo",
            "host_network": [{"node": {"cidr": f"{machine.address}/32"}}],
            "cpu_total_compute": 4000,
            "memory_total_mb": 4096,
            "meta": {"board": machine.name},
            "options": {"fingerprint.denylist": "env_aws,env_gce,env_azure,env_digitalocean,cni,bridge"},
        },
        "plugin": [{"raw_exec": [{"config": [{"enabled": True}]}]}],
    }


def _written(path: Path, config: Mapping[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config, indent=1), encoding="utf-8")
    return path
