"""What was to be seen and was not, with its cause; and whether the servers answered at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from collector.kinds import KINDS
from collector.model import JSON, Attempt, Result, Status, host_of
from collector.observe.cluster.partition import LEADER_KINDS, partition
from collector.observe.litefs.states import elsewhere
from collector.observe.observation import Observation, scope
from collector.observe.world.survey import World

DECISIVE = {"nomad_allocations", "nomad_nodes", "consul_checks", "consul_members"}
"""Without these nobody knows whether the instances live and pass their checks."""
LEADERS = set(LEADER_KINDS.values())
LOCAL = LEADERS | {"consul_members"}
"""What any agent answers from its own memory, leader or not."""
NO_ANSWER = {"refused", "timeout", "dns", "reset", "unroutable", "protocol"}
NO_LEADER = ("no cluster leader", "no leader")
PAIR = 2
"""Servers of which none may be lost: one alone has no majority."""
GATEWAY = {502, 504}
"""Statuses that a proxy gives, and neither Nomad nor Consul."""
UNAVAILABLE = re.compile(
    r"(?i)answers HTTP 503(?:$|: .*(?:no available server|no healthy upstream|upstream connect|service (?:temporarily )?unavailable))"
)
"""A proxy's too, which says so in a page or in these words; Consul's own 503 says what was limited."""
TOKEN_FAULT = re.compile(
    r"(?i)token (?:has )?expired|ACL (?:token )?not found|token (?:not found|does not exist)|unknown token|invalid token"
)
"""What Nomad and Consul say of a token that they do not know, or not any more."""
UNGIVEN = "none was given"
NO_SERVERS = ("no known consul servers", "no servers", "rpc error getting client", "failed to get rpc connection")


def observe_gaps(world: World) -> Iterator[Observation]:
    """One observation per item that gave no data, or data from which a refusal held something back.

    A failure that the spec ignores is none.
    """
    for result in world.failed:
        if not result.ignore_errors and not elsewhere(world, result):
            yield _gap(world, result)
    for result in world.bundle.results:
        if result.status is Status.OK and not result.ignore_errors and any(_held_back(result, attempt) for attempt in result.attempts):
            yield _gap(world, result)


def _token_fault(world: World, result: Result, denied: Attempt) -> str | None:
    """What is wrong with the token that was turned down, where its rights are not: an older bundle does not say whether one was sent."""
    system = _system(result)
    tokens = world.bundle.endpoints.get("tokens")
    if tokens is not None and system in {"nomad", "consul"} and system not in tokens.split(", "):
        return UNGIVEN
    fault = TOKEN_FAULT.search(denied.reason)
    return fault[0] if fault else None


def _lacking(world: World, result: Result) -> str | None:
    """The rights that what was denied needs: of an item that has its data, those that an argument takes, if it has any.

    Where the job was not seen its lease's key is a guess, and a token need not read that.
    """
    if result.kind == "consul_lease" and any(other.kind == "nomad_job" for other in world.failed):
        return None
    kind = KINDS[result.kind]
    further = kind.further_rights.values() if result.status is Status.OK else ()
    return ", ".join(further or kind.capabilities)


def _system(result: Result) -> str:
    """Whom a kind asks: its name begins so, and a check's text is Consul's to tell."""
    return "consul" if result.kind == "check_output" else result.kind.partition("_")[0]


def _held_back(result: Result, attempt: Attempt) -> bool:
    return attempt.status is Status.DENIED and attempt.rung == result.rung


def gap_cause(result: Result) -> str:
    """Why nothing came, in a word: the last attempt that has one."""
    return next((attempt.cause for attempt in reversed(result.attempts) if attempt.cause), "")


def _gap(world: World, result: Result) -> Observation:
    denied = next((a for a in result.attempts if a.status is Status.DENIED), None)
    status = Status.DENIED if denied else result.status
    return Observation(
        "gap",
        scope(
            node=world.node(result.target.node),
            alloc=result.target.alloc,
            task=result.target.task,
            service=result.target.service,
        ),
        {
            "kind": result.kind,
            "status": str(status),
            "cause": "tls" if any(a.cause == "tls" for a in result.attempts) else gap_cause(result),
            "reason": denied.reason if denied else result.reason,
            "system": _system(result),
            "capability": _lacking(world, result) if denied else None,
            "decisive": result.kind in DECISIVE,
            "token_fault": _token_fault(world, result, denied) if denied else None,
        },
        quote=f"{result.kind} of {result.target}: {status}: {(denied or result).reason}",
        source=f"item {result.id}",
        item=result.id,
    )


class Servers(NamedTuple):
    """What was learned of one system's servers; None where it was not asked."""

    answers: bool | None
    leader: bool | None
    cause: str
    result: Result | None
    reason: str


