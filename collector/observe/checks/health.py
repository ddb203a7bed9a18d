"""Health checks of Consul's catalog and of Nomad, each with the best output available (texts.py interprets it)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from collector.kinds.kind import AGENT
from collector.loglines.matters import may_follow, own_matter
from collector.loglines.meanings import meanings_of_check
from collector.model import JSON, Began, Result
from collector.observe.checks.since import since
from collector.observe.checks.texts import (
    LONGEST,
    MAINTENANCE,
    Text,
    answered_with,
    asked_for,
    failure,
    is_better,
    path_and_port,
    refused_request,
)
from collector.observe.checks.upstream import Places, upstream
from collector.observe.litefs.files import Files
from collector.observe.observation import Observation, scope
from collector.observe.world.survey import World

LITEFS_PATHS = re.compile(r"^/(?:info|metrics|debug/(?:vars|pprof.*|rand)|events|export|import|stream|tx|handoff|promote|halt)$")
"""Every route of LiteFS 0.5 (http/server.go:134-247 at v0.5.14)."""

PROBED = frozenset({"http", "tcp", "grpc"})
"""Types whose every run leaves an output (Consul v1.13.9, agent/checks/check.go), unless `discard_check_output` is set."""
AGENTS = frozenset({"agent", "exec"})


class Check(NamedTuple):
    """A check with its best output and the path and port it requests, if known.

    `silent`: the node's own agent was queried and has no output for it.
    """

    row: Mapping[str, JSON]
    node: str
    text: Text
    path: str | None
    port: int | None
    began: Began
    redirected: bool
    silent: bool


def checks(world: World) -> list[Check]:
    """Return every check once, as the node's own agent has it or else the newest in the catalog, with its best output."""
    better = _texts(world)
    newest: dict[tuple[str, str], tuple[bool, int, Result, Mapping[str, JSON]]] = {}
    for result in world.results("consul_checks"):
        for row in result.data["checks"]:
            key, one = (row["node"], row["check_id"]), (result.rung == AGENT, row["modify_index"], result, row)
            if key not in newest or one[:2] > newest[key][:2]:
                newest[key] = one
    return [*(_check(world, result, row, better.get(key)) for key, (_, _, result, row) in newest.items()), *_nomad_checks(world)]


class Known(NamedTuple):
    """What is known about the checks' instances: LiteFS's ports, its proxy's port by allocation, orphans, and where failing instances are.

    `alike` maps a failing check (node, ID) to a node where the same check passes in the same situation; `passing` maps every check
    (service, name) to the nodes on which it passes.
    """

    litefs_ports: set[int]
    proxies: Mapping[str, int]
    orphans: set[tuple[str, str]]
    places: Places
    alike: Mapping[tuple[str, str], str]
    passing: Mapping[tuple[str | None, str], set[str]]


def observe_checks(world: World, every: list[Check], known: Known) -> Iterator[Observation]:
    """Yield one observation per check. `known.orphans` has the (node, service ID) of instances without an allocation."""
    any_output = any(check.text.output and check.row["type"] in PROBED for check in every)
    answering = {result.target.alloc for result in world.results("litefs_status") if result.rung == "http"}
    waiting = {check.node for check in every if check.row.get("alloc") in answering and _is_unrun(check, known)}
    files = Files(world)
    for check in every:
        if (check.row["node"], check.row["service_id"]) in known.orphans:
            yield _observation(check, "orphan_check", {key: check.row[key] for key in ("name", "status", "check_id")})
        else:
            yield _observation(
                check,
                "check",
                _fields(world, check, known, files, unrun=check.silent and (any_output or check.node in waiting or _starts(world, check))),
            )


def _is_unrun(check: Check, known: Known) -> bool:
    """True if the check seems never to have run: it requests a path that LiteFS always answers, so a run would have left an output."""
    return check.silent and check.port in known.litefs_ports and bool(LITEFS_PATHS.match(check.path or ""))


