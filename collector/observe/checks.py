"""Health checks: the catalog's, with the best text that could be had, and what that text means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from collector.model import JSON, Result
from collector.observe.observation import Observation, scope
from collector.observe.since import Since, since
from collector.observe.world import World

LITEFS_PATHS = re.compile(r"^/(?:info|metrics|debug/(?:vars|pprof.*|rand)|events|export|import|stream|tx|handoff|promote|halt)$")
"""Every route of LiteFS 0.5 (http/server.go:134-247 at v0.5.14)."""

MAINTENANCE = ("_node_maintenance", "_service_maintenance")
"""IDs of the checks that `consul maint` adds; its reason is in their notes."""
OWN_WORDS = {"script", "ttl", "alias"}
"""Types of checks whose text is not Consul's but a script's, or a program's: a `refused` in it may be about anything. Nomad runs a job's
script itself and reports it as `ttl`."""
LONGEST = 4000
"""Characters of a check's text that are kept and looked at; Consul itself cuts at 4 KiB."""
WORDS = {
    "catalog": "text from the catalog",
    "agent": "text from {node}'s own agent",
    "exec": "text from {node}'s agent, asked from within the task",
    "probe": "asked again from here",
    "nomad": "Nomad's own check",
}
"""Where a check's text can come from."""
_MEANINGS = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("maintenance", r"maintenance mode"),
        (
            "unhealthy",
            r"gRPC application didn't report service healthy|\Arpc error: code = (?!Unavailable|DeadlineExceeded|Canceled)\w+ desc = ",
        ),
        ("refused", r"connection refused|refused the connection|connectex: No connection could be made|ECONNREFUSED"),
        ("unreachable", r"dial tcp[^\n]*(?:i/o timeout|deadline exceeded)|did not accept a connection in time"),
        ("unreachable", r"no route to|network is unreachable|host is down"),
        ("timeout", r"deadline exceeded|Client\.Timeout|timed out|i/o timeout|read timeout|did not answer in time"),
        ("dns", r"no such host|cannot be resolved|name or service not known|temporary failure in name resolution|server misbehaving"),
        ("tls", r"x509|tls: |certificate|HTTP response to HTTPS client"),
        ("ttl", r"TTL expired"),
    )
)
"""What the texts of Consul's and Nomad's checks (Go's net package) and of our own probes (kinds/probing.py) say, the first that fits."""
_HTTP_CODE = re.compile(
    r"(?:\bHTTP (?:GET|HEAD|POST|PUT|OPTIONS) \S+: |\bHTTP[/ ]?[\d.]* ?|\bstatus(?: code)?[ :=]+|: )([1-5]\d\d)(?!\w|\.\d)"
)
_ANSWERED = re.compile(r"\A(?:HTTP )?[A-Z]{3,7} https?://\S+: ([1-5]\d\d)(?!\S)")
"""An answer came; what follows is its body, which may quote anything (Consul's agent, and kinds/probing.py)."""
_REQUEST = re.compile(r'\A(?:Get|Head|Post|Put) "(https?://[^"]{1,300})": ')
"""No answer came to it (Go's url.Error)."""
_URL = re.compile(r"https?://[^\s\"'<>]+")


PROBED = frozenset({"http", "tcp", "grpc"})
"""What a run of these comes to has a text, always (Consul v1.13.9, agent/checks/check.go), unless `discard_check_output` is set."""
AGENTS = frozenset({"agent", "exec"})


class Text(NamedTuple):
    """A check's text and where it came from; `passes`: who told it, after the catalog, said with it that the check passes."""

    result: Result
    output: str
    source: str
    passes: bool = False

    def words(self, node: str) -> str:
        """Where it came from, for a reader."""
        return WORDS[self.source].format(node=node)


class Check(NamedTuple):
    """A check with its best text and the path and port it asks, as far as they are known."""

    row: Mapping[str, JSON]
    node: str
    text: Text
    path: str | None
    port: int | None
    since: Since
    redirected: bool
    silent: bool


