"""LiteFS: role, position and lag of each node, judged against the primary's, and what all of them add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from collector.model import JSON, Result
from collector.observe.observation import Observation, scope
from collector.observe.world import World

NEVER_SYNCED_MS = 2147483647
"""`.lag` of a node that has not synced since it started or was demoted (fuse/lag_node.go:25-76)."""
SAWTOOTH = 3.0
"""A lag metric below this is the one-second heartbeat's sawtooth: a small distance seen once is then no alarm."""
NEGATIVE = -1.0
"""Seconds: a lag below this is more than rounding (facts/litefs.md, 4: it can be negative, by clock skew)."""
DEFAULT_PORT = 20202
NOT_ACCEPTED = "did not accept a connection"
"""How sources/translate.py says that connecting itself ran out of time: such a process does not hang, nothing reaches it."""

Sample = tuple[Result, Mapping[str, JSON]]


@dataclass(slots=True)
class State:
    """LiteFS in one allocation, over all its samples, oldest first. `behind` is None where it cannot be compared."""

    alloc: str
    node: str
    samples: list[Sample] = field(default_factory=list)
    failures: list[Result] = field(default_factory=list)
    behind: int | None = None
    diverged: str | None = None
    clock_off: bool = False
    databases: list[dict[str, JSON]] = field(default_factory=list)

    @property
    def data(self) -> Mapping[str, JSON] | None:
        """The last sample."""
        return self.samples[-1][1] if self.samples else None

    @property
    def primary(self) -> bool:
        """The last sample says it is primary."""
        return bool(self.data and self.data["is_primary"])

    @property
    def lag(self) -> float | None:
        """Seconds behind by its own word; None for a primary, for one that has not synced, and where nothing was said.

        The metric is exactly 0 on a non-primary that never synced or was just demoted (store.go:1652-1659), so 0 is not "in sync".
        """
        data = self.data
        if data is None or self.primary or self.never_synced:
            return None
        if data["lag_seconds"] is not None:
            return float(data["lag_seconds"])
        return data["lag_file_ms"] / 1000 if data["lag_file_ms"] is not None else None

    @property
    def never_synced(self) -> bool:
        """It has not synced since it started, or since it was demoted."""
        data = self.data
        if data is None or self.primary or data["role"] == "unknown":
            return False
        return data["lag_file_ms"] == NEVER_SYNCED_MS or (data["lag_seconds"] == 0 and data["lag_file_ms"] is None)

    @property
    def cause(self) -> str:
        """Why its HTTP did not answer, in a word; empty when it did or was not asked."""
        for result in [*self.failures, *(sample[0] for sample in self.samples)]:
            for attempt in result.attempts:
                if attempt.rung == "http" and attempt.status != "ok":
                    return "unaccepted" if NOT_ACCEPTED in attempt.reason else attempt.cause or str(attempt.status)
        return ""

    @property
    def stuck(self) -> bool:
        """Asked in more than one way without an answer, and every way ran out of time."""
        attempts = [attempt for result in self.failures for attempt in result.attempts]
        return not self.samples and len(attempts) > 1 and all("timeout" in (attempt.cause, attempt.status) for attempt in attempts)


def states(world: World) -> dict[str, State]:
    """LiteFS's state by allocation, for every one that was asked; positions already compared with the primary's."""
    nodes = {alloc["id"]: alloc["node"] for alloc in world.allocations}
    found: dict[str, State] = {}
    for result in world.bundle.results:
        if result.kind != "litefs_status" or result.status == "skipped" or elsewhere(world, result):
            continue
        key = result.target.alloc or result.target.node or ""
        state = found.setdefault(key, State(key, nodes.get(key) or world.node(result.target.node) or key))
        if result.status == "ok":
            state.samples.append((result, result.data))
        else:
            state.failures.append(result)
    _compare(list(found.values()))
    return found


def elsewhere(world: World, result: Result) -> bool:
    """The item asks a task that its allocation does not have: LiteFS runs in another group of the job."""
    alloc = world.alloc.get(result.target.alloc or "")
    tasks = {task["name"] for task in alloc["tasks"]} if alloc else set()
    return bool(tasks and result.target.task and result.target.task not in tasks)


def ports(world: World) -> set[int]:
    """LiteFS's HTTP ports, from what was asked and from the variable that says so."""
    found = {int(world.bundle.vars["litefs_port"])} if str(world.bundle.vars.get("litefs_port", "")).isdigit() else set()
    for result in world.bundle.results:
        if result.kind == "litefs_status":
            found |= {port for attempt in result.attempts if attempt.rung == "http" for port in _ports(attempt.endpoints)}
    return found or {DEFAULT_PORT}


def _ports(endpoints: Sequence[str]) -> Iterator[int]:
    for endpoint in endpoints:
        for word in endpoint.split():
            try:
                port = urlsplit(word).port if "://" in word else None
            except ValueError:
                port = None
            if port:
                yield port


def _compare(every: list[State]) -> None:
    primaries = [state for state in every if state.primary]
    primary = primaries[0] if len(primaries) == 1 else None
    for state in every:
        if state.data is not None:
            _position(state, primary)
    _clocks(every, primary)


