"""What a finding explains or rules out; and joins, which rules share by name (rules/joins.yml)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from collector.model import JSON
from collector.resources import joins_file
from collector.rulebook.cache import read_cached
from collector.rulebook.conditions import Condition, Search, compile_condition

SYMPTOM = "symptom."
"""The prefix of codes that are not causes: never a root, always shown below one."""


class Link(NamedTuple):
    """Findings that a finding explains or rules out, by code and relation.

    `only_if` is a condition on the explaining finding's subject, `where` on the other finding's subject.
    """

    codes: frozenset[str]
    of: str
    only_if: Condition | None = None
    where: Condition | None = None

    def covers(self, code: str) -> bool:
        """True if the link includes this code; `symptom.*` includes every symptom."""
        return code in self.codes or (code.startswith(SYMPTOM) and SYMPTOM + "*" in self.codes)


@cache
def joins() -> Mapping[str, Mapping[str, JSON]]:
    """Return name -> `{summary, explains: [link, ...]}`, cached: do not modify."""
    named: Mapping[str, Mapping[str, JSON]] = read_cached(joins_file()).data
    return named


def links(explains: Iterable[JSON], search: Search) -> Iterator[Link]:
    """Return the links of a rule's `explains`, with the names of joins resolved. Raises `KeyError` for an unknown join."""
    for one in explains:
        yield from _links_of(one) if isinstance(one, str) else (compile_link(one, search),)


@cache
def _links_of(name: str) -> tuple[Link, ...]:
    """Return a join's links, shared by all rules that name it."""
    return tuple(compile_link(link) for link in joins()[name]["explains"])


def compile_link(data: Mapping[str, JSON], search: Search = re.Pattern.search) -> Link:
    """Compile a link whose data fits the schema."""
    only_if, where = (compile_condition(data[part], search) if part in data else None for part in ("if", "where"))
    return Link(frozenset(data["codes"]), data["of"], only_if, where)
