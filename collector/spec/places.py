"""A task as written: its kind and name, the expressions in it, and the outside names that each may use."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import NamedTuple

from collector.expressions import FUNCTIONS, NOW
from collector.expressions.names import bare, segments, uses
from collector.model import JSON
from collector.yamlio import child

ITEM, RESULT = "item", "result"
"""Predefined names: the element of a loop, and in `until` the result."""

GIVEN = FUNCTIONS | {NOW}
"""Names available in every expression."""

_BARE = frozenset({"when", "until"})
_LITERAL = frozenset({"name", "register", "tags", "timeout", "retries", "delay", "ignore_errors", "no_log"})


class Place(NamedTuple):
    """One expression: its JSON path, the task key it belongs to, its text without braces, or why it is not terminated."""

    path: str
    key: str
    expression: str
    fault: str = ""


def kind_of(task: Mapping[str, JSON], kinds: Container[str]) -> str:
    """Return the kind of a task, which is one of its keys."""
    return next(key for key in task if key in kinds)


def task_name(task: Mapping[str, JSON], kinds: Container[str]) -> str:
    """Return a task's name; by default its kind."""
    return str(task.get("name") or kind_of(task, kinds))


def places(task: Mapping[str, JSON], path: str) -> Iterator[Place]:
    """Return all expressions of a task, in order."""
    for key, value in task.items():
        if key in _BARE or (key == "loop" and isinstance(value, str)):
            yield from _conditions(value, child(path, key), key)
        elif key not in _LITERAL:
            yield from _templates(value, child(path, key), key)


def own_names(task: Mapping[str, JSON], key: str) -> frozenset[str]:
    """Return the names that the task itself provides under this key: `item`, the task's variables, and in `until` the result."""
    item = {ITEM} if "loop" in task and key != "loop" else set()
    variables = set(task.get("vars") or ()) if key not in ("loop", "vars") else set()
    result = {RESULT, task.get("register", RESULT)} if key == "until" else set()
    return frozenset(item | variables | result)


def names_from_outside(task: Mapping[str, JSON]) -> frozenset[str]:
    """Return the variables and registered names that a task needs before it can start."""
    found: set[str] = set()
    for place in places(task, "$"):
        found |= uses(place.expression).variables - own_names(task, place.key)
    return frozenset(found - GIVEN)


def _conditions(value: JSON, path: str, key: str) -> Iterator[Place]:
    """Return expressions that need no braces: a string or a list of strings."""
    several = enumerate(value if isinstance(value, list) else ())
    for at, text in [(path, value)] if isinstance(value, str) else [(child(path, index), one) for index, one in several]:
        try:
            yield Place(at, key, bare(text))
        except ValueError as error:
            yield Place(at, key, "", str(error))


def _templates(value: JSON, path: str, key: str) -> Iterator[Place]:
    """Return expressions in braces, at any depth."""
    if isinstance(value, str):
        try:
            yield from [Place(path, key, part.text) for part in segments(value) if part.expression]
        except ValueError as error:
            yield Place(path, key, "", str(error))
    elif isinstance(value, (dict, list)):
        for name, member in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _templates(member, child(path, name), key)