def servers(world: World, system: str) -> Servers:
    """Do the servers of `nomad` or `consul` answer, and have they a leader?"""
    mine = [result for result in world.bundle.results if result.kind.startswith(f"{system}_") and result.kind != "nomad_logs"]
    answered = [result for result in mine if result.status in {Status.OK, Status.DENIED, Status.INVALID} or _spoke(result)]
    failed = [(r, attempt) for r in mine for attempt in r.attempts if attempt.status is not Status.OK]
    led = [r.started_at for r in mine if _is_led(r)]
    lasting = [(r, attempt) for r, attempt in failed if not _mended(r, max(led, default=0.0))]
    leaderless = _says(lasting, NO_LEADER)
    serverless = _says(lasting, NO_SERVERS)
    known = [r.data["known_leader"] for r in mine if r.status is Status.OK and r.kind in LEADERS]
    leader = False if leaderless or False in known or _waits_for_leader(mine) else (True if True in known or led else None)
    silent = next(
        ((r, a) for r, a in failed if a.cause in NO_ANSWER or a.status in {Status.UNREACHABLE, Status.TIMEOUT} or _of_gateway(a)), None
    )
    why = serverless or (silent if not answered else None) or leaderless
    told = next((r for r in mine if r.kind in LEADERS), None)
    return Servers(
        answers=None if not mine or (not answered and silent is None) else bool(answered) and serverless is None,
        leader=leader,
        cause=_cause(why[1]) if why else "",
        result=why[0] if why else told,
        reason=why[1].reason if why else _leader_words(mine, known),
    )


def _is_led(result: Result) -> bool:
    """Did this question get its answer, which only a cluster with a leader gives without `stale`?"""
    return result.status is Status.OK and result.kind not in LOCAL and result.rung != "stale"


def _mended(result: Result, last_led: float) -> bool:
    """What failed was over soon: a later attempt of the same question was led, or a question that was asked after it (`last_led`)."""
    return _is_led(result) or bool(result.started_at and last_led > result.started_at + result.seconds)


def _waits_for_leader(mine: list[Result]) -> bool:
    """A server that tells of itself, and lets every question that needs a leader wait, has none: so it behaves before it says so."""
    tells = any(r.status is Status.OK and r.kind in LEADERS and r.data["leader"] is None for r in mine)
    needing = [attempt for r in mine if r.kind not in LOCAL for attempt in r.attempts if attempt.rung != "stale"]
    return tells and bool(needing) and all(attempt.status is Status.TIMEOUT for attempt in needing) and not any(map(_is_led, mine))


def _spoke(result: Result) -> bool:
    return any(attempt.code is not None and not _of_gateway(attempt) for attempt in result.attempts)


def _of_gateway(attempt: Attempt) -> bool:
    """Was it a proxy before the servers that answered, since none of them did?"""
    return attempt.code in GATEWAY or (attempt.code is not None and bool(UNAVAILABLE.search(attempt.reason)))


def _cause(attempt: Attempt) -> str:
    return "gateway" if _of_gateway(attempt) else attempt.cause or str(attempt.status)


