"""LiteFS on each node, and the lease in Consul."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from collector.model import JSON, Result, Status
from collector.observe.litefs.positions import State, compare
from collector.observe.observation import Observation, scope
from collector.observe.world.hosts import hosts
from collector.observe.world.survey import World

DEFAULT_PORT = 20202
YOUNG = 10.0
"""Seconds: what was asked beside a LiteFS that has just started may be older than it."""
LITEFS_SESSION = "litefs"
"""What LiteFS calls its sessions in Consul (v0.5.14, consul/consul.go: DefaultSessionName)."""
PROXY = re.compile(r"proxy server listening on: \S*:(\d{1,5})\b")
"""LiteFS v0.5.14, cmd/litefs/mount_linux.go: at its start, where litefs.yml has a `proxy`."""
_PORT = re.compile(r"[0-9]{1,5}")
ASKED_PATH = re.compile(r"the spec asks LiteFS for (/\S*):")


def states(world: World) -> dict[str, State]:
    """LiteFS's state by allocation, for every one that was asked; positions already compared with the primary's."""
    nodes = {alloc["id"]: alloc["node"] for alloc in world.allocations}
    found: dict[str, State] = {}
    for result in world.bundle.results:
        if result.kind != "litefs_status" or not _was_asked(result) or elsewhere(world, result):
            continue
        key = result.target.alloc or result.target.node or ""
        state = found.setdefault(key, State(key, nodes.get(key) or world.node(result.target.node) or key))
        if result.status == "ok":
            state.samples.append((result, result.data))
        else:
            state.failures.append(result)
    compare(list(found.values()), world.ahead, world.host)
    return found


def expected(world: World) -> set[str]:
    """Allocations (nodes, where the allocation is not known) that LiteFS was to be asked for in, whether or not the time sufficed."""
    results = [result for result in world.bundle.results if result.kind == "litefs_status" and result.status is not Status.SKIPPED]
    return {result.target.alloc or result.target.node or "" for result in results if not elsewhere(world, result)}


def _was_asked(result: Result) -> bool:
    """Did a rung come to its end? That the run ended first says nothing of LiteFS, nor does what a spec hides."""
    return result.status is not Status.SKIPPED and any(attempt.status not in {Status.BUDGET, Status.SKIPPED} for attempt in result.attempts)


def elsewhere(world: World, result: Result) -> bool:
    """The item asks a task that its allocation does not have: LiteFS runs in another group of the job."""
    alloc = world.alloc.get(result.target.alloc or "")
    tasks = {task["name"] for task in alloc["tasks"]} if alloc else set()
    return bool(tasks and result.target.task and result.target.task not in tasks)


def ports(world: World) -> set[int]:
    """LiteFS's HTTP ports, from what was asked and from the variable that says so."""
    told = _PORT.fullmatch(str(world.bundle.vars.get("litefs_port", "")))
    found = {int(told[0])} if told else set()
    for result in world.bundle.results:
        if result.kind == "litefs_status":
            found |= {port for attempt in result.attempts if attempt.rung == "http" for port in _ports(attempt.endpoints)}
    return found or {DEFAULT_PORT}


def proxy_ports(world: World) -> dict[str, int]:
    """Allocation -> the port of LiteFS's proxy, as LiteFS itself says in its log."""
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


class Lease(NamedTuple):
    """The lease in Consul, and the result that told it."""

    result: Result
    data: Mapping[str, JSON]

    @property
    def alive(self) -> bool:
        """Held by a session that exists."""
        return bool(self.data["held"] and self.data["session_alive"] is not False)

    @property
    def session(self) -> Mapping[str, JSON]:
        """Its session as Consul lists it; empty where that is not known."""
        sessions: Sequence[Mapping[str, JSON]] = self.data["sessions"]
        return next((one for one in sessions if one["id"] == self.data["session"]), {})

    @property
    def foreign(self) -> bool:
        """Held by somebody who is not LiteFS: the session is known, and has another name."""
        return bool(self.data["held"] and self.session.get("name", LITEFS_SESSION) != LITEFS_SESSION)


