"""Selects a spec's tasks, and expands a task into items once its inputs are available. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple, Protocol

from collector.errors import CollectorError
from collector.kinds.kind import Kind
from collector.model import JSON, Item, Spec, Task
from collector.structure import faults

ALWAYS, NEVER = "always", "never"


class Renderer(Protocol):
    """The part of expressions.Expressions that planning needs."""

    def render(self, value: JSON, variables: Mapping[str, JSON]) -> JSON:
        """Return the value with every expression in it evaluated."""

    def test(self, expression: str, variables: Mapping[str, JSON]) -> bool:
        """Evaluate a condition."""


class Selection(NamedTuple):
    """The parts of a spec selected by `-t`, `--skip-tags` and `-l`."""

    tags: Collection[str] = ()
    skip_tags: Collection[str] = ()
    limit: Sequence[str] = ()

    def wants_node(self, node: str | None) -> bool:
        """True if the node is within the limit; items without a node always are."""
        return node is None or not self.limit or any(fnmatchcase(node, pattern) for pattern in self.limit)

    def skips(self, task: Task) -> bool:
        """True if the task is skipped even if another one depends on it; its dependents then see null, as for a failed task."""
        return bool(set(task.tags) & set(self.skip_tags))

    def wants_task(self, task: Task) -> bool:
        """True if the tags select this task; `always` and `never` have their meaning from Ansible."""
        tags = set(task.tags)
        if self.skips(task):
            return False
        if not self.tags:
            return NEVER not in tags
        return ALWAYS in tags or bool(tags & set(self.tags))


def select_tasks(spec: Spec, selection: Selection) -> tuple[Task, ...]:
    """Return the selected tasks and their dependencies that are not skipped, in the spec's order."""
    by_register = {task.register: task for task in spec.tasks if task.register and not selection.skips(task)}
    wanted: set[int] = set()
    stack = [task for task in spec.tasks if selection.wants_task(task)]
    while stack:
        task = stack.pop()
        if id(task) not in wanted:
            wanted.add(id(task))
            stack += [by_register[name] for name in task.after if name in by_register]
    return tuple(task for task in spec.tasks if id(task) in wanted)


class Iteration(NamedTuple):
    """One iteration of a task: its item, or why there is none, with the loop's element."""

    element: JSON
    item: Item | None
    reason: str = ""
    failed: bool = False


def expand(task: Task, kind: Kind, renderer: Renderer, variables: Mapping[str, JSON], selection: Selection) -> list[Iteration]:
    """Return a task's iterations: one without a loop, else one per element; without an item if `when` is false.

    Those that the limit excludes, and repeated ones, are left out.

    A failed expression becomes a failed iteration, not an exception, so that the run continues.
    """
    try:
        elements = [None] if task.loop is None else _elements(renderer.render(task.loop, variables))
    except CollectorError as error:
        return [Iteration(None, None, f"loop: {error}", failed=True)]
    iterations = [_iteration(task, kind, renderer, {**variables, "item": element}, element) for element in elements]
    return _distinct([iteration for iteration in iterations if iteration.item is None or selection.wants_node(iteration.item.target.node)])


def _elements(value: JSON) -> list[JSON]:
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [{"key": key, "value": inner} for key, inner in value.items()]
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        return [value]
    return list(value)


def _iteration(task: Task, kind: Kind, renderer: Renderer, variables: Mapping[str, JSON], element: JSON) -> Iteration:
    try:
        scope = {**variables, **{name: renderer.render(value, variables) for name, value in task.vars.items()}}
        if task.when is not None and not renderer.test(task.when, scope):
            return Iteration(element, None, "when: not so")
        return Iteration(element, _item(task, kind, renderer, scope))
    except CollectorError as error:
        return Iteration(element, None, str(error), failed=True)


def _item(task: Task, kind: Kind, renderer: Renderer, scope: Mapping[str, JSON]) -> Item:
    args = _arguments(kind, renderer.render(dict(task.args), scope), scope["item"])
    ladder = task.ladder or kind.default_ladder
    target = kind.target(args)
    return Item(
        id=task.kind if str(target) == "cluster" else f"{task.kind}@{target}",
        task=task.name,
        kind=task.kind,
        args=args,
        target=target,
        ladder=tuple((rung, renderer.render(value, scope)) for rung, value in ladder),
        timeout=task.timeout if task.timeout is not None else kind.timeout,
        retries=task.retries,
        delay=task.delay,
        until=task.until,
        ignore_errors=task.ignore_errors,
        no_log=task.no_log,
    )


def _arguments(kind: Kind, given: Mapping[str, JSON], element: JSON) -> dict[str, JSON]:
    """Return every argument of the kind: as given, else from the loop's element, else its default."""
    element = element if isinstance(element, Mapping) else {}
    args = {}
    for name, argument in kind.arguments.items():
        offered = element.get(argument.item) if argument.item else None
        value = given.get(name, offered)
        args[name] = argument.default if value is None and name not in given else _usable(kind, name, value)
        if args[name] is None and argument.required:
            raise CollectorError(f"{kind.name} needs the argument {name!r}, and neither the spec nor the loop's item gives it")
    return args


def _usable(kind: Kind, name: str, value: JSON) -> JSON:
    """Convert the value to the argument's type; null for an optional argument."""
    argument = kind.arguments[name]
    for fault in faults(value, argument.schema()) if value is not None else ():
        raise CollectorError(f"{kind.name}'s {name}: {fault.message}")
    return int(value) if argument.type == "integer" and value is not None else value


def _distinct(iterations: list[Iteration]) -> list[Iteration]:
    """Remove duplicate elements of a loop."""
    seen: dict[str, list[Item]] = {}
    kept = []
    for iteration in iterations:
        if iteration.item is not None:
            alike = seen.setdefault(iteration.item.id, [])
            if iteration.item in alike:
                continue
            alike.append(iteration.item)
        kept.append(iteration)
    return kept


class ItemIds:
    """Assigns item ids that are unique within a run and stable across runs: they depend on the spec only, not on the order of answers.

    Items of a kind's second task end in `#2`, of its third in `#3`; repeated items within a task get a number after a dot.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        kinds: Counter[str] = Counter()
        self._place: dict[str, int] = {}
        for task in tasks:
            kinds[task.kind] += 1
            self._place[task.name] = kinds[task.kind]
        self._seen: Counter[str] = Counter()

    def unique(self, item: Item) -> Item:
        """Return the item with an id that no other item of the run has."""
        place = self._place[item.task]
        name = item.id if place == 1 else f"{item.id}#{place}"
        self._seen[name] += 1
        return item._replace(id=name if self._seen[name] == 1 else f"{name}.{self._seen[name]}")
