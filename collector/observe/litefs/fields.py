"""LiteFS's states as observations: the topic `litefs`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from collector.model import JSON
from collector.observe.litefs.lease import Lease
from collector.observe.litefs.positions import State
from collector.observe.observation import Observation, scope
from collector.observe.world.survey import World

YOUNG = 10.0
"""Seconds of uptime within which other answers may be older than this LiteFS."""
ASKED_PATH = re.compile(r"the spec asks LiteFS for (/\S*):")


def observe_litefs(world: World, every: Mapping[str, State], held: Lease | None) -> Iterator[Observation]:
    """Yield one observation per allocation that was queried."""
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
    """Add whether only the spec suggests that there is a LiteFS. `shown`: a log or a check is LiteFS's."""
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
    """True if within the threshold by its own lag; without a lag, by its position."""
    if state.late is None:
        return state.behind == 0 and not state.never_synced
    return state.late < world.lag_warning and not state.behind


def _lagging(world: World, state: State) -> str | None:
    """Return the severity of a connected replica's lag, by its own lag or by a position confirmed by a second sample."""
    lag = 0.0 if state.late is None else state.late
    if lag >= world.lag_critical:
        return "critical"
    return "warning" if lag >= world.lag_warning or state.behind else None


def _spec_path(state: State) -> str | None:
    """Return the path of a rung that was refused, whether or not a later rung answered."""
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
    """Describe a database's position, with its checksum if that is what differs."""
    text = f"{db['name']} at {db['txid']}" + (f", {db['behind']} behind" if db["behind"] else "")
    return f"{text} with checksum {db['checksum']}" if db["name"] == diverged else text


def _follows(state: State, fields: Mapping[str, JSON]) -> Iterator[str]:
    """Describe whom a replica follows and how closely, as far as it was queried: a settled one is not asked for its primary's name."""
    if fields["knows_primary"] is not None:
        yield f"primary {fields['primary_hostname'] or 'unknown to it'}"
    if state.never_synced:
        yield "has not synced"
    elif state.lag is not None:
        yield f"lag {round(state.lag, 3)} s" + (f", its clock {state.ahead:+.0f} s off the primary's" if state.ahead else "")
