"""Validates data against the JSON schemas of specs and rules, with readable messages.

Not jsonschema: importing it takes longer than reading a spec, and its messages have no spelling suggestions. A test checks that both agree.
Supported: type, const, enum, pattern, minLength, minimum, maximum, minItems, items, properties, required, additionalProperties,
propertyNames, minProperties, maxProperties, anyOf, oneOf of single required keys, $ref into $defs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from collector.errors import Problem
from collector.model import JSON
from collector.suggest import did_you_mean
from collector.yamlio import Document, child

_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}

_SHOWN = 40


class Fault(NamedTuple):
    """One violation, at the value of `path` or at its key."""

    path: str
    message: str
    hint: str = ""
    at_key: bool = False


def problem(document: Document, fault: Fault) -> Problem:
    """Convert a fault to a `Problem` with its position in the file."""
    mark = document.key_mark(fault.path) if fault.at_key else document.mark(fault.path)
    return Problem(mark, fault.message, fault.hint)


def faults(data: JSON, schema: Mapping[str, JSON], at: str = "$") -> list[Fault]:
    """Return every violation of the schema; `at` is the JSON path of the data."""
    return list(_check(data, schema, at, schema))


def _check(data: JSON, schema: Mapping[str, JSON], path: str, root: Mapping[str, JSON]) -> Iterator[Fault]:
    schema = _resolved(schema, root)
    if "anyOf" in schema:
        yield from _check_any(data, schema["anyOf"], path, root)
    elif "const" in schema and (data != schema["const"] or isinstance(data, bool)):
        yield Fault(path, f"must be {schema['const']!r}, not {_short(data)}", schema.get("title", ""))
    elif "enum" in schema and data not in schema["enum"]:
        yield Fault(path, f"{_short(data)} is not one of {', '.join(schema['enum'])}", _suggested(data, schema["enum"]))
    elif "type" in schema and not _is_any(data, schema["type"]):
        yield Fault(path, f"must be {_type_words(schema['type'])}, not {_short(data)}")
    elif isinstance(data, dict):
        yield from _check_mapping(data, schema, path, root)
    elif isinstance(data, list):
        yield from _check_list(data, schema, path, root)
    else:
        yield from _check_scalar(data, schema, path)


def _check_any(data: JSON, branches: list[Mapping[str, JSON]], path: str, root: Mapping[str, JSON]) -> Iterator[Fault]:
    """Return the faults of the branch that fits best by type and keys, if any: more helpful than that no branch fits."""
    branches = [_resolved(branch, root) for branch in branches]
    found = [list(_check(data, branch, path, root)) for branch in branches]
    if not all(found):
        return
    fitting = [index for index, branch in enumerate(branches) if isinstance(data, (dict, list)) and _is_any(data, branch.get("type", ()))]
    if fitting:
        yield from found[max(fitting, key=lambda index: _common_keys(data, branches[index]))]
        return
    choices = [choice for branch in branches for choice in branch.get("enum", ())]
    words = " or ".join(branch["title"] for branch in branches)
    yield Fault(path, f"must be {words}, not {_short(data)}", _suggested(data, choices))


def _resolved(schema: Mapping[str, JSON], root: Mapping[str, JSON]) -> Mapping[str, JSON]:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    return schema


def _common_keys(data: JSON, branch: Mapping[str, JSON]) -> int:
    """Count the keys that belong to the branch, or are misspellings of its keys."""
    properties = branch.get("properties", {})
    return sum(key in properties or bool(did_you_mean(key, properties)) for key in data) if isinstance(data, dict) else 0


def _check_mapping(data: dict[str, JSON], schema: Mapping[str, JSON], path: str, root: Mapping[str, JSON]) -> Iterator[Fault]:
    properties = schema.get("properties", {})
    closed = schema.get("additionalProperties") is False
    unknown = [key for key in data if key not in properties] if closed else []
    for key in unknown:
        yield Fault(child(path, key), f'unknown key "{key}"', did_you_mean(key, properties) or _choices(properties), at_key=True)
    for key in data:
        if "propertyNames" in schema and not re.search(schema["propertyNames"]["pattern"], key):
            yield Fault(child(path, key), f'"{key}" is not a name: letters, digits and _, not a digit first', at_key=True)
    for key in schema.get("required", ()):
        if key not in data:
            yield Fault(path, f'"{key}" is missing')
    if not unknown:
        yield from _check_alternatives(data, schema, path)
    others = schema.get("additionalProperties")
    for key, member in data.items():
        if key in properties or isinstance(others, dict):
            yield from _check(member, properties.get(key, others), child(path, key), root)


def _check_alternatives(data: dict[str, JSON], schema: Mapping[str, JSON], path: str) -> Iterator[Fault]:
    alternatives = [one["required"][0] for one in schema.get("oneOf", ())]
    given = [key for key in data if key in alternatives]
    if alternatives and not given:
        yield Fault(path, f"needs one of {', '.join(alternatives)}")
    for key in given[1:]:
        yield Fault(child(path, key), f'"{key}" and "{given[0]}" exclude each other', at_key=True)
    least, most = schema.get("minProperties", 0), schema.get("maxProperties", len(data))
    if not least <= len(data) <= most:
        words = f"must have exactly one key, not {len(data)}" if "maxProperties" in schema else "must not be empty"
        yield Fault(path, words, "a list item each" if data else "")


def _check_list(data: list[JSON], schema: Mapping[str, JSON], path: str, root: Mapping[str, JSON]) -> Iterator[Fault]:
    if len(data) < schema.get("minItems", 0):
        yield Fault(path, "must not be empty")
    for index, member in enumerate(data):
        yield from _check(member, schema.get("items", {}), child(path, index), root)


def _check_scalar(data: JSON, schema: Mapping[str, JSON], path: str) -> Iterator[Fault]:
    if isinstance(data, str):
        if len(data) < schema.get("minLength", 0):
            yield Fault(path, "must not be empty" if not data else f"{_short(data)} is too short")
        if "pattern" in schema and not re.search(schema["pattern"], data):
            yield Fault(path, f"{_short(data)} does not have the form {schema['pattern']}", schema.get("title", ""))
    elif isinstance(data, (int, float)) and not isinstance(data, bool):
        if data < schema.get("minimum", data):
            yield Fault(path, f"must be at least {schema['minimum']}, not {data}")
        if data > schema.get("maximum", data):
            yield Fault(path, f"must be at most {schema['maximum']}, not {data}")


def _is_any(data: JSON, types: str | list[str]) -> bool:
    return any(_IS[name](data) for name in ([types] if isinstance(types, str) else types))


_IS: dict[str, Callable[[Any], bool]] = {
    "object": lambda data: isinstance(data, dict),
    "array": lambda data: isinstance(data, list),
    "string": lambda data: isinstance(data, str),
    "null": lambda data: data is None,
    "boolean": lambda data: isinstance(data, bool),
    "number": lambda data: isinstance(data, (int, float)) and not isinstance(data, bool),
    "integer": lambda data: not isinstance(data, bool) and (isinstance(data, int) or (isinstance(data, float) and data.is_integer())),
}


def _type_words(types: str | list[str]) -> str:
    return " or ".join(_WORDS[name] for name in ([types] if isinstance(types, str) else types))


def _short(data: JSON) -> str:
    """Show a value in a message; long ones and containers by their type only."""
    if data is None:
        return "empty"
    if isinstance(data, (dict, list)):
        return _WORDS["object" if isinstance(data, dict) else "array"]
    text = repr(data)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _suggested(data: JSON, choices: list[str]) -> str:
    return did_you_mean(data, choices) if isinstance(data, str) else ""


def _choices(properties: Mapping[str, JSON]) -> str:
    return f"there are: {', '.join(properties)}" if properties else ""
