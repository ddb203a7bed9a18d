"""Compares the spec's `expect` with what was seen: nodes, and services that no task asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from collector.model import JSON, Bundle, Result, Status, Target, first_of
from collector.observe.world.survey import World

NAMED = 5
"""Maximum number of missing nodes named; others are counted."""


def missing_nodes(world: World, known: Collection[str]) -> list[str] | int:
    """Return the expected nodes that are unknown: their names, or how many if the spec only gives a number."""
    wanted = world.bundle.expect.get("nodes") or ()
    if isinstance(wanted, int):
        return max(0, wanted - len(known))
    return sorted(name for name in wanted if name not in known)


def missed(world: World, known: Collection[str]) -> Mapping[str, JSON]:
    """Return fields for the cluster's observation. Null if neither Nomad nor Consul listed the nodes."""
    listed = world.results("nomad_nodes") or world.results("consul_members")
    missing = missing_nodes(world, known) if listed else 0
    number = missing if isinstance(missing, int) else len(missing)
    return {"nodes_missing": number, "nodes_absent": _words(missing, world.bundle.expect.get("nodes")) if number else None}


def _words(missing: Sequence[str] | int, wanted: JSON) -> str:
    if isinstance(missing, int):
        return f"{missing} of {wanted} nodes"
    return first_of(missing, NAMED)


def unasked(bundle: Bundle) -> list[Result]:
    """Return expected services that no task asked for, as missing results; otherwise nothing would show that they were not checked."""
    asked = {result.target.service for result in bundle.results if result.kind == "consul_checks"}
    left_out = bundle.expect.get("tags") or bundle.expect.get("skip_tags")
    if left_out or not any(asked):  # lint rejects a spec without such a task; if the list of services was not answered, that is the gap
        return []
    return [_unasked(name) for name in bundle.expect.get("services") or () if name not in asked]


def _unasked(name: str) -> Result:
    reason = f"the spec expects service {name}, and none of its consul_checks tasks asked for it"
    return Result(f"expect {name}", "what the spec expects", "expect", Target(service=name), Status.FAILED, reason=reason)