def checks(world: World) -> list[Check]:
    """Every check once, with its best text."""
    better = _texts(world)
    found: dict[tuple[str, str], Check] = {}
    for result in world.results("consul_checks"):
        for row in result.data["checks"]:
            key = (row["node"], row["check_id"])
            if key not in found or row["modify_index"] > found[key].row["modify_index"]:
                found[key] = _check(world, result, row, better.get(key))
    return [*found.values(), *_nomad_checks(world)]


def meaning(row_type: str | None, check_id: str, output: str) -> tuple[str, int | None]:
    """What a check's text says went wrong, and the HTTP status in it."""
    if check_id.startswith(MAINTENANCE):
        return "maintenance", None
    if not output.strip():
        return "none", None
    if row_type in OWN_WORDS:
        return ("ttl" if "TTL expired" in output else "script"), None
    return _told(row_type, output)


def _told(row_type: str | None, output: str) -> tuple[str, int | None]:
    """What Consul, Nomad or our own probe says of a request."""
    if answered := _ANSWERED.match(output):
        return "http", int(answered[1])
    for name, pattern in _MEANINGS:
        if pattern.search(output):
            return name, None
    code = _HTTP_CODE.search(output)
    return ("http", int(code[1])) if code and row_type != "tcp" else ("other", None)


class Known(NamedTuple):
    """What is known of the instances that checks are of: LiteFS's ports, its proxy's by allocation, and who stands behind none."""

    litefs_ports: set[int]
    proxies: Mapping[str, int]
    orphans: set[tuple[str, str]]


def observe_checks(world: World, every: list[Check], known: Known) -> Iterator[Observation]:
    """One observation per check. `known.orphans` holds the (node, service id) of the instances that no allocation stands behind."""
    told = any(check.text.output and check.row["type"] in PROBED for check in every)
    for check in every:
        row = check.row
        failure, code = _failure(row, check.text)
        on_litefs = check.port in known.litefs_ports if check.port else False
        yield Observation(
            "check",
            scope(node=check.node, alloc=row.get("alloc"), service=row["service"]),
            {
                "name": row["name"],
                "status": row["status"],
                "type": row["type"],
                "output": check.text.output,
                "output_source": check.text.source,
                "failure": failure,
                "check_id": check.row["check_id"],
                "code": code,
                "path": check.path,
                "port": check.port,
                "on_litefs": on_litefs,
                "endpoint_known": bool(check.path and LITEFS_PATHS.match(check.path)) if on_litefs and check.path else None,
                "level": "service" if row["service"] else "node",
                "redirected": check.redirected,
                "unrun": told and check.silent,
                "on_proxy": check.port is not None and known.proxies.get(row.get("alloc") or "") == check.port,
                "orphan": (row["node"], row["service_id"]) in known.orphans,
                "alloc_known": row.get("alloc") in world.instance,
                "task": _task(world, row, on_litefs=on_litefs),
            },
            quote=_quote(check, code),
            source=f'check "{row["name"]}" on {check.node} ({check.text.words(check.node)})',
            item=check.text.result.id,
        )


def _task(world: World, row: Mapping[str, JSON], *, on_litefs: bool) -> str | None:
    """The task behind a check: LiteFS's, its service's, or the allocation's only one. A group's service may be of any of several."""
    instance = world.instance.get(row.get("alloc") or "")
    if on_litefs or instance is None:
        return world.bundle.vars.get("task") if on_litefs else None
    if row.get("task"):
        return str(row["task"])
    own = {service["task"] for service in _services(world, row)} - {None}
    candidates = own or instance.lasting
    return str(next(iter(candidates))) if len(candidates) == 1 else None


def _failure(row: Mapping[str, JSON], text: Text) -> tuple[str, int | None]:
    """What is wrong with a check. Nomad tells the HTTP status apart from the text, which is then the answer's body alone."""
    if row["status"] == "passing":
        return "none", None
    if text.passes:
        return ("answers-here" if text.source == "probe" else "recovered"), None
    return ("http", row["code"]) if row.get("code") else meaning(row["type"], row["check_id"], text.output)