def _clocks(every: list[State], primary: State | None) -> None:
    """Whose clock a negative lag accuses: the replica's; the primary's, where several replicas agree."""
    replicas = [state for state in every if state.lag is not None]
    negative = [state for state in replicas if (state.lag or 0.0) < NEGATIVE]
    for state in [primary] if primary and len(negative) > 1 and len(negative) == len(replicas) else negative:
        state.clock_off = True


def _position(state: State, primary: State | None) -> None:
    """Transactions behind, per database and at worst; and a database whose content differs at the same position.

    With two samples a replica is behind only if its second position still lags the primary's first one. With one, a small distance
    beside a fresh lag metric is what was written between the two answers.
    """
    mine = state.data["databases"] if state.data else ()
    there = {db["name"]: db for db in primary.samples[0][1]["databases"]} if primary and primary is not state else {}
    now = {db["name"]: db for db in primary.samples[-1][1]["databases"]} if primary and primary is not state else {}
    excused = len(state.samples) == 1 and state.lag is not None and 0 <= state.lag < SAWTOOTH
    for db in mine:
        target = there.get(db["name"])
        behind = None if target is None else max(0, target["txid"] - db["txid"])
        if behind is not None and excused:
            behind = 0
        state.databases.append({"name": db["name"], "txid": db["txid"], "checksum": db["checksum"], "behind": behind})
        for other in (target, now.get(db["name"])):
            if other and other["txid"] == db["txid"] and other["checksum"] and db["checksum"] and other["checksum"] != db["checksum"]:
                state.diverged = db["name"]
    missing = [name for name, db in there.items() if name not in {one["name"] for one in state.databases} and db["txid"]]
    state.databases += [{"name": name, "txid": 0, "checksum": None, "behind": there[name]["txid"]} for name in missing if not excused]
    distances = [db["behind"] for db in state.databases if db["behind"] is not None]
    state.behind = max(distances) if distances else None


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease in Consul, and the result that told it."""

    result: Result
    data: Mapping[str, JSON]

    @property
    def alive(self) -> bool | None:
        """Held by a session that exists."""
        return bool(self.data["held"] and self.data["session_alive"] is not False)


def lease(world: World) -> Lease | None:
    """The lease, where it was asked for."""
    results = world.results("consul_lease")
    return Lease(results[-1], results[-1].data) if results else None


def observe_litefs(world: World, every: Mapping[str, State], held: Lease | None) -> Iterator[Observation]:
    """One observation per allocation that was asked."""
    found = any(state.primary for state in every.values())
    kept = _expected_id(every, held)
    for state in every.values():
        fields = _fields(world, state, found, kept)
        result = (state.samples or [(state.failures[-1], {})])[-1][0]
        yield Observation(
            "litefs",
            scope(node=state.node, alloc=state.alloc),
            fields,
            quote=_words(state, fields),
            source=f"LiteFS on {state.node} ({result.rung or 'no rung answered'})",
            item=result.id,
        )


def _expected_id(every: Mapping[str, State], held: Lease | None) -> str | None:
    if held and held.data["cluster_id"]:
        return str(held.data["cluster_id"])
    ids = {state.data["cluster_id"] for state in every.values() if state.primary and state.data}
    return ids.pop() if len(ids) == 1 else None


def _fields(world: World, state: State, primary_found: bool, kept: str | None) -> dict[str, JSON]:
    data = state.data or {}
    lag, behind = state.lag, state.behind
    replica = bool(data) and not state.primary and data["role"] != "unknown"
    knows = None if not data or data["primary_hostname"] is None else bool(data["primary_hostname"])
    fresh = lag is not None and lag < world.lag_warning and not behind
    even = lag is None and behind == 0 and not state.never_synced
    synced = replica and knows is not False and (fresh or even)
    mine = data.get("cluster_id")
    return {
        "answered": bool(data),
        "cause": state.cause,
        "stuck": state.stuck,
        "role": data.get("role", "unknown"),
        "is_primary": data.get("is_primary"),
        "candidate": data.get("candidate"),
        "lag_seconds": lag,
        "behind": behind,
        "lagging": _lagging(world, replica, knows, lag, behind),
        "never_synced": state.never_synced,
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
        "status_command": _not_a_command(data),
    }


def _lagging(world: World, replica: bool, knows: bool | None, lag: float | None, behind: int | None) -> str | None:
    """Connected, but behind beyond a threshold: by its own clock, or by a position that a second look confirmed."""
    if not replica or knows is False:
        return None
    if lag is not None and lag >= world.lag_critical:
        return "critical"
    if (lag is not None and lag >= world.lag_warning) or behind:
        return "warning"
    return None


def _not_a_command(data: Mapping[str, JSON]) -> str | None:
    command = data.get("status_command")
    return str(command["text"]) if command and command["rc"] and "unknown command" in str(command["text"]) else None


def _words(state: State, fields: Mapping[str, JSON]) -> str:
    if state.data is None:
        return state.failures[-1].reason or f"no answer ({fields['cause']})"
    parts = [f"role {fields['role']}", f"cluster ID {fields['cluster_id'] or 'none'}"]
    if not state.primary:
        parts.append(f"primary {fields['primary_hostname'] or 'unknown to it'}")
        parts.append("has not synced" if state.never_synced else f"lag {fields['lag_seconds']} s")
    parts += [f"{db['name']} at {db['txid']}" + (f", {db['behind']} behind" if db["behind"] else "") for db in state.databases]
    return ", ".join(parts)
