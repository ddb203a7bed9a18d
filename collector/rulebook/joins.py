"""What a finding explains or rules out; and joins, which many rules share by name (rules/joins.yml)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from collector.model import JSON
from collector.resources import joins_file
from collector.rulebook import kept
from collector.rulebook.conditions import Condition, Search, compile_condition

SYMPTOM = "symptom."
"""Codes that begin so are no causes: never a root, always shown under one."""


class Link(NamedTuple):
    """What a finding explains, or rules out: findings with these codes, in this relation to it.

    `only_if` must hold for its own subject, `where` for that of the other finding.
    """

    codes: frozenset[str]
    of: str
    only_if: Condition | None = None
    where: Condition | None = None

    def covers(self, code: str) -> bool:
        """Is this code meant? `symptom.*` stands for every symptom."""
        return code in self.codes or (code.startswith(SYMPTOM) and SYMPTOM + "*" in self.codes)


@cache
def joins() -> Mapping[str, Mapping[str, JSON]]:
    """Name -> `{summary, explains: [link, ...]}`; do not change it."""
    named: Mapping[str, Mapping[str, JSON]] = kept.read(joins_file()).data
    return named


def links(explains: Iterable[JSON], search: Search) -> Iterator[Link]:
    """The links of a rule's `explains`, those of a join in place of its name. Raises `KeyError` for a name that there is not."""
    for one in explains:
        yield from _of(one) if isinstance(one, str) else (compile_link(one, search),)


@cache
def _of(name: str) -> tuple[Link, ...]:
    """A join's links, made once for all rules that name it."""
    return tuple(compile_link(link) for link in joins()[name]["explains"])


def compile_link(data: Mapping[str, JSON], search: Search = re.Pattern.search) -> Link:
    """A link from data that fits the schema."""
    only_if, where = (compile_condition(data[part], search) if part in data else None for part in ("if", "where"))
    return Link(frozenset(data["codes"]), data["of"], only_if, where)
