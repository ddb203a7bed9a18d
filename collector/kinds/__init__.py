"""The kinds of collection: the registry that specs are checked against."""

from __future__ import annotations

from collector.kinds import (
    check_output,
    consul_checks,
    consul_leader,
    consul_lease,
    consul_members,
    litefs_status,
    nomad_agent,
    nomad_allocations,
    nomad_checks,
    nomad_deployments,
    nomad_evaluations,
    nomad_job,
    nomad_logs,
    nomad_nodes,
)
from collector.kinds.kind import Argument, Kind

KINDS: dict[str, Kind] = {
    "nomad_agent": nomad_agent.KIND,
    "nomad_nodes": nomad_nodes.KIND,
    "nomad_job": nomad_job.KIND,
    "nomad_allocations": nomad_allocations.KIND,
    "nomad_evaluations": nomad_evaluations.KIND,
    "nomad_deployments": nomad_deployments.KIND,
    "nomad_logs": nomad_logs.KIND,
    "nomad_checks": nomad_checks.KIND,
    "consul_leader": consul_leader.KIND,
    "consul_members": consul_members.KIND,
    "consul_checks": consul_checks.KIND,
    "check_output": check_output.KIND,
    "consul_lease": consul_lease.KIND,
    "litefs_status": litefs_status.KIND,
}


def answered_by(*who: str) -> frozenset[str]:
    """Return the names of the kinds that one of these answers (see `Kind.answered_by`)."""
    return frozenset(name for name, kind in KINDS.items() if kind.answered_by in who)


__all__ = ["KINDS", "Argument", "Kind", "answered_by"]
