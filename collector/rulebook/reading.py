"""The rules that ship with the collector, read from rules/*.yml, and their codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from collector.model import JSON
from collector.resources import rule_files
from collector.rulebook import kept
from collector.rulebook.conditions import Search
from collector.rulebook.rule import UNKNOWN, Rule, compile_rule

_ITS_OWN = frozenset({"unless", "explained_by"})
"""What says of one way to recognise a cause that it is special."""


@cache
def shipped() -> tuple[Rule, ...]:
    """All rules of the collector. Raises `SpecError` if one is wrong, which a test forbids."""
    rules: list[Rule] = []
    for path in rule_files():
        file = kept.read(path)
        rules += made(file.data, (f"{path.name}:{line}" for line in file.lines))
    return tuple(rules)


def made(rules: Sequence[JSON], places: Iterable[str], search: Search = re.Pattern.search) -> Iterator[Rule]:
    """The rules of one list that lint finds nothing wrong with, each with its place in words."""
    for data, place in zip(completed(rules), places, strict=False):
        yield compile_rule(data, place, search)


def completed(rules: Sequence[JSON]) -> list[dict[str, JSON]]:
    """The rules of one list, where a further rule of a code has what it leaves out from the first one of that code, but `_ITS_OWN`."""
    first: dict[str, Mapping[str, JSON]] = {}
    return [{**{k: v for k, v in first.setdefault(rule["code"], rule).items() if k not in _ITS_OWN}, **rule} for rule in rules]


def codes() -> tuple[str, ...]:
    """Every cause code that a finding can have as a root, sorted; symptoms are none."""
    return tuple(sorted({rule.code for rule in shipped() if not rule.symptom} | {UNKNOWN}))


def symptoms() -> tuple[str, ...]:
    """Every code of what is wrong to see and is no cause, sorted."""
    return tuple(sorted({rule.code for rule in shipped() if rule.symptom}))