def lease(world: World, every: Mapping[str, State]) -> Lease | None:
    """The lease, where it was asked for. A job may have several LiteFS: then the one of those that were asked, if that can be told."""
    told = {result.data["key"]: Lease(result, result.data) for result in world.results("consul_lease")}
    leases = [one for one in told.values() if not _is_a_guess(world, one)]
    if len(leases) < 2:  # noqa: PLR2004 - nothing to choose from
        return leases[0] if leases else None
    ids = {state.data["cluster_id"] for state in every.values() if state.data} - {None}
    ours = [one for one in leases if one.data["cluster_id"] in ids] or [one for one in leases if advertised(one) in _ends(world, every)]
    return ours[0] if len(ours) == 1 else None


def several_leases(world: World, every: Mapping[str, State]) -> list[str]:
    """Keys of the leases by which more than one of the LiteFS that were asked lead; none where a single one decides."""
    told = {result.data["key"]: Lease(result, result.data) for result in world.results("consul_lease")}
    ends = _ends(world, every) if len(told) > 1 else set()
    found = {key: end for key, one in told.items() if one.alive and (end := _end(world, one)) in ends}
    return sorted(found) if len(set(found.values())) > 1 else []


def _end(world: World, held: Lease) -> tuple[str, int] | None:
    """What it advertises, with the node's own name for the whole name of one."""
    end = advertised(held)
    return (hosts(world.addresses, {end[0]}, ()).get(end[0], end[0]), end[1]) if end else None


def _is_a_guess(world: World, held: Lease) -> bool:
    """There is no such key in Consul, and none in the job either: a static lease, or another key. It says nothing of who may lead."""
    named = any(held.data["key"] in job["lease_keys"] for job in world.jobs.values())
    return bool(world.jobs) and not named and not held.data["held"] and not held.data["cluster_id"]


def advertised(held: Lease) -> tuple[str, int] | None:
    """Host and port of the primary's URL in the lease."""
    try:
        parts = urlsplit(str(held.data["advertise_url"] or ""))
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    return (host, port) if host and port else None


def _ends(world: World, every: Mapping[str, State]) -> set[tuple[str, int] | None]:
    """Every address and name that a LiteFS which was asked may advertise, with every port that was asked."""
    nodes = {state.node for state in every.values()}
    theirs = [alloc for alloc in world.allocations if alloc["node"] in nodes]
    # LiteFS may be on another of the node's networks than the port that the allocation's address is from.
    hosts = nodes | {alloc["address"] for alloc in theirs} | {port["host"] for alloc in theirs for port in alloc["ports"]}
    asked = ports(world)
    return {(host, port) for host in hosts if host for port in asked}


def observe_litefs(world: World, every: Mapping[str, State], held: Lease | None) -> Iterator[Observation]:
    """One observation per allocation that was asked."""
    found = any(state.primary for state in every.values())
    kept = _expected_id(every, held)
    for state in every.values():
        fields = _fields(world, state, found, kept)
        result = state.result
        yield Observation(
            "litefs",
            scope(node=state.node, alloc=state.alloc),
            fields,
            quote=_words(state, fields),
            source=f"LiteFS on {state.node}" + (f" ({result.rung})" if result.rung else ", which was asked and did not answer"),
            item=result.id,
        )


def unshown(world: World, litefs: Iterable[Observation], held: Lease | None, *, shown: bool) -> Iterator[Observation]:
    """With whether it is the spec alone that says that there is a LiteFS. `shown`: a log or a check is of one."""
    every = list(litefs)
    unread = any(result.kind == "consul_lease" and not result.ignore_errors for result in world.failed)
    led = held is not None and (held.alive or held.data["cluster_id"] is not None)
    nothing = not (shown or unread or led or any(one.fields["answered"] for one in every))
    yield from (one._replace(fields={**one.fields, "unshown": nothing and one.fields["cause"] == "refused"}) for one in every)


def _expected_id(every: Mapping[str, State], held: Lease | None) -> str | None:
    if held and held.data["cluster_id"]:
        return str(held.data["cluster_id"])
    ids = {state.data["cluster_id"] for state in every.values() if state.primary and state.data}
    return ids.pop() if len(ids) == 1 else None


