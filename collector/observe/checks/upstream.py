"""Finds the instance that an application forwards requests to, if the response to a check says that it refused them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from collector.observe.world.survey import World

_PLACE = r"(?P<host>[\w.-]{1,80}):(?P<port>\d{1,5})\b"
_REFUSED = (
    re.compile(rf"(?<![\w.:-]){_PLACE}[^\n]{{0,60}}?\brefused\b"),
    re.compile(rf"\bECONNREFUSED {_PLACE}"),
)
"""Messages of Go, Python, Java, nginx and Node."""

Places = Mapping[tuple[str, int], str]


def places(world: World, failing: AbstractSet[tuple[str, str]]) -> Places:
    """Map host and port of instances with failing checks to their nodes, by Consul's addresses and by node names.

    `failing` has their nodes and service IDs: a healthy instance no longer refuses requests.
    """
    found: dict[tuple[str, int], str] = {}
    for result in world.results("consul_checks"):
        for row in result.data["instances"]:
            for host in (row["address"], row["node_address"], row["node"]):
                if host and row["port"] and (row["node"], row["service_id"]) in failing:
                    found[host, row["port"]] = world.node(row["node"]) or row["node"]
    return found


def upstream(answer: str, node: str, known: Places) -> str | None:
    """Return the other node whose instance refused a connection according to this response."""
    for words in _REFUSED:
        for match in words.finditer(answer):
            there = known.get((match["host"], int(match["port"])))
            if there and there != node:
                return there
    return None
