"""Determines whether two root causes say the same about two nodes, so that they can be shown once with both names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from collector.model import JSON
from collector.render.folding import without_ids
from collector.render.units import seconds_between

_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)*")
TOGETHER = 60.0
"""Seconds between two onsets that count as the same time."""


class Statement(NamedTuple):
    """A cause's text without node-specific parts. `wide`: it explains findings beyond its node."""

    words: tuple[JSON, ...]
    since: str | None
    wide: bool

    def covers(self, other: Statement) -> bool:
        """True if the other cause says nothing more and began at about the same time. Cluster-wide details are shown once."""
        apart = seconds_between(self.since, other.since)
        at_once = self.since == other.since or (apart is not None and abs(apart) <= TOGETHER)
        return self.words == other.words and at_once and not other.wide


def statement(cause: Mapping[str, JSON], explained: Sequence[Mapping[str, JSON]], address: str | None) -> Statement:
    """Return a cause's text with its node's name, address, allocation and times replaced by placeholders."""
    alloc = str(cause["alloc"] or "")
    names = {cause["node"], address, alloc, alloc[:8]}

    def plain(text: str) -> str:
        return without_ids(_NAME.sub(lambda name: "*" if name[0] in names else name[0], text))

    evidence = tuple((plain(one["source"]), plain(one["quote"])) for one in cause["evidence"])
    own = tuple(plain(one["title"]) for one in explained if one["node"] == cause["node"])
    texts = tuple(plain(cause[field]) for field in ("title", "detail", "remedy", "first_seen"))
    return Statement(
        (cause["code"], cause["severity"], cause["impact_text"], texts, evidence, own), cause["since"], len(own) < len(explained)
    )