def _starts(world: World, check: Check) -> bool:
    """True if the instance is younger than its check's first run may take."""
    instance = world.instance.get(check.row.get("alloc") or "")
    return instance is not None and instance.starting(check.row["interval"] or 0.0)


def _fields(world: World, check: Check, known: Known, files: Files, *, unrun: bool) -> dict[str, JSON]:
    """Return the fields of a check of a live instance. `unrun`: if it had been run, it would have an output."""
    row = check.row
    why, code = failure(row, check.text, redirected=check.redirected, unrun=unrun)
    on_litefs = check.port in known.litefs_ports if check.port else False
    fails = row["status"] == "critical"
    output = check.text.output if fails and not check.text.over else ""
    answer = answered_with(row, output) if why == "http" else ""
    of_cluster = may_follow(answer)
    return {
        "name": row["name"],
        "status": row["status"],
        "type": row["type"],
        "output": check.text.output,
        "output_source": check.text.source,
        "failure": why if fails else None,
        "warns": why if row["status"] == "warning" else None,
        "check_id": row["check_id"],
        "interval": row.get("interval"),
        "code": code,
        "own_matter": own_matter(answer),
        "may_follow": of_cluster,
        "upstream": upstream(answer, check.node, known.places),
        "passes_elsewhere": len(known.passing.get((row["service"], row["name"]), set()) - {check.node}),
        "passes_on": None if of_cluster else known.alike.get((check.node, row["check_id"])),
        **files.apart(output, meanings_of_check(output)),
        "path": check.path,
        "port": check.port,
        "on_litefs": on_litefs,
        "endpoint_known": bool(check.path and LITEFS_PATHS.match(check.path)) if on_litefs and check.path else None,
        "level": "service" if row["service"] else "node",
        "on_proxy": check.port is not None and known.proxies.get(row.get("alloc") or "") == check.port,
        "alloc_known": row.get("alloc") in world.instance,
        "task": _task(world, row, on_litefs=on_litefs),
        "restarts_task": _restarts_task(world, row),
    }


def _observation(check: Check, topic: str, fields: dict[str, JSON]) -> Observation:
    row = check.row
    return Observation(
        topic,
        scope(node=check.node, alloc=row.get("alloc"), service=row["service"]),
        fields,
        quote=_quote(check, fields.get("code")),
        source=f'check "{row["name"]}" on {check.node} ({check.text.words(check.node)}{_how_seldom(row)})',
        item=check.text.result.id,
    )


def _task(world: World, row: Mapping[str, JSON], *, on_litefs: bool) -> str | None:
    """Return the task behind a check: LiteFS's, its service's, or the allocation's only one.

    A group's service may belong to any of several.
    """
    instance = world.instance.get(row.get("alloc") or "")
    if on_litefs or instance is None:
        return world.bundle.vars.get("task") if on_litefs else None
    if row.get("task"):
        return str(row["task"])
    own = {service["task"] for service in _services(world, row)} - {None}
    candidates = own or instance.lasting
    return str(next(iter(candidates))) if len(candidates) == 1 else None


def _restarts_task(world: World, row: Mapping[str, JSON]) -> bool:
    """Whether Nomad restarts the instance for this check; the others fail then for as long as the restart takes."""
    instance = world.instance.get(row.get("alloc") or "")
    return instance is not None and instance.restarted_for == row["name"]


SELDOM = 30.0
"""Seconds between two runs of a check from which on a reader should know that its output may be old."""


def _how_seldom(row: Mapping[str, JSON]) -> str:
    interval = row.get("interval") or 0.0
    return f", asked each {interval:g} s" if interval >= SELDOM else ""


def _quote(check: Check, code: JSON) -> str:
    text = check.text.output.strip()
    if check.row.get("code") and code is not None:
        return f"HTTP {code}: {text}".rstrip(": ")
    return text or f'check "{check.row["name"]}" is {check.row["status"]}, without a text'