def _quote(check: Check, code: int | None) -> str:
    text = check.text.output.strip()
    if check.row.get("code") and code is not None:
        return f"HTTP {code}: {text}".rstrip(": ")
    return text or f'check "{check.row["name"]}" is {check.row["status"]}, without a text'


def _check(world: World, result: Result, row: Mapping[str, JSON], better: Text | None) -> Check:
    node = world.node(row["node"]) or row["node"]
    told = row["output"] or (row["notes"] if row["check_id"].startswith(MAINTENANCE) else "")
    silent = better is not None and better.source in AGENTS and not (told or better.output or better.passes) and row["type"] in PROBED
    text = Text(result, (told or "")[:LONGEST], "catalog")
    if better and _is_better(better, text):
        text = better
    return Check(row, node, text, *_asked(world, row, text.output), since(world, row), _is_redirected(world, row, text.output), silent)


def _is_better(other: Text, catalog: Text) -> bool:
    """That a check passes from here says nothing of why the node's agent calls it failing: then the agent's old text says more."""
    return bool(other.output) and not (other.passes and other.source == "probe" and catalog.output)


def _texts(world: World) -> dict[tuple[str, str], Text]:
    """What was asked beyond the catalog, by node and check."""
    return {
        (result.data["node"], row["check_id"]): Text(
            result, (row["output"] or "")[:LONGEST], result.data["source"], row.get("status") == "passing"
        )
        for result in world.results("check_output")
        for row in result.data["checks"]
    }


def _asked(world: World, row: Mapping[str, JSON], output: str) -> tuple[str | None, int | None]:
    """Path and port: from the URL in the text, else from the job's definition of the check and the allocation's ports."""
    url = _URL.search(output)
    if url:
        return _path_and_port(url[0].rstrip(":,;"))
    for label, check in _defined(world, row):
        return check["path"] or None, _port(world, row, label)
    return None, None


def _port(world: World, row: Mapping[str, JSON], label: str) -> int | None:
    alloc = world.alloc.get(row.get("alloc") or "", {})
    return next((port["port"] for port in alloc.get("ports", ()) if port["label"] == label), None)


def _is_redirected(world: World, row: Mapping[str, JSON], output: str) -> bool:
    """The request in the text is for another path and port than the check's: whoever makes it has followed the application's redirect."""
    request = _REQUEST.match(output)
    path, port = _path_and_port(request[1]) if request else (None, None)
    own = [(_plain(check["path"]), _port(world, row, label)) for label, check in _defined(world, row) if check["type"] == "http"]
    return request is not None and bool(own) and all(_plain(path) != asked and at not in {port, None} for asked, at in own)


def _plain(path: str | None) -> str:
    return (path or "").split("?")[0].strip("/")


def _defined(world: World, row: Mapping[str, JSON]) -> Iterator[tuple[str, Mapping[str, JSON]]]:
    for service in _services(world, row):
        for check in service["checks"]:
            if check["name"] == row["name"]:
                yield check["port_label"] or service["port_label"], check


def _services(world: World, row: Mapping[str, JSON]) -> Iterator[Mapping[str, JSON]]:
    """The services of this name, as the jobs define them."""
    for job in world.jobs.values():
        for group in job["groups"]:
            yield from (service for service in group["services"] if service["name"] == row["service"])


def _nomad_checks(world: World) -> Iterator[Check]:
    """Checks of services that Nomad itself provides; `success` and `failure` are its words. The job alone says of which type they are."""
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
        text = Text(result, row["output"] or "", "nomad")
        yield Check(
            plain, node, text, *_asked(world, plain, text.output), since(world, plain), _is_redirected(world, plain, text.output), False
        )


def _path_and_port(url: str) -> tuple[str | None, int | None]:
    """A check's output may quote anything: an address without its second bracket, a port of seven digits."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None, None
    try:
        return parts.path or "/", parts.port
    except ValueError:
        return parts.path or "/", None
