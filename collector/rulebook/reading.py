"""Reads the shipped rules, rules/*.yml, and lists their codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from collector.model import JSON
from collector.resources import rule_files
from collector.rulebook.cache import read_cached
from collector.rulebook.conditions import Search
from collector.rulebook.rule import UNKNOWN, Rule, compile_rule

_ITS_OWN = frozenset({"unless", "explained_by"})
"""Keys that are not inherited, since they are specific to one way to recognise a cause."""


@cache
def shipped() -> tuple[Rule, ...]:
    """Return all shipped rules. Raises `SpecError` if one is invalid, which a test prevents."""
    rules: list[Rule] = []
    for path in rule_files():
        file = read_cached(path)
        rules += compile_all(file.data, (f"{path.name}:{line}" for line in file.lines))
    return tuple(rules)


def compile_all(rules: Sequence[JSON], places: Iterable[str], search: Search = re.Pattern.search) -> Iterator[Rule]:
    """Compile the rules of a linted list, each with its position in words."""
    for data, place in zip(completed(rules), places, strict=False):
        yield compile_rule(data, place, search)


def completed(rules: Sequence[JSON]) -> list[dict[str, JSON]]:
    """Complete a list of rules: further rules of a code inherit missing keys from its first one, except `_ITS_OWN`."""
    first: dict[str, Mapping[str, JSON]] = {}
    return [{**{k: v for k, v in first.setdefault(rule["code"], rule).items() if k not in _ITS_OWN}, **rule} for rule in rules]


def codes() -> tuple[str, ...]:
    """Return the codes of all causes, without symptoms, sorted."""
    return tuple(sorted({rule.code for rule in shipped() if not rule.symptom} | {UNKNOWN}))


def symptoms() -> tuple[str, ...]:
    """Return the codes of all symptoms, sorted."""
    return tuple(sorted({rule.code for rule in shipped() if rule.symptom}))
