"""The spec language's filters that know the kinds' data: which allocations to examine, which agents to query, what to sample again.

Pure functions over plain data (docs/kinds.md). Each takes what a task registered. None, which a failed task
registers, is treated as an empty answer, so that specs need no guards against failed inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from collector.model import JSON

SELECTIONS: Mapping[str, str] = {
    "agents": "trouble",
    "current": "allocations",
    "endpoint": "instances",
    "failing_writes": "litefs",
    "few": "instances",
    "instances": "instances",
    "leading": "litefs",
    "lease_keys": "instances",
    "other_tasks": "allocations",
    "running": "allocations",
    "services": "instances",
    "suspect": "allocations",
    "transactions": "litefs",
    "troubled": "trouble",
    "undated": "litefs",
    "unsettled": "litefs",
    "with_task": "allocations",
    "without": "instances",
}
"""Every selection by its name in specs, with its module, which is imported on first use."""


def load_selections() -> dict[str, Callable[..., JSON]]:
    """Return the selections by name."""
    return {name: getattr(import_module(f"{__name__}.{module}"), name) for name, module in SELECTIONS.items()}
