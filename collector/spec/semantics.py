"""Checks what a schema cannot: names, expressions, order, and values that cannot be intended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from collector.cutoff import compiled
from collector.errors import UsageError
from collector.expressions import FILTERS, TESTS, ExpressionError, Expressions
from collector.expressions.names import KEYWORDS, Uses, uses
from collector.expressions.selections import SELECTIONS
from collector.kinds.kind import Kind
from collector.model import JSON, THRESHOLDS
from collector.recipients import address, ping_url
from collector.spec.places import GIVEN, ITEM, RESULT, Place, kind_of, names_from_outside, own_names, places, task_name
from collector.spec.schema import task_keys
from collector.spec.tasks import duration
from collector.structure import Fault
from collector.suggest import did_you_mean
from collector.yamlio import child

_RESERVED = frozenset({ITEM, RESULT}) | KEYWORDS | GIVEN

RawTask = Mapping[str, JSON]
Tasks = Sequence[tuple[str, RawTask]]
"""Structurally valid tasks with their JSON paths."""


def semantic_faults(spec: Mapping[str, JSON], tasks: Tasks, kinds: Mapping[str, Kind], expressions: Expressions | None) -> Iterator[Fault]:
    """Return every fault in those tasks whose structure is valid, and in the spec's other sections, which are valid.

    `expressions` compiles expressions (importing Jinja2); with None only their names are checked.
    """
    yield from _section_faults(spec, kinds)
    yield from _variable_faults(spec)
    variables = set(spec.get("vars") or ())
    registers = set(_registered(spec["collect"], kinds))
    yield from _name_faults(tasks, kinds, variables)
    check = expressions.check if expressions else lambda _expression: None
    for path, task in tasks:
        yield from _argument_faults(task, path, kinds)
        for place in places(task, path):
            yield from _expression_faults(place, variables | registers | own_names(task, place.key) | GIVEN, check)
    yield from _order_faults(tasks)


# --- tasks and variables ---


def _registered(entries: Sequence[JSON], kinds: Collection[str]) -> Iterator[str]:
    """Return the registered names, also under a misspelt `register`, which is reported once and not at each use of the name."""
    others = task_keys() - {"register"} | set(kinds)
    for entry in entries:
        for key, value in entry.items() if isinstance(entry, dict) else ():
            if isinstance(value, str) and key not in others and (key == "register" or did_you_mean(key, ("register",))):
                yield value


def _variable_faults(spec: Mapping[str, JSON]) -> Iterator[Fault]:
    for name, value in (spec.get("vars") or {}).items():
        if name in _RESERVED:
            yield Fault(f"$.vars.{name}", f'"{name}" has a meaning of its own in expressions', "choose another name", at_key=True)
        if isinstance(value, str) and "{{" in value:
            yield Fault(f"$.vars.{name}", "a variable is a plain value, not an expression", "expressions belong into tasks and their vars")


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


# --- report, analyze, expect and redact ---


def _section_faults(spec: Mapping[str, JSON], kinds: Mapping[str, Kind]) -> Iterator[Fault]:
    for key in ("name", "report", "expect"):
        yield from _no_expressions(spec.get(key), child("$", key))
    for index, entry in enumerate(spec.get("report") or ()):
        if isinstance(entry, Mapping):
            yield from _recipient_faults(entry, child("$.report", index))
    for index, pattern in enumerate(spec.get("redact") or ()):
        yield from _refused(compiled, pattern, child("$.redact", index))
    yield from _threshold_faults((spec.get("analyze") or {}).get("thresholds") or {})
    yield from _expect_faults(spec, kinds)


def _expect_faults(spec: Mapping[str, JSON], kinds: Mapping[str, Kind]) -> Iterator[Fault]:
    for name, wanted in (spec.get("expect") or {}).items():
        path = child("$.expect", name)
        if isinstance(wanted, list):
            yield from _repeated(wanted, path)
        tellers = [kind.name for kind in kinds.values() if name in kind.shows]
        if wanted and tellers and not any(kind in task for task in spec["collect"] for kind in tellers):
            yield Fault(path, "no task of the spec collects that", f"it needs a task of {' or '.join(tellers)}", at_key=True)


def _no_expressions(value: JSON, path: str) -> Iterator[Fault]:
    """Report expressions where none are evaluated: they would be used literally as a file name, node or mail sender."""
    if isinstance(value, str) and "{{" in value:
        yield Fault(path, "no expression is evaluated here", "write the value out; expressions belong into tasks")
    for key, one in value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ():
        yield from _no_expressions(one, child(path, key))


def _recipient_faults(entry: Mapping[str, JSON], path: str) -> Iterator[Fault]:
    mail, ping = entry.get("email") or {}, entry.get("ping") or {}
    for name in ("to", "from"):
        at = f"{path}.email.{name}"
        given = mail.get(name, [])
        for place, text in enumerate(given) if isinstance(given, list) else [(None, given)]:
            yield from _refused(address, text, at if place is None else child(at, place))
    if ping:
        yield from _refused(ping_url, ping["url"], f"{path}.ping.url")


def _refused(check: Callable[[str], object], text: str, path: str) -> Iterator[Fault]:
    try:
        check(text)
    except (UsageError, ValueError) as error:
        yield Fault(path, str(error))


def _threshold_faults(given: Mapping[str, JSON]) -> Iterator[Fault]:
    """Report a warning threshold above the critical one, which would never apply."""
    limits = {name: duration(given.get(name, default)) for name, default in THRESHOLDS.items()}
    warning, critical = "lag_warning", "lag_critical"
    if limits[warning] > limits[critical]:
        at = warning if warning in given else critical
        hint = f"set {critical} too" if critical not in given else f"set {warning} too" if warning not in given else ""
        yield Fault(f"$.analyze.thresholds.{at}", f"{warning} ({limits[warning]:g}s) is above {critical} ({limits[critical]:g}s)", hint)


def _repeated(listed: list[JSON], path: str) -> Iterator[Fault]:
    for index, name in enumerate(listed):
        if name in listed[:index]:
            yield Fault(child(path, index), f'"{name}" is here a second time', "what is listed is counted")
