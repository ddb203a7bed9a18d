"""Variables: `-e` on the command line parsed and applied, and values checked against how the spec uses them, before the first request."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from collector.errors import UsageError
from collector.expressions.names import names, path_of, segments
from collector.kinds.kind import Kind
from collector.model import JSON
from collector.spec.places import ITEM, kind_of
from collector.structure import faults
from collector.suggest import did_you_mean
from collector.yamlio import load, scalar, text_of

_TYPES = ((bool, "boolean"), ((int, float), "number"), (str, "string"), (list, "array"), (dict, "object"))


def parse_extra_vars(values: Sequence[str]) -> dict[str, JSON]:
    """Parse `-e name=value` and `-e @file.yml` (or JSON); later ones take precedence.

    The text after `=` is not converted here. Raises `UsageError` for anything else, `SpecError` for an unusable file.
    """
    found: dict[str, JSON] = {}
    for value in values:
        found |= _from_file(value[1:]) if value.startswith("@") else _from_pair(value)
    return found


def override(variables: Mapping[str, JSON], extra: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the spec's variables with extra ones applied.

    Text becomes a number, boolean or null unless the spec's own value is text: `-e lines=50` is a number, `-e job=50` is not. Raises
    `UsageError` for a variable that the spec does not have, since it would have no effect.
    """
    for name in extra:
        if name not in variables:
            hint = did_you_mean(name, variables) or f"there are: {', '.join(variables) or 'none'}"
            raise UsageError(f"-e {name}: the spec has no such variable ({hint})")
    return {name: _like(value, extra[name]) if name in extra else value for name, value in variables.items()}


def _like(default: JSON, value: JSON) -> JSON:
    return scalar(value) if isinstance(value, str) and not isinstance(default, str) else value


def _from_pair(text: str) -> dict[str, JSON]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise UsageError(f"-e {text}: must be name=value or @FILE")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError(f"-e {name}: its value is not UTF-8 text") from None
    return {name: value}


def _from_file(name: str) -> dict[str, JSON]:
    try:
        data = load(text_of(Path(name)), name).data
    except OSError as error:
        raise UsageError(f"-e @{name}: cannot read the file: {error.strerror}") from error
    if not isinstance(data, dict):
        raise UsageError(f"-e @{name}: holds no mapping of names to values")
    return data


def check_given(given: Collection[str], values: Mapping[str, JSON], spec: Mapping[str, JSON], kinds: Mapping[str, Kind]) -> None:
    """Check the given variables against the type of the spec's own value and the arguments that use them.

    Raises `UsageError` for the first variable with an unusable value.
    """
    for name in given:
        value, own = values[name], spec["vars"][name]
        problem = _misfit(value, _schema_like(own, value)) or next(filter(None, _argument_problems(name, value, spec, kinds)), "")
        if problem:
            raise UsageError(f"-e {name}: {problem}")


def own_misfits(spec: Mapping[str, JSON], kinds: Mapping[str, Kind]) -> Iterator[tuple[str, str]]:
    """Return each variable of the spec whose own value does not fit an argument, and why. Empty values are left to the command line."""
    for name, value in (spec.get("vars") or {}).items():
        problem = next(filter(None, _argument_problems(name, value, spec, kinds)), "") if value not in ("", None) else ""
        if problem:
            yield name, problem


def _schema_like(own: JSON, value: JSON) -> dict[str, JSON]:
    """Return the schema of a value that may replace the spec's own; a string may also be replaced by null."""
    name = next((name for types, name in _TYPES if isinstance(own, types)), None)
    return {} if name is None or (name == "string" and value is None) else {"type": name}


def _misfit(value: JSON, schema: Mapping[str, JSON]) -> str:
    return next((fault.message for fault in faults(value, schema)), "")


def _argument_problems(name: str, value: JSON, spec: Mapping[str, JSON], kinds: Mapping[str, Kind]) -> Iterator[str]:
    """Return what the arguments that use the variable require."""
    for task in spec["collect"]:
        kind = kinds[kind_of(task, kinds)]
        for key, written in task[kind.name].items():
            if isinstance(written, str) and name not in (task.get("vars") or ()) and name in _whole_variables(written, task):
                yield _argument_problem(kind, key, value, whole=path_of(_expression(written)) == (name,))


def _whole_variables(written: str, task: Mapping[str, JSON]) -> Collection[str]:
    """Return the variables that are the whole value of an argument, directly or through the loop."""
    path = path_of(_expression(written))
    return names(task.get("loop")) if path == (ITEM,) else path if len(path) == 1 else ()


def _expression(written: str) -> str:
    """Return the expression that is the whole text; empty if there is other text."""
    parts = segments(written)
    return parts[0].text if len(parts) == 1 and parts[0].expression else ""


def _argument_problem(kind: Kind, key: str, value: JSON, *, whole: bool) -> str:
    argument = kind.arguments[key]
    needed = argument.type == "string" and (argument.required or key in kind.one_of)
    if needed and value in ("", None):
        return f"must not be empty, as it becomes {kind.name}'s {key}"
    problem = _misfit(value, argument.schema()) if whole and value is not None else ""
    return f"{problem}, as it becomes {kind.name}'s {key}" if problem else ""
