"""How LiteFS on each node answered, and at which ports it listens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from collector.model import Result, Status
from collector.observe.litefs.positions import State, compare
from collector.observe.world.survey import World

DEFAULT_PORT = 20202
PROXY = re.compile(r"proxy server listening on: \S*:(\d{1,5})\b")
"""LiteFS v0.5.14, cmd/litefs/mount_linux.go: logged at start if litefs.yml has a `proxy`."""
_PORT = re.compile(r"[0-9]{1,5}")


def states(world: World) -> dict[str, State]:
    """Return LiteFS's state by allocation, for all that were queried, with positions compared."""
    nodes = {alloc["id"]: alloc["node"] for alloc in world.allocations}
    running = _running(world)
    found: dict[str, State] = {}
    for result in world.bundle.results:
        if result.kind != "litefs_status" or not _was_asked(result) or elsewhere(world, result):
            continue
        key = _queried(world, result, running)
        state = found.setdefault(key, State(key, nodes.get(key) or world.node(result.target.node) or key))
        if result.status == "ok":
            state.samples.append((result, result.data))
        else:
            state.failures.append(result)
    compare(list(found.values()), world.ahead, world.host)
    return found


def expected(world: World) -> set[str]:
    """Return the allocations (or nodes, if the allocation is unknown) where LiteFS was to be queried, even if there was no time for it."""
    results = [result for result in world.bundle.results if result.kind == "litefs_status" and result.status is not Status.SKIPPED]
    running = _running(world)
    return {_queried(world, result, running) for result in results if not elsewhere(world, result)}


def _running(world: World) -> dict[tuple[str | None, str], list[str]]:
    """Map each node and task to the allocations that run it there."""
    found: dict[tuple[str | None, str], list[str]] = {}
    for one in world.instances:
        for task in one.alloc["tasks"] if not one.over else ():
            found.setdefault((one.node, task["name"]), []).append(one.id)
    return found


def _queried(world: World, result: Result, running: Mapping[tuple[str | None, str], list[str]]) -> str:
    """Return the allocation that an item names; if a spec lists hosts, the only one on that node that runs its task, or else the node."""
    here = running.get((world.node(result.target.node), result.target.task or ""), [])
    return result.target.alloc or (here[0] if len(here) == 1 else result.target.node or "")


def _was_asked(result: Result) -> bool:
    """True if any rung was completed: a run that ended first, and a result hidden by the spec, say nothing about LiteFS."""
    return result.status is not Status.SKIPPED and any(attempt.status not in {Status.BUDGET, Status.SKIPPED} for attempt in result.attempts)


def elsewhere(world: World, result: Result) -> bool:
    """True if the item's task is not in its allocation: LiteFS runs in another group of the job."""
    alloc = world.alloc.get(result.target.alloc or "")
    tasks = {task["name"] for task in alloc["tasks"]} if alloc else set()
    return bool(tasks and result.target.task and result.target.task not in tasks)


def ports(world: World) -> set[int]:
    """Return LiteFS's HTTP ports, from the requests made and from the variable `litefs_port`."""
    configured = _PORT.fullmatch(str(world.bundle.vars.get("litefs_port", "")))
    found = {int(configured[0])} if configured else set()
    for result in world.bundle.results:
        if result.kind == "litefs_status":
            found |= {port for attempt in result.attempts if attempt.rung == "http" for port in _ports(attempt.endpoints)}
    return found or {DEFAULT_PORT}


def proxy_ports(world: World) -> dict[str, int]:
    """Map each allocation to the port of LiteFS's proxy, which LiteFS logs."""
    texts = ((result.data["alloc"], line) for result in world.results("nomad_logs") for line in result.data["lines"])
    return {alloc: int(found[1]) for alloc, line in texts if (found := PROXY.search(line))}


def _ports(endpoints: Sequence[str]) -> Iterator[int]:
    for endpoint in endpoints:
        for word in endpoint.split():
            try:
                port = urlsplit(word).port if "://" in word else None
            except ValueError:
                port = None
            if port:
                yield port