def _says(failed: list[tuple[Result, Attempt]], words: tuple[str, ...]) -> tuple[Result, Attempt] | None:
    return next(((r, a) for r, a in failed if any(word in a.reason.lower() for word in words)), None)


def _leader_words(mine: list[Result], known: list[bool | None]) -> str:
    said = next((r.data["leader_error"] for r in mine if r.kind in LEADERS and r.status is Status.OK and r.data["leader_error"]), None)
    return str(said) if said else ("the servers answer, and name no leader" if False in known else "")


def lost_servers(world: World, system: str) -> list[str]:
    """Names of the servers that the others call failed, or that did not answer when they were asked themselves; none that did answer.

    Beside a pair, one that has left is lost too: Consul's autopilot puts out those that fail, and nobody means to run two servers.
    """
    rows = _listed(world, system)
    answered, silent = _asked_themselves(world, system)
    lost = {row["name"] for row in rows if row["status"] == "failed" or row["address"] in silent}
    lost -= {row["name"] for row in rows if row["address"] in answered}
    alive = {row["name"] for row in rows if row["status"] == "alive"} - lost
    return sorted(lost | ({row["name"] for row in rows if row["status"] == "left"} if len(alive) == PAIR else set()))


def _listed(world: World, system: str) -> list[Mapping[str, JSON]]:
    """Every server that the system knows of, as it is listed."""
    if system == "consul":
        return [row for _, row in world.rows("consul_members") if row["role"] == "server"]
    return [row for result in world.results("nomad_agent") for row in result.data["servers"] if _of_its_region(row, result)]


def no_majority(world: World, system: str) -> bool:
    """So many of the servers are lost that the others are no majority."""
    known = {row["name"] for row in _listed(world, system) if row["status"] != "left"}
    return bool(known) and 2 * len(known - set(lost_servers(world, system))) <= len(known)


def _of_its_region(row: Mapping[str, JSON], agent: Result) -> bool:
    """Of federated regions each has servers and a leader of its own, and the agent knows all of them."""
    return not row["region"] or agent.data["region"] in {None, row["region"]}


def _asked_themselves(world: World, system: str) -> tuple[set[str], set[str]]:
    """Hosts of the servers that answered for themselves, and of those that did not."""
    mine = [result for result in world.bundle.results if result.kind in LEADERS and result.kind.startswith(system)]
    hosts = [({_host(one) for attempt in result.attempts for one in attempt.endpoints}, result.status) for result in mine]
    answered = {host for some, status in hosts for host in some if status is Status.OK}
    return answered, {host for some, status in hosts for host in some if status in {Status.UNREACHABLE, Status.TIMEOUT}} - answered


def _host(endpoint: str) -> str:
    """The host of what was asked, `GET URL`."""
    return host_of(endpoint.rpartition(" ")[2])


def _default(world: World, system: str) -> str:
    """Where nothing says where the servers are, that is the likeliest reason that nobody is there."""
    variable = {"nomad": "NOMAD_ADDR", "consul": "CONSUL_HTTP_ADDR"}[system]
    return f" (the default: {variable} is not set)" if variable in world.bundle.endpoints.get("unset", "").split(", ") else ""


def observe_servers(world: World) -> Iterator[Observation]:
    """One observation per system that was asked."""
    for system in ("nomad", "consul"):
        one = servers(world, system)
        if one.answers is None and one.leader is None:
            continue
        endpoint = world.bundle.endpoints.get(system, "")
        lost = ", ".join(lost_servers(world, system)) or None
        said = one.reason or ("has a leader" if one.leader else "no leader")
        apart = partition(world, system)
        said += f"; {apart['followers']} name {apart['led_by']}" if apart["led_by"] else ""
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
            quote=f"{said}; lost: {lost}" if lost else said,
            source=f"{system} at {endpoint}{_default(world, system)}" if endpoint else system,
            item=one.result.id if one.result else "",
        )
