"""A rule's conditions, compiled from the plain data of a YAML file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from operator import ge, gt, le, lt
from typing import NamedTuple

from collector.cutoff import compiled
from collector.model import JSON

Test = Callable[[JSON], Mapping[str, str] | None]
"""Tests a field's value: None if it does not match, else its captures (usually none)."""

Search = Callable[[re.Pattern[str], str], re.Match[str] | None]
"""Searches a text for a pattern; for a user's pattern it may raise `TooSlow`."""

LONGEST = 8192
"""Maximum characters of a text that a pattern sees, since the length of log lines is unlimited."""


class Matcher(NamedTuple):
    """Looks for observations of `topic` whose fields pass all `tests`.

    `of` is where to look: `same` (the subject itself), `node`, `cluster` (everywhere), `elsewhere` (on other nodes). `times` is the range
    of how many must match: (1, None) by default, and a minimum of 0 makes it optional evidence. A `quiet` one is a condition and supplies
    values, but is not shown as evidence.
    """

    topic: str
    tests: tuple[tuple[str, Test], ...]
    of: str = "same"
    times: tuple[int, int | None] = (1, None)
    quiet: bool = False


class Group(NamedTuple):
    """Holds if all of `all`, at least one of `any` (unless empty) and none of `none` hold."""

    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    none: tuple[Condition, ...] = ()


Condition = Matcher | Group


def compile_condition(data: Mapping[str, JSON], search: Search = re.Pattern.search) -> Condition:
    """Compile a condition whose data fits the schema and whose patterns are valid."""
    if "see" in data:
        tests = tuple((name, _test(wanted, search)) for name, wanted in data.get("where", {}).items())
        return Matcher(data["see"], tests, data.get("of", "same"), _count(data.get("count", {})), data.get("quiet", False))
    return Group(*(tuple(compile_condition(one, search) for one in data.get(part, ())) for part in ("all", "any", "none")))


def _count(data: Mapping[str, int]) -> tuple[int, int | None]:
    return data.get("min", 1), data.get("max")


_FITS: Mapping[str, str] = {}


def _test(wanted: JSON, search: Search) -> Test:
    if isinstance(wanted, Mapping):
        (operator, operand), *_ = wanted.items()
        return _OPERATORS[operator](operand, search)
    if isinstance(wanted, list):
        return lambda value: _FITS if value in wanted and not _mixed(value, wanted) else None
    return lambda value: _FITS if value == wanted and isinstance(value, bool) == isinstance(wanted, bool) else None


def _mixed(value: JSON, wanted: list[JSON]) -> bool:
    """True if only one side is a boolean: in Python True equals 1, in a rule it does not."""
    return isinstance(value, bool) and not any(one is value for one in wanted)


def _matches(pattern: str, search: Search) -> Test:
    """Compile the pattern on first use: most rules are for faults that a cluster does not have."""
    regex = cache(lambda: compiled(pattern))

    def test(value: JSON) -> Mapping[str, str] | None:
        found = search(regex(), value[:LONGEST]) if isinstance(value, str) else None
        return None if found is None else {name: text for name, text in found.groupdict().items() if text is not None}

    return test


def _compares(how: Callable[[float, float], bool]) -> Callable[[float, Search], Test]:
    def make(bound: float, _search: Search) -> Test:
        return lambda value: _FITS if isinstance(value, int | float) and not isinstance(value, bool) and how(value, bound) else None

    return make


def _differs(unwanted: JSON, search: Search) -> Test:
    test = _test(unwanted, search)
    return lambda value: _FITS if test(value) is None else None


def _exists(wanted: bool, _search: Search) -> Test:
    return lambda value: _FITS if (value is not None and value != "") == wanted else None


_OPERATORS: Mapping[str, Callable[[JSON, Search], Test]] = {
    "matches": _matches,
    "lt": _compares(lt),
    "le": _compares(le),
    "gt": _compares(gt),
    "ge": _compares(ge),
    "not": _differs,
    "exists": _exists,
}