def _fields(world: World, state: State, primary_found: bool, kept: str | None) -> dict[str, JSON]:
    data = state.data or {}
    replica = bool(data) and not state.primary and data["role"] != "unknown"
    knows = None if not data or data["primary_hostname"] is None else bool(data["primary_hostname"])
    follows = replica and knows is not False
    synced = follows and _is_in_step(world, state)
    mine = data.get("cluster_id")
    return {
        "answered": bool(data),
        "cause": state.cause,
        "stuck": state.stuck,
        "locked_up": state.locked_up,
        "role": data.get("role", "unknown"),
        "is_primary": data.get("is_primary"),
        "candidate": data.get("candidate"),
        "lag_seconds": state.late,
        "behind": state.behind,
        "behind_by": state.behind or None,
        "lagging": _lagging(world, state) if follows and not state.locked_up else None,
        **dict(zip(("held_database", "held_by"), state.held or (None, None), strict=True)),
        "awaits": state.awaits if replica and not state.locked_up else None,
        "never_synced": state.never_synced,
        "receives": state.receives,
        "writes": state.writes,
        "unheard": state.unheard,
        "unstreamed": state.unstreamed,
        "clock_off": state.clock_off,
        "synced": synced,
        "settled": state.primary or synced,
        "knows_primary": knows,
        "primary_hostname": data.get("primary_hostname"),
        "diverged": state.diverged,
        "cluster_id": mine,
        "id_differs": bool(mine and kept and mine != kept),
        "expected_id": kept,
        "stream_count": data.get("stream_count"),
        "primary_answers": primary_found,
        "young": data.get("uptime_seconds") is not None and data["uptime_seconds"] < YOUNG,
        "task": state.result.target.task,
        "spec_path": _spec_path(state),
    }


def _is_in_step(world: World, state: State) -> bool:
    """Within the threshold by its own clock; where that tells nothing, by its position."""
    if state.late is None:
        return state.behind == 0 and not state.never_synced
    return state.late < world.lag_warning and not state.behind


def _lagging(world: World, state: State) -> str | None:
    """How far a connected one is behind, beyond a threshold: by its own clock, or by a position that a second look confirmed."""
    lag = 0.0 if state.late is None else state.late
    if lag >= world.lag_critical:
        return "critical"
    return "warning" if lag >= world.lag_warning or state.behind else None


def _spec_path(state: State) -> str | None:
    """The path that a rung of the spec was refused for, whether or not a later rung answered."""
    results = [result for result, _ in state.samples] + list(state.failures)
    reasons = (attempt.reason for result in results for attempt in result.attempts)
    found = next(filter(None, map(ASKED_PATH.search, reasons)), None)
    return found[1] if found else None


def _words(state: State, fields: Mapping[str, JSON]) -> str:
    if state.data is None:
        return state.result.reason or f"no answer ({fields['cause']})"
    parts = [f"the spec's rung asks for {fields['spec_path']}"] if fields["spec_path"] else []
    parts.append(f"role {fields['role']}")
    if fields["cluster_id"]:
        parts.append(f"cluster ID {fields['cluster_id']}")
    if not state.primary:
        parts += _follows(state, fields)
    if fields["held_by"]:
        parts.append(f"a {fields['held_by']} transaction is open on {fields['held_database']}")
    return ", ".join([*parts, *(_at(db, fields["diverged"]) for db in state.databases)])


def _at(db: Mapping[str, JSON], diverged: JSON) -> str:
    """A database's position, with its content's checksum where that is what differs."""
    told = f"{db['name']} at {db['txid']}" + (f", {db['behind']} behind" if db["behind"] else "")
    return f"{told} with checksum {db['checksum']}" if db["name"] == diverged else told


def _follows(state: State, fields: Mapping[str, JSON]) -> Iterator[str]:
    """Whom a replica follows and how closely, as far as it was asked: a settled one is not asked for its primary's name."""
    if fields["knows_primary"] is not None:
        yield f"primary {fields['primary_hostname'] or 'unknown to it'}"
    if state.never_synced:
        yield "has not synced"
    elif state.lag is not None:
        yield f"lag {round(state.lag, 3)} s" + (f", its clock {state.ahead:+.0f} s off the primary's" if state.ahead else "")
