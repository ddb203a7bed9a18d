"""Variants of a recorded incident that keep its cause."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from collector.replay.recording import ExecExchange, HttpExchange, Recording
from tests.accuracy.nodes import find, moved_in, primary
from tests.accuracy.rewrite import Rewrite, both, everywhere, fresh_ids, shifted, words

NAMES = ("odroid6", "odroid7", "odroid8")
RENAMED = {"odroid6": "rack-a.example", "odroid7": "rack-b.example", "odroid8": "pi-cellar", "server1": "control-1"}
OTHER_VARS = (("job", "wiki"), ("service", "wiki-web"), ("task", "app"), ("mount", "/srv/db"), ("litefs_port", "21000"))
HOUR_NS = 3600 * 10**9


@dataclass(frozen=True, slots=True)
class Variant:
    """A recording to grade: `expected` has (code, nodes) of every true cause; None stands for the cluster.

    `open`: so much is hidden that `unknown` is also right; a wrong name is still wrong.
    """

    name: str
    recording: Recording
    expected: tuple[tuple[str, frozenset[str | None]], ...]
    vars: tuple[tuple[str, str], ...] = ()
    open: bool = False


def plain(incident: str, recording: Recording) -> Variant:
    """Return the recording itself."""
    return Variant(incident, recording, expected(recording, NAMES))


def expected(recording: Recording, names: tuple[str, ...]) -> tuple[tuple[str, frozenset[str | None]], ...]:
    cause, node = recording.meta.get("cause"), recording.meta.get("node")
    if cause is None:
        return ()
    if node == "all":
        return ((str(cause), frozenset(names)),)
    if node == "replicas":
        return ((str(cause), frozenset(set(names) - {primary(recording)})),)
    return ((str(cause), frozenset({node})),)


def variants(incident: str, recording: Recording) -> Iterator[Variant]:
    """Return every variant of one recording."""
    base = plain(incident, recording)
    steps: dict[str, Callable[[Variant], Variant]] = {
        "renamed": renamed,
        "more nodes": grown,
        "noisy nodes": noisy,
        "plain log lines": lambda one: logs(one, unwrapped),
        "JSON log lines": lambda one: logs(one, as_json),
        "log lines with time": lambda one: logs(one, with_time),
        "unrelated lines": lambda one: logs(one, surrounded),
        "no agent": without_agents,
        "no exec": without_exec,
        "no logs": without_logs,
        "LiteFS by exec only": without_litefs_http,
        "a year later": lambda one: replace(one, recording=everywhere(one.recording, shifted(366 * 86400))),
    }
    for name, step in steps.items():
        yield replace(step(base), name=f"{incident}: {name}")
    everything = renamed(logs(noisy(grown(base)), surrounded))
    yield replace(everything, name=f"{incident}: renamed, more and noisy nodes, unrelated lines")
    yield replace(without_agents(logs(noisy(base), unwrapped)), name=f"{incident}: noisy nodes, plain log lines, no agent")


# --- names ---


def renamed(one: Variant) -> Variant:
    """Change names, addresses, IDs, ports and paths."""
    rewrite = both(
        lambda text: re.sub(r"(^|[\"'\s=])/litefs(?=$|[/\"'\s\\])", r"\1/srv/db", text),
        words({**RENAMED, "navidrome-litefs": "wiki-replication", "litefs/navidrome": "apps/wiki/lease", "Navidrome": "Wiki"}),
        lambda text: re.sub(r"\bnavidrome\b(?=-http|-litefs)", "wiki-web", text),
        _services,
        words({"20202": "21000", "4533": "8181", "4633": "8282"}),
        lambda text: re.sub(r"\b127\.0\.0\.(\d)\b", r"10.77.3.\1", text),
        fresh_ids("renamed"),
    )
    nodes = tuple((code, frozenset(RENAMED.get(node, node) if node else None for node in where)) for code, where in one.expected)
    return replace(one, recording=everywhere(one.recording, rewrite), expected=nodes, vars=OTHER_VARS)


def _services(text: str) -> str:
    """The job, its group, its task and a service share one word; rename them separately if the structure shows which is meant."""
    if text == "navidrome":
        return "app"
    text = re.sub(r"(/v1/(?:health/service|health/checks|catalog/service)/)navidrome\b", r"\1wiki-web", text)
    text = re.sub(r"(/v1/job/)navidrome\b", r"\1wiki", text)
    text = re.sub(r'("(?:Service|ServiceName)": ?)"navidrome"', r'\1"wiki-web"', text)
    text = re.sub(r'("(?:JobID|JobName)": ?)"navidrome"', r'\1"wiki"', text)
    if text[:1] in "[{":
        try:
            return json.dumps(_named(json.loads(text))).replace("navidrome", "wiki")
        except ValueError:
            pass
    return text.replace("navidrome", "wiki")


def _named(value: Any) -> Any:
    if isinstance(value, list):
        return [_named(one) for one in value]
    if not isinstance(value, dict):
        return value
    value = {
        ("app" if key == "navidrome" and isinstance(one, dict) and "Events" in one else key): _named(one) for key, one in value.items()
    }
    if value.get("Name") == "navidrome":
        value["Name"] = "app" if "Driver" in value else "wiki-web" if "Checks" in value or "Provider" in value else "wiki"
    return value


# --- nodes ---


def grown(one: Variant) -> Variant:
    """Add two nodes, copies of the healthiest of the three."""
    faulty = {node for _, where in one.expected for node in where}
    leader = primary(one.recording)
    like = next((name for name in NAMES if name not in faulty and name != leader), None) or next(n for n in NAMES if n != leader)
    if not any(exchange.path == "/v1/nodes" and exchange.status == 200 for exchange in one.recording.http):
        return one
    node = find(one.recording, like)
    recording = one.recording
    for name, address in (("odroid10", "127.0.0.10"), ("odroid11", "127.0.0.11")):
        recording = moved_in(recording, one.recording, node, name, address)
    more = {"odroid10", "odroid11"} if like in faulty else set()
    return replace(one, recording=recording, expected=tuple((code, where | more) for code, where in one.expected))


def noisy(one: Variant) -> Variant:
    """Give healthy nodes restarts, failed allocations and complaining logs."""
    faulty = {node for _, where in one.expected for node in where}
    quiet = {name for name in NAMES if name not in faulty}
    return logs(replace(one, recording=_map_bodies(one.recording, lambda path, body: _history(path, body, quiet))), complaining, quiet)


def _map_bodies(recording: Recording, change: Callable[[str, Any], Any]) -> Recording:
    def of(exchange: HttpExchange) -> HttpExchange:
        if exchange.status != 200 or exchange.body[:1] != "[":
            return exchange
        return replace(exchange, body=json.dumps(change(exchange.path, json.loads(exchange.body))))

    return replace(recording, http=tuple(of(exchange) for exchange in recording.http))


def _history(path: str, body: Any, quiet: set[str]) -> Any:
    if not path.endswith("/allocations"):
        return body
    out = []
    for alloc in body:
        if alloc["NodeName"] in quiet and alloc["DesiredStatus"] == "run" and alloc["ClientStatus"] == "running":
            out.append(_older(alloc))
            alloc = _restarted(alloc)  # noqa: PLW2901 - the changed one takes its place
        out.append(alloc)
    return out


def _restarted(alloc: dict[str, Any]) -> dict[str, Any]:
    alloc = copy.deepcopy(alloc)
    for state in (alloc["TaskStates"] or {}).values():
        start = state["Events"][-1]["Time"]
        ended = {
            "Type": "Terminated",
            "Time": start - HOUR_NS,
            "DisplayMessage": "Exit Code: 1",
            "ExitCode": 1,
            "Details": {"exit_code": "1"},
        }
        again = {"Type": "Restarting", "Time": start - HOUR_NS + 10**9, "DisplayMessage": "Task restarting in 15s", "Details": {}}
        state["Events"] = [ended, again, *state["Events"]]
        state["Restarts"] = 1
    return alloc


def _older(alloc: dict[str, Any]) -> dict[str, Any]:
    """Add an allocation that failed an hour ago and was replaced."""
    old = copy.deepcopy(alloc)
    old["ID"] = alloc["ID"][:-4] + "0ldd".replace("l", "1")
    for name in ("CreateTime", "ModifyTime"):
        old[name] = alloc[name] - 2 * HOUR_NS
    old |= {"CreateIndex": 1, "ModifyIndex": 2, "ClientStatus": "failed", "DesiredStatus": "stop", "NextAllocation": alloc["ID"]}
    for state in (old["TaskStates"] or {}).values():
        state |= {"State": "dead", "Failed": True, "Restarts": 3}
        state["Events"] = [
            {"Type": "Terminated", "Time": old["ModifyTime"], "DisplayMessage": "Exit Code: 1", "Details": {"exit_code": "1"}}
        ]
    return old


# --- logs ---

LITEFS_LINE = re.compile(r'^level=(\w+) msg="((?:[^"\\]|\\.)*)"$')
APP_NOISE = (
    'level=warning msg="Slow query" elapsed=1.2s',
    'level=error msg="cannot fetch artwork" error="Get \\"https://images.example/1.png\\": context deadline exceeded"',
    '10.77.9.9 - - [24/Nov/2026:07:00:00 +0000] "GET /login HTTP/1.1" 401 17',
    "WARNING: cache is disabled",
    '{"level":"warn","msg":"rate limit reached","client":"10.77.9.9"}',
)
EARLIER = (
    'level=INFO msg="no backup client configured, skipping"',
    'level=INFO msg="0102030405060708: existing primary found (elsewhere), connecting as replica to \\"http://10.77.9.1:1\\""',
    'level=INFO msg="0102030405060708: disconnected from primary with error, retrying: connect to primary: no route to host"',
    'level=INFO msg="fuse: create(): cannot create journal: read only replica"',
    'level=error msg="write failed" error="attempt to write a readonly database"',
)


def logs(one: Variant, change: Callable[[list[str], bool], list[str]], only: set[str] | None = None) -> Variant:
    """Change the lines of the logs, of these nodes if given. `change` is told whether it is stderr."""
    wanted = None if only is None else {ident for name in only if _has(one.recording, name) for ident in find(one.recording, name).ids}

    def of(exchange: HttpExchange) -> HttpExchange:
        alloc = exchange.path.removeprefix("/v1/client/fs/logs/")
        if (
            alloc == exchange.path
            or exchange.status != 200
            or exchange.query.get("plain") != "true"
            or (wanted is not None and alloc not in wanted)
        ):
            return exchange
        lines = change(exchange.body.splitlines(), exchange.query.get("type") == "stderr")
        return replace(exchange, body="\n".join(lines) + "\n" if lines else "")

    return replace(one, recording=replace(one.recording, http=tuple(of(exchange) for exchange in one.recording.http)))


def _has(recording: Recording, name: str) -> bool:
    return any(exchange.path == "/v1/nodes" and f'"{name}"' in exchange.body for exchange in recording.http)


def _rewrapped(lines: list[str], wrap: Callable[[str], str]) -> list[str]:
    out = []
    for line in lines:
        found = LITEFS_LINE.match(line)
        ours = found and found[1] == "INFO"
        out.append(wrap(re.sub(r"\\(.)", r"\1", found[2])) if found and ours else line)
    return out


def unwrapped(lines: list[str], stderr: bool) -> list[str]:
    """Plain text, as LiteFS before 0.5 logged."""
    return _rewrapped(lines, lambda message: message) if stderr else lines


def as_json(lines: list[str], stderr: bool) -> list[str]:
    """log.format: json."""
    return (
        _rewrapped(lines, lambda message: json.dumps({"time": "2026-11-24T07:00:00Z", "level": "INFO", "msg": message}))
        if stderr
        else lines
    )


def with_time(lines: list[str], stderr: bool) -> list[str]:
    """Add the time, as slog's text format does."""
    return _rewrapped(lines, lambda message: f"time=2026-11-24T07:00:00.000Z level=INFO msg={json.dumps(message)}") if stderr else lines


