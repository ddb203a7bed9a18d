"""The servers of Nomad and Consul: whether they answer and have a leader, which are lost, and whether the cluster is partitioned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from collector.kinds import answered_by
from collector.kinds.kind import AGENT, STALE
from collector.model import JSON, Attempt, Result, Status, host_of
from collector.observe.observation import Observation
from collector.observe.world.survey import World

LEADER_KINDS = {"nomad": "nomad_agent", "consul": "consul_leader"}
"""Kinds that ask one server about the leader."""
_NAMES = {"nomad": "name", "consul": "node"}
LEADERS = set(LEADER_KINDS.values())
LOCAL = answered_by("any agent")
"""Kinds that need no leader."""
BY_CLIENT = answered_by("client")
"""Kinds for which a server without a leader passes the request on, too (nomad/client_alloc_endpoint.go: AllowStale)."""
NO_ANSWER = {"refused", "timeout", "dns", "reset", "unroutable", "protocol"}
NO_LEADER = ("no cluster leader", "no leader")
NO_SERVERS = ("no known consul servers", "no servers", "rpc error getting client", "failed to get rpc connection")
PAIR = 2
"""A number of servers that can spare none: one alone has no majority."""
GATEWAY = {502, 504}
"""Statuses of a proxy; Nomad and Consul do not use them."""
UNAVAILABLE = re.compile(
    r"(?i)answers HTTP 503(?:$|: .*(?:no available server|no healthy upstream|upstream connect|service (?:temporarily )?unavailable))"
)
"""A proxy's 503, in a page or in these words; Consul's own 503 says what was limited."""


class Servers(NamedTuple):
    """What is known about one system's servers; None if they were not queried."""

    answers: bool | None
    leader: bool | None
    cause: str
    result: Result | None
    reason: str


def servers(world: World, system: str) -> Servers:
    """Determine whether the servers of `nomad` or `consul` answer and have a leader."""
    results = [result for result in world.bundle.results if _asks_servers(result, system)]
    answered = [result for result in results if result.status in {Status.OK, Status.DENIED, Status.INVALID} or _answered(result)]
    failed = [(r, attempt) for r in results for attempt in r.attempts if attempt.status is not Status.OK]
    led = [r.started_at for r in results if _shows_leader(r)]
    lasting = [(r, attempt) for r, attempt in failed if not _recovered(r, max(led, default=0.0))]
    leaderless = _first_with(lasting, NO_LEADER)
    serverless = _first_with(lasting, NO_SERVERS)
    known = [r.data["known_leader"] for r in results if r.status is Status.OK and r.kind in LEADERS]
    leader = False if leaderless or False in known or _waits_for_leader(results) else (True if True in known or led else None)
    silent = next(
        ((r, a) for r, a in failed if a.cause in NO_ANSWER or a.status in {Status.UNREACHABLE, Status.TIMEOUT} or _of_gateway(a)), None
    )
    why = serverless or (silent if not answered else None) or leaderless
    agent = next((r for r in results if r.kind in LEADERS), None)
    return Servers(
        answers=None if not results or (not answered and silent is None) else bool(answered) and serverless is None,
        leader=leader,
        cause=_cause(why[1]) if why else "",
        result=why[0] if why else agent,
        reason=why[1].reason if why else _leader_words(results, known),
    )


def _asks_servers(result: Result, system: str) -> bool:
    """True for items that one of the system's servers answers, possibly through an agent."""
    of_agent = any(attempt.rung == AGENT for attempt in result.attempts)
    return result.kind.startswith(f"{system}_") and result.kind not in BY_CLIENT and not of_agent


def _shows_leader(result: Result) -> bool:
    """True if the result needed a cluster leader: it did not accept a `stale` answer."""
    return result.status is Status.OK and result.kind not in LOCAL and result.rung != STALE


def _recovered(result: Result, last_led: float) -> bool:
    """True if the failure was temporary: a later attempt, or a later query (`last_led`), was answered with a leader."""
    return _shows_leader(result) or bool(result.started_at and last_led > result.started_at + result.seconds)


def _waits_for_leader(mine: list[Result]) -> bool:
    """True if servers answer for themselves but all queries that need a leader time out, as they do before they report having none."""
    tells = any(r.status is Status.OK and r.kind in LEADERS and r.data["leader"] is None for r in mine)
    needing = [attempt for r in mine if r.kind not in LOCAL for attempt in r.attempts if attempt.rung != STALE]
    return tells and bool(needing) and all(attempt.status is Status.TIMEOUT for attempt in needing) and not any(map(_shows_leader, mine))


def _answered(result: Result) -> bool:
    return any(attempt.code is not None and not _of_gateway(attempt) for attempt in result.attempts)


def _of_gateway(attempt: Attempt) -> bool:
    """True if a proxy answered because no server behind it did."""
    return attempt.code in GATEWAY or (attempt.code is not None and bool(UNAVAILABLE.search(attempt.reason)))


def _cause(attempt: Attempt) -> str:
    return "gateway" if _of_gateway(attempt) else attempt.cause or str(attempt.status)


