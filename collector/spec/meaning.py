"""Checks what a schema cannot: that names exist, expressions are valid, and tasks do not wait for each other in a cycle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from collector.cutoff import compiled
from collector.expressions import FILTERS, TESTS, ExpressionError, Expressions
from collector.expressions.names import KEYWORDS, Uses, uses
from collector.expressions.selections import SELECTIONS
from collector.kinds.kind import Kind
from collector.model import JSON
from collector.spec.places import GIVEN, ITEM, RESULT, Place, kind_of, names_from_outside, own_names, places
from collector.spec.schema import task_keys
from collector.structure import Fault
from collector.suggest import did_you_mean

_RESERVED = frozenset({ITEM, RESULT}) | KEYWORDS | GIVEN

RawTask = Mapping[str, JSON]
Tasks = Sequence[tuple[str, RawTask]]
"""Structurally valid tasks with their JSON paths."""


def meaning_faults(spec: Mapping[str, JSON], tasks: Tasks, kinds: Mapping[str, Kind], expressions: Expressions | None) -> Iterator[Fault]:
    """Return every fault in those tasks whose structure is valid, and in the spec's other parts.

    `expressions` compiles expressions (importing Jinja2); with None only their names are checked.
    """
    variables = set(spec.get("vars") or ())
    registers = set(_registered(spec["collect"], kinds))
    yield from _variable_faults(spec)
    yield from _name_faults(tasks, kinds, variables)
    check = expressions.check if expressions else lambda _expression: None
    for path, task in tasks:
        yield from _argument_faults(task, path, kinds)
        for place in places(task, path):
            yield from _expression_faults(place, variables | registers | own_names(task, place.key) | GIVEN, check)
    yield from _order_faults(tasks)


def _registered(entries: Sequence[JSON], kinds: Collection[str]) -> Iterator[str]:
    """Return the registered names, also under a misspelt `register`, which is reported once and not at each use of the name."""
    others = task_keys() - {"register"} | set(kinds)
    for entry in entries:
        for key, value in entry.items() if isinstance(entry, dict) else ():
            if isinstance(value, str) and key not in others and (key == "register" or did_you_mean(key, ("register",))):
                yield value


def task_name(task: RawTask, kinds: Collection[str]) -> str:
    """Return a task's name; by default its kind."""
    return str(task.get("name") or kind_of(task, kinds))


def _variable_faults(spec: Mapping[str, JSON]) -> Iterator[Fault]:
    for name, value in (spec.get("vars") or {}).items():
        if name in _RESERVED:
            yield Fault(f"$.vars.{name}", f'"{name}" has a meaning of its own in expressions', "choose another name", at_key=True)
        if isinstance(value, str) and "{{" in value:
            yield Fault(f"$.vars.{name}", "a variable is a plain value, not an expression", "expressions belong into tasks and their vars")
    for index, pattern in enumerate(spec.get("redact") or ()):
        try:
            compiled(pattern)
        except ValueError as error:
            yield Fault(f"$.redact[{index}]", str(error))


def _name_faults(tasks: Tasks, kinds: Mapping[str, Kind], variables: Collection[str]) -> Iterator[Fault]:
    """Task names identify results and registered names identify data, so both must be unique."""
    named = Counter(task_name(task, kinds) for _, task in tasks)
    registered: set[str] = set()
    for path, task in tasks:
        name, register = task_name(task, kinds), task.get("register")
        if named[name] > 1:
            yield Fault(f"{path}.name" if "name" in task else path, f'{named[name]} tasks are called "{name}"', "give each its own name")
        if register in registered:
            yield Fault(f"{path}.register", f'another task registers "{register}" too')
        elif register in variables:
            yield Fault(f"{path}.register", f'"{register}" is a variable already')
        elif register in _RESERVED:
            yield Fault(f"{path}.register", f'"{register}" has a meaning of its own in expressions', "choose another name")
        registered.add(register or "")


def _argument_faults(task: RawTask, path: str, kinds: Mapping[str, Kind]) -> Iterator[Fault]:
    """Without a loop no item can supply an argument; a ladder may only have the kind's own rungs."""
    kind = kinds[kind_of(task, kinds)]
    for name, argument in kind.arguments.items():
        if argument.required and argument.item and "loop" not in task and name not in task[kind.name]:
            yield Fault(f"{path}.{kind.name}", f'"{name}" is missing', f'write it, or add a loop whose items have "{argument.item}"')
    for index, rung in enumerate(task.get("try") or ()):
        name = rung if isinstance(rung, str) else next(iter(rung))
        if name not in kind.rungs:
            hint = did_you_mean(name, kind.rungs) or f"there are: {', '.join(kind.rungs)}"
            yield Fault(f"{path}.try[{index}]", f'{kind.name} has no rung "{name}"', hint)


def _expression_faults(place: Place, known: Collection[str], check: Callable[[str], None]) -> Iterator[Fault]:
    if place.fault:
        yield Fault(place.path, place.fault)
        return
    unknown = list(_unknown_names(uses(place.expression), known))
    yield from (Fault(place.path, message, hint) for message, hint in unknown)
    if unknown:
        return
    try:
        check(place.expression)
    except ExpressionError as error:
        yield Fault(place.path, str(error))


def _unknown_names(used: Uses, known: Collection[str]) -> Iterator[tuple[str, str]]:
    filters = FILTERS | set(SELECTIONS)
    for word, names, there in (("name", used.variables, known), ("filter", used.filters, filters), ("test", used.tests, TESTS)):
        for name in sorted(names - set(there)):
            yield f'unknown {word} "{name}"', did_you_mean(name, there)


def _order_faults(tasks: Tasks) -> Iterator[Fault]:
    """Report tasks that depend on themselves, directly or indirectly."""
    by_register = {task["register"]: (path, task) for path, task in tasks if "register" in task}
    needs = {name: names_from_outside(task) & by_register.keys() for name, (_, task) in by_register.items()}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1][::-1]
        yield Fault(by_register[cycle[0]][0], f"waits for itself: {' needs '.join(cycle)}")
