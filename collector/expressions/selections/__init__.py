"""Filters of the spec language that know the kinds' data: which allocations to look at, whom to ask, what to sample again.

Pure functions over plain data (docs/architecture.md, "Data of each kind"). Each takes what a task registered. None, which a task registers
that did not succeed, is an empty answer everywhere: a spec needs no guard against a failed input.
"""

from __future__ import annotations

from collections.abc import Callable

from collector.expressions.selections.allocations import current, other_tasks, running, suspect, with_task
from collector.expressions.selections.instances import endpoint, few, instances, lease_keys, services, without
from collector.expressions.selections.litefs import failing_writes, leading, transactions, undated, unsettled
from collector.expressions.selections.trouble import troubled
from collector.model import JSON

SELECTIONS: dict[str, Callable[..., JSON]] = {
    "current": current,
    "endpoint": endpoint,
    "failing_writes": failing_writes,
    "few": few,
    "instances": instances,
    "leading": leading,
    "lease_keys": lease_keys,
    "other_tasks": other_tasks,
    "running": running,
    "services": services,
    "suspect": suspect,
    "transactions": transactions,
    "troubled": troubled,
    "undated": undated,
    "unsettled": unsettled,
    "with_task": with_task,
    "without": without,
}
"""Every selection by the name that a spec uses."""