def _first_with(failed: list[tuple[Result, Attempt]], words: tuple[str, ...]) -> tuple[Result, Attempt] | None:
    return next(((r, a) for r, a in failed if any(word in a.reason.lower() for word in words)), None)


def _leader_words(mine: list[Result], known: list[bool | None]) -> str:
    error = next((r.data["leader_error"] for r in mine if r.kind in LEADERS and r.status is Status.OK and r.data["leader_error"]), None)
    return str(error) if error else ("the servers answer, and name no leader" if False in known else "")


def lost_servers(world: World, system: str) -> list[str]:
    """Return names of servers that the others call failed or that did not answer themselves, except those that did.

    If only a pair remains, servers that left count as lost: Consul's autopilot removes failed servers, and nobody intends to run two.
    """
    rows = _known_servers(world, system)
    answered, silent = _answered_directly(world, system)
    lost = {row["name"] for row in rows if row["status"] == "failed" or row["address"] in silent}
    lost -= {row["name"] for row in rows if row["address"] in answered}
    alive = {row["name"] for row in rows if row["status"] == "alive"} - lost
    return sorted(lost | ({row["name"] for row in rows if row["status"] == "left"} if len(alive) == PAIR else set()))


def lost_majority(world: World, system: str) -> bool:
    """True if so many servers are lost that the others are no majority, and none of these follows a leader."""
    known = {row["name"] for row in _known_servers(world, system) if row["status"] != "left"}
    left = known - set(lost_servers(world, system))
    return bool(known) and 2 * len(left) <= len(known) and not _partition(world, system)["led_by"]


def _known_servers(world: World, system: str) -> list[Mapping[str, JSON]]:
    """Return the servers as the system lists them."""
    if system == "consul":
        return [row for _, row in world.rows("consul_members") if row["role"] == "server"]
    return [row for result in world.results("nomad_agent") for row in result.data["servers"] if _of_its_region(row, result)]


def _of_its_region(row: Mapping[str, JSON], agent: Result) -> bool:
    """True if the server is in the agent's own region: federated regions have their own servers and leader."""
    return not row["region"] or agent.data["region"] in {None, row["region"]}


def _answered_directly(world: World, system: str) -> tuple[set[str], set[str]]:
    """Return the hosts of servers that answered for themselves, and of those that did not."""
    mine = [result for result in world.bundle.results if result.kind in LEADERS and result.kind.startswith(system)]
    hosts = [({_host(one) for attempt in result.attempts for one in attempt.endpoints}, result.status) for result in mine]
    answered = {host for some, status in hosts for host in some if status is Status.OK}
    return answered, {host for some, status in hosts for host in some if status in {Status.UNREACHABLE, Status.TIMEOUT}} - answered


def _host(endpoint: str) -> str:
    """Return the host of an endpoint, `GET URL`."""
    return host_of(endpoint.rpartition(" ")[2])


def _partition(world: World, system: str) -> Mapping[str, JSON]:
    """Return the leader that some servers name, these servers, and those that know no leader; each null if all agree.

    Servers that disagree on whether there is a leader are partitioned.
    """
    answers = [r.data for r in world.bundle.results if r.kind == LEADER_KINDS[system] and r.status is Status.OK]
    led = {row[_NAMES[system]]: row["leader"] for row in answers if row["known_leader"] and row["leader"]}
    alone = {row[_NAMES[system]] for row in answers if row["known_leader"] is False} - led.keys()
    if not led or not alone:
        return {"led_by": None, "followers": None, "alone": None}
    return {"led_by": next(iter(led.values())), "followers": _listed(led), "alone": _listed(alone)}


def _listed(names: Mapping[JSON, JSON] | set[JSON]) -> str:
    return ", ".join(sorted(str(name) for name in names if name)) or "others"


def _default(world: World, system: str) -> str:
    """Note that the address is the default, which is the most likely reason if nothing answers."""
    variable = {"nomad": "NOMAD_ADDR", "consul": "CONSUL_HTTP_ADDR"}[system]
    return f" (the default: {variable} is not set)" if variable in world.bundle.endpoints.get("unset", "").split(", ") else ""


def observe_servers(world: World) -> Iterator[Observation]:
    """Yield one observation per system that was queried."""
    for system in ("nomad", "consul"):
        one = servers(world, system)
        if one.answers is None and one.leader is None:
            continue
        endpoint = world.bundle.endpoints.get(system, "")
        lost = ", ".join(lost_servers(world, system)) or None
        quote = one.reason or ("has a leader" if one.leader else "no leader")
        apart = _partition(world, system)
        quote += f"; {apart['followers']} name {apart['led_by']}" if apart["led_by"] else ""
        yield Observation(
            "server",
            {},
            {
                "system": system,
                "answers": one.answers,
                "leader": one.leader,
                "cause": one.cause,
                "reason": one.reason,
                "lost": lost,
                **apart,
            },
            quote=f"{quote}; lost: {lost}" if lost else quote,
            source=f"{system} at {endpoint}{_default(world, system)}" if endpoint else system,
            item=one.result.id if one.result else "",
        )
