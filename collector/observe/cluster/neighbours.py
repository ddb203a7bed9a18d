"""What the servers say of a node beside its status: servers that run on it, connections to its client; whether the job needs it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from collector.observe.cluster.gaps import lost_servers, no_majority
from collector.observe.cluster.partition import partition
from collector.observe.observation import Observation
from collector.observe.world.survey import World

NO_PATH = re.compile(r"(?i)no path to node\b")
"""Nomad's servers keep a connection to each client that is there (structs.ErrNoNodeConn)."""
NO_SERVER = re.compile(
    r'failed querying server "\[?(?P<host>[^"\]]{1,80}?)\]?:\d+": rpc error: failed to get conn: (?:dial |rpc error: lead thread didn)'
)
"""A server passes a question on to the one that has the client's connection (nomad/rpc.go), and gets no connection to that one; of several
questions at once only the first is told why (helper/pool/pool.go)."""


def servers_lost_on(world: World, known: Collection[str]) -> dict[str, set[str]]:
    """Node -> the systems whose server on it is lost. Nomad calls its servers by the node's name and the region (`NAME.REGION`)."""
    found: dict[str, set[str]] = {}
    for system in ("nomad", "consul"):
        for name in lost_servers(world, system):
            for node in {world.node(name), name.rpartition(".")[0]} & set(known):
                found.setdefault(str(node), set()).add(system)
    return found


def felled_with(world: World, lost: Mapping[str, Collection[str]], system: str) -> set[str]:
    """The nodes that took a system's majority with them: all of its lost servers ran on them, and nobody has a leader any more."""
    on = {node for node, systems in lost.items() if system in systems}
    alone = no_majority(world, system) and not partition(world, system)["led_by"]
    return on if alone and len(on) == len(lost_servers(world, system)) else set()


def with_nodes(world: World, servers: Iterable[Observation], known: Collection[str]) -> Iterator[Observation]:
    """Do all the servers that are lost run on nodes, whose own trouble tells of it?"""
    on = list(servers_lost_on(world, known).values())
    for one in servers:
        lost = lost_servers(world, str(one.fields["system"]))
        here = bool(lost) and sum(one.fields["system"] in systems for systems in on) == len(lost)
        yield one._replace(fields={**one.fields, "lost_with_node": here})


def without_a_way(world: World, addresses: Mapping[str, str | None]) -> set[str]:
    """Nodes to whose Nomad client the servers have lost their connection, or that have the address of a server that takes none."""
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
    """Nodes that the jobs have to do with: those of their instances. None for all of them, where one is missing or none was seen."""
    if lacks or not world.seen_allocations() or not world.jobs:
        return None
    return {one.node for one in world.instances}
