"""The plan of a run for `--check`: every item with its first requests, the capabilities needed, and the number of calls.

Only what the loops depend on is actually requested (leaders, allocations, the job, checks: the inventory); everything else is planned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from collector.collect.dispatch import describe
from collector.collect.limit import check_limit
from collector.collect.plan import Selection, select_tasks
from collector.collect.policies import LITEFS_KEYS, policies_for
from collector.collect.scheduler import Limits, Means, collect
from collector.kinds.kind import Kind
from collector.model import Item, Request, Result, Spec, Status, Task


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """One item: its first requests, and the fallback rungs."""

    item: Item
    calls: tuple[str, ...]
    fallbacks: tuple[str, ...]
    asked: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The plan. `conditional` are tasks whose loops depend on answers not requested here; `unknown` are inventory items that failed."""

    items: tuple[PlannedItem, ...]
    conditional: tuple[str, ...]
    unknown: tuple[Result, ...]
    capabilities: tuple[str, ...]

    @property
    def calls(self) -> int:
        """The number of calls if every first rung answers."""
        return sum(len(item.calls) for item in self.items)


def preview(spec: Spec, means: Means, limits: Limits, selection: Selection) -> Preview:
    """Plan the spec's run, requesting only the inventory. Raises `UsageError` for a limit that matches no node."""
    tasks = select_tasks(spec, selection)
    inventory = _inventory(tasks, means.kinds)
    planned: list[PlannedItem] = []

    def announce(item: Item, requests: Sequence[Request]) -> None:
        calls = tuple(means.redaction.text(describe(request)) for request in requests)
        planned.append(PlannedItem(item, calls, tuple(name for name, _ in item.ladder[1:]), item.task in inventory))

    dry = means._replace(announce=announce, asks=lambda task: task.name in inventory)
    collected = collect(spec, dry, limits, selection)
    check_limit(selection.limit, collected.results, spec.expect)
    with_items = {planned_item.item.task for planned_item in planned}
    return Preview(
        tuple(planned),
        tuple(task.name for task in tasks if task.name not in with_items),
        tuple(result for result in collected.results if result.status not in (Status.OK, Status.SKIPPED)),
        _capabilities(tasks, means.kinds),
    )


def _inventory(tasks: Sequence[Task], kinds: Mapping[str, Kind]) -> set[str]:
    """Return the tasks to run for real: inventory kinds whose registered name another task uses."""
    used = {name for task in tasks for name in task.after}
    return {task.name for task in tasks if task.register in used and kinds[task.kind].inventory}


def _capabilities(tasks: Sequence[Task], kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    return tuple(sorted({capability for task in tasks for capability in kinds[task.kind].rights(task.args)}))


def plan_text(plan: Preview, servers: Sequence[str], namespace: str = "default") -> str:
    """Return the plan as text: calls by task, the capabilities they need, and the least-privilege policies that grant them.

    `servers` describes where Nomad and Consul are; `namespace` is the configured Nomad namespace, used for items that name none.
    """
    lines = [f"{len(plan.items)} items, {plan.calls} calls when every first way to ask answers", *servers, ""]
    for task, items in _by_task(plan.items).items():
        lines.append(f"{task} ({items[0].item.kind}{', asked now to make this plan' if items[0].asked else ''})")
        for item in items:
            lines += [f"  {call}" for call in item.calls] or ["  nothing to ask"]
            if item.fallbacks:
                lines.append(f"    else: {', '.join(item.fallbacks)}")
    if plan.conditional:
        lines += ["", "only if the answers call for it:", *(f"  {task}" for task in plan.conditional)]
    if plan.unknown:
        lines += ["", "this plan is not whole, since these did not answer:", *(f"  {r.id}: {r.reason}" for r in plan.unknown)]
    lines += ["", "rights needed:", *(f"  {capability}" for capability in plan.capabilities)]
    return "\n".join([*lines, *_policies(plan, namespace)]) + "\n"


def _policies(plan: Preview, namespace: str) -> Iterator[str]:
    """Return one block each for `nomad acl policy apply` and `consul acl policy create`, if needed."""
    items = [planned.item for planned in plan.items if "namespace" in planned.item.args]
    namespaces = sorted({str(item.args["namespace"] or namespace) for item in items} or {namespace})
    keys = sorted({planned.item.args["key"].strip("/") for planned in plan.items if planned.item.kind == "consul_lease"})
    for system, policy in policies_for(plan.capabilities, namespaces, keys or LITEFS_KEYS).items():
        if policy:
            yield f"\nthe least {system} policy for this:"
            yield from (f"  {line}" if line else "" for line in policy.rstrip("\n").split("\n"))


def _by_task(items: Sequence[PlannedItem]) -> dict[str, list[PlannedItem]]:
    tasks: dict[str, list[PlannedItem]] = {}
    for item in items:
        tasks.setdefault(item.item.task, []).append(item)
    return tasks