def _check(world: World, result: Result, row: Mapping[str, JSON], better: Text | None) -> Check:
    output = row["output"] or (row["notes"] if row["check_id"].startswith(MAINTENANCE) else "")
    silent = better is not None and better.source in AGENTS and not (output or better.output or better.passes) and row["type"] in PROBED
    text = Text(result, output or "", "agent" if result.rung == AGENT else "catalog")
    if better and is_better(better, text):
        text = better
    return _built(world, row, world.node(row["node"]) or row["node"], text, silent=silent)


def _built(world: World, row: Mapping[str, JSON], node: str, text: Text, *, silent: bool = False) -> Check:
    text = text._replace(output=text.output[:LONGEST])
    redirected = _is_redirected(world, row, text.output)
    return Check(row, node, text, *_path_and_port(world, row, text.output), since(world, row), redirected, silent)


def _texts(world: World) -> dict[tuple[str, str], Text]:
    """Return the outputs from sources other than the catalog, by node and check."""
    return {
        (result.data["node"], row["check_id"]): Text(
            result, row["output"] or "", result.data["source"], passes=row.get("status") == "passing", now=row.get("now") == "passing"
        )
        for result in world.results("check_output")
        for row in result.data["checks"]
    }


def _path_and_port(world: World, row: Mapping[str, JSON], output: str) -> tuple[str | None, int | None]:
    """Return path and port, from the URL in the output, else from the job's definition and the allocation's ports."""
    url = asked_for(output)
    if url:
        return path_and_port(url)
    for label, check in _defined(world, row):
        return check["path"] or None, _port(world, row, label)
    return None, None


def _port(world: World, row: Mapping[str, JSON], label: str) -> int | None:
    alloc = world.alloc.get(row.get("alloc") or "", {})
    return next((port["port"] for port in alloc.get("ports", ()) if port["label"] == label), None)


def _is_redirected(world: World, row: Mapping[str, JSON], output: str) -> bool:
    """True if the output is about a different path and port than the check's: the requester followed a redirect of the application."""
    request = refused_request(output)
    path, port = path_and_port(request) if request else (None, None)
    own = [(_plain(check["path"]), _port(world, row, label)) for label, check in _defined(world, row) if check["type"] == "http"]
    return bool(request) and bool(own) and all(_plain(path) != asked and at not in {port, None} for asked, at in own)


def _plain(path: str | None) -> str:
    return (path or "").split("?")[0].strip("/")


def _defined(world: World, row: Mapping[str, JSON]) -> Iterator[tuple[str, Mapping[str, JSON]]]:
    for service in _services(world, row):
        for check in service["checks"]:
            if check["name"] == row["name"]:
                yield check["port_label"] or service["port_label"], check


def _services(world: World, row: Mapping[str, JSON]) -> Iterator[Mapping[str, JSON]]:
    """Return the services of this name in the jobs."""
    for job in world.jobs.values():
        for group in job["groups"]:
            yield from (service for service in group["services"] if service["name"] == row["service"])


def _nomad_checks(world: World) -> Iterator[Check]:
    """Return the checks of services with Nomad's provider (statuses `success` and `failure`). Only the job has their type."""
    status = {"success": "passing", "failure": "critical"}
    for result, row in world.rows("nomad_checks"):
        node = result.target.node or world.alloc.get(result.target.alloc or "", {}).get("node", "")
        plain = {
            "node": node,
            "check_id": row["id"],
            "name": row["name"],
            "status": status.get(row["status"], "warning" if row["status"] == "pending" else row["status"]),
            "type": next((check["type"] for _, check in _defined(world, row)), "http"),
            "service": row["service"],
            "service_id": None,
            "code": row["code"],
            "alloc": result.target.alloc,
        }
        yield _built(world, plain, node, Text(result, row["output"] or "", "nomad"))