def surrounded(lines: list[str], stderr: bool) -> list[str]:
    """Add the application's own lines in between."""
    out: list[str] = []
    for number, line in enumerate(lines):
        if (
            stderr
            and number % 3 == 0
            and not line.startswith((" ", "\t", "ERROR:"))
            and not (number and lines[number - 1].startswith("Traceback"))
        ):
            out.append(APP_NOISE[number // 3 % len(APP_NOISE)])
        out.append(line)
    return out


def complaining(lines: list[str], stderr: bool) -> list[str]:
    """Add an earlier run with problems, and harmless complaints in this one."""
    return [*EARLIER, *lines, *APP_NOISE[:2]] if stderr and lines else lines


# --- what cannot be asked ---


def without_agents(one: Variant) -> Variant:
    """The nodes' Consul agents listen on loopback only."""
    return _refused(one, lambda exchange: exchange.source == "consul" and not exchange.base.startswith(one.recording.base("consul") or "-"))


def without_litefs_http(one: Variant) -> Variant:
    """LiteFS's port is closed to us; its health check, which is not ours, still works."""
    return _refused(one, lambda exchange: exchange.source == "litefs")


def _refused(one: Variant, which: Callable[[HttpExchange], bool]) -> Variant:
    def of(exchange: HttpExchange) -> HttpExchange:
        return replace(exchange, status=None, body="", headers={}, error="connection refused") if which(exchange) else exchange

    return replace(one, recording=replace(one.recording, http=tuple(of(exchange) for exchange in one.recording.http)))


def without_logs(one: Variant) -> Variant:
    """The token may not read logs."""

    def of(exchange: HttpExchange) -> HttpExchange:
        return replace(exchange, status=403, body="Permission denied") if "/client/fs/logs/" in exchange.path else exchange

    return replace(one, recording=replace(one.recording, http=tuple(of(exchange) for exchange in one.recording.http)), open=True)


def without_exec(one: Variant) -> Variant:
    """The token may not exec."""

    def of(exchange: ExecExchange) -> ExecExchange:
        return replace(exchange, rc=1, stdout="", stderr="failed to exec into task: Unexpected response code: 403 (Permission denied)")

    return replace(one, recording=replace(one.recording, execs=tuple(of(exchange) for exchange in one.recording.execs)))


# --- two at once ---


def merged(first: Variant, second: Variant, synced: bool) -> Variant:
    """Add the faulty node of the second recording to the first: two incidents on different nodes.

    `synced`: the second's LiteFS is in sync, so it gets the first's positions.
    """
    ((code, where),) = second.expected
    (faulty,) = where
    later = float(first.recording.meta["recorded_at"]) - float(second.recording.meta["recorded_at"])
    extra: Rewrite = both(shifted(later), _adopted(first.recording, second.recording, synced))
    recording = moved_in(first.recording, second.recording, find(second.recording, str(faulty)), "odroid9", "127.0.0.9", extra=extra)
    name = f"{first.name} and {second.name}"
    return Variant(name, recording, (*first.expected, (code, frozenset({"odroid9"}))))


def _adopted(first: Recording, second: Recording, synced: bool) -> Rewrite:
    """Replace the second cluster's ID, primary and positions by the first's."""
    pairs = {}
    ids = [re.findall(r'"clusterID": "(LFSC\w+)"', "".join(e.body for e in one.http if e.path == "/info")) for one in (first, second)]
    if ids[0] and ids[1]:
        pairs = {max(set(ids[1]), key=ids[1].count): max(set(ids[0]), key=ids[0].count)}
    rewrite = words(pairs)
    if not synced:
        return rewrite
    position = next(
        (
            found
            for e in first.http
            if e.path == "/debug/vars" and (found := re.search(r'"txid": ?"(\w+)",\s*"checksum": ?"(\w+)"', e.body))
        ),
        None,
    )
    if position is None:
        return rewrite
    txid = str(int(position[1], 16))
    return both(
        rewrite,
        lambda text: re.sub(r"(litefs_db_txid\{[^}]*\}) \d+", rf"\1 {txid}", text),
        lambda text: re.sub(r'("txid": ?)"\w+"(,\s*"checksum": ?)"\w+"', rf'\1"{position[1]}"\2"{position[2]}"', text),
    )


FIRST = (
    "app-crash",
    "app-500",
    "litefs-config",
    "port-in-use",
    "lease-unreachable",
    "cluster-id",
    "consul-agent-down",
    "nomad-client-down",
    "orphan-service",
)
SECOND = {"app-crash": False, "litefs-config": False, "port-in-use": False, "app-500": True, "lease-unreachable": False}


def pairs(recordings: dict[str, Recording]) -> Iterator[Variant]:
    """Return pairs of incidents in one cluster, on different nodes."""
    for first in FIRST:
        for second, synced in SECOND.items():
            if first != second and first in recordings and second in recordings:
                yield merged(plain(first, recordings[first]), plain(second, recordings[second]), synced)
