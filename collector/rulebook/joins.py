"""Joins that many rules share, by name: what follows from what, said once (rules/joins.yml)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from collector import yamlio
from collector.model import JSON
from collector.resources import joins_file


@cache
def joins() -> Mapping[str, Mapping[str, JSON]]:
    """Name -> `{summary, explains: [link, ...]}`; do not change it."""
    named: Mapping[str, Mapping[str, JSON]] = yamlio.read(joins_file()).data
    return named


def spelled_out(explains: Iterable[JSON]) -> Iterator[JSON]:
    """The links of a rule's `explains`, those of a join in place of its name. Raises `KeyError` for a name that there is not."""
    for one in explains:
        yield from joins()[one]["explains"] if isinstance(one, str) else (one,)
