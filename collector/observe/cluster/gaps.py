"""Gaps: items that were planned and gave no data, with the cause."""

from __future__ import annotations

import re
from collections.abc import Iterator

from collector.kinds import KINDS
from collector.model import Attempt, Result, Status
from collector.observe.litefs.states import elsewhere
from collector.observe.observation import Observation, scope
from collector.observe.world.survey import World

DECISIVE = frozenset(name for name, kind in KINDS.items() if kind.shows)
"""Kinds without which it is unknown whether the instances run and pass their checks."""
TOKEN_FAULT = re.compile(
    r"(?i)token (?:has )?expired|ACL (?:token )?not found|token (?:not found|does not exist)|unknown token|invalid token"
)
"""Messages of Nomad and Consul for an unknown or expired token."""
UNGIVEN = "none was given"


def observe_gaps(world: World) -> Iterator[Observation]:
    """Yield one observation per item without data, or whose data lacks a part that was denied.

    Failures that the spec ignores are not gaps.
    """
    found = [_gap(world, result) for result in _without_data(world)]
    denied = dict.fromkeys(right for one in found for right in (one.fields["capability"] or "").split(", ") if right)
    for one in found:
        yield one._replace(fields={**one.fields, "all_denied": ", ".join(denied) or None})


def _without_data(world: World) -> Iterator[Result]:
    for result in world.failed:
        if not result.ignore_errors and not elsewhere(world, result):
            yield result
    for result in world.bundle.results:
        if result.status is Status.OK and not result.ignore_errors and any(_held_back(result, attempt) for attempt in result.attempts):
            yield result


def _token_fault(world: World, result: Result, denied: Attempt) -> str | None:
    """Return what is wrong with the denied token itself; None if only its rights are insufficient, or if an old bundle does not say."""
    system = _system(result)
    tokens = world.bundle.endpoints.get("tokens")
    if tokens is not None and system in {"nomad", "consul"} and system not in tokens.split(", "):
        return UNGIVEN
    fault = TOKEN_FAULT.search(denied.reason)
    return fault[0] if fault else None


def _lacking(world: World, result: Result) -> str | None:
    """Return the capabilities needed for what was denied: the kind's, or if only a part was denied, those of its arguments.

    If the job was not seen, the lease's key is a guess that the token need not be able to read.
    """
    if result.kind == "consul_lease" and any(other.kind == "nomad_job" for other in world.failed):
        return None
    kind = KINDS[result.kind]
    further = kind.further_rights.values() if result.status is Status.OK else ()
    return ", ".join(further or kind.capabilities)


def _system(result: Result) -> str:
    """Return the system that a kind queries, which its name begins with; check_output queries Consul."""
    return "consul" if result.kind == "check_output" else result.kind.partition("_")[0]


def _held_back(result: Result, attempt: Attempt) -> bool:
    return attempt.status is Status.DENIED and attempt.rung == result.rung


def _cause(result: Result) -> str:
    """Return the last attempt's cause, in one word."""
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
            "cause": "tls" if any(a.cause == "tls" for a in result.attempts) else _cause(result),
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
