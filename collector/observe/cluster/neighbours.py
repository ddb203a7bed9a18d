"""What the servers report about a node besides its status: servers on it, connections to its client, and whether the job needs it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from collector.observe.cluster.servers import lost_majority, lost_servers
from collector.observe.observation import Observation
from collector.observe.world.survey import World

NO_PATH = re.compile(r"(?i)no path to node\b")
"""Nomad's servers keep a connection to each client (structs.ErrNoNodeConn)."""
NO_SERVER = re.compile(
    r'failed querying server "\[?(?P<host>[^"\]]{1,80}?)\]?:\d+": rpc error: failed to get conn: (?:dial |rpc error: lead thread didn)'
)
"""A server forwards a query to the one with the client's connection (nomad/rpc.go), and cannot connect to that; of several concurrent
queries only the first gets the reason (helper/pool/pool.go)."""


def servers_lost_on(world: World, known: Collection[str]) -> dict[str, set[str]]:
    """Map nodes to the systems whose server on them is lost. Nomad names a server after its node and region (`NAME.REGION`)."""
    found: dict[str, set[str]] = {}
    for system in ("nomad", "consul"):
        for name in lost_servers(world, system):
            for node in {world.node(name), name.rpartition(".")[0]} & set(known):
                found.setdefault(str(node), set()).add(system)
    return found


def quorum_lost_with(world: World, lost: Mapping[str, Collection[str]], system: str) -> set[str]:
    """Return the nodes that took a system's majority with them: all of its lost servers ran on them."""
    on = {node for node, systems in lost.items() if system in systems}
    return on if lost_majority(world, system) and len(on) == len(lost_servers(world, system)) else set()


def with_nodes(world: World, servers: Iterable[Observation], known: Collection[str]) -> Iterator[Observation]:
    """Add whether all lost servers run on known nodes, whose own problems explain the loss."""
    on = list(servers_lost_on(world, known).values())
    for one in servers:
        lost = lost_servers(world, str(one.fields["system"]))
        here = bool(lost) and sum(one.fields["system"] in systems for systems in on) == len(lost)
        yield one._replace(fields={**one.fields, "lost_with_node": here})


def without_a_way(world: World, addresses: Mapping[str, str | None]) -> set[str]:
    """Return nodes to whose client the Nomad servers have lost the connection, or whose address is that of an unreachable server."""
    names = {address: name for name, address in addresses.items() if address}
    found = set()
    for result in world.failed:
        for attempt in result.attempts:
            if NO_PATH.search(attempt.reason):
                found.add(world.node(result.target.node) or "")
            if (server := NO_SERVER.search(attempt.reason)) and (name := names.get(server["host"])):
                found.add(name)
    return found


def concerned(world: World, *, lacks: bool) -> set[str] | None:
    """Return the nodes relevant to the jobs, those with their instances; None for all nodes if an instance is missing or none was seen."""
    if lacks or not world.seen_allocations() or not world.jobs:
        return None
    return {one.node for one in world.instances}
