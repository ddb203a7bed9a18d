"""LiteFS's configuration of one node, as data that a test or a fault may change."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.lab.layout import Layout, Machine

APP = Path(__file__).with_name("app.py")


def configuration(layout: Layout, node: Machine, *, consul_url: str, mode: str = "ok") -> dict[str, Any]:
    """Return a candidate's configuration that supervises the sample application in that mode.

    The lease's TTL is ten seconds, Consul's minimum.
    """
    work = layout.workload
    return {
        "fuse": {"dir": work.mount},
        "data": {"dir": work.data},
        "http": {"addr": f"{node.address}:{work.sync_port}"},
        "lease": {
            "type": "consul",
            "advertise-url": f"http://{node.address}:{work.sync_port}",
            "candidate": True,
            "hostname": node.name,
            "consul": {"url": consul_url, "key": work.key, "ttl": "10s", "lock-delay": "1s"},
        },
        "exec": [{"cmd": shlex.join([sys.executable, str(APP), work.mount, node.address, str(work.port), mode, work.database])}],
    }


def changed(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` deeply merged with `changes`; None removes a field."""
    result = dict(base)
    for name, value in changes.items():
        inner = result.get(name)
        result[name] = changed(inner, value) if isinstance(value, Mapping) and isinstance(inner, Mapping) else value
    return {name: value for name, value in result.items() if value is not None}


def text(config: Mapping[str, Any]) -> str:
    """Return the file that LiteFS reads."""
    return yaml.safe_dump(dict(config), sort_keys=False)
