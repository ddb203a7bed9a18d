"""What rules look at: one plain statement about the cluster, with the text it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from collector.model import JSON, Evidence


class Observation(NamedTuple):
    """One statement: `topic` says what about, `scope` (any of node, alloc, service, task) whom, `fields` what was seen.

    `fields` are plain scalars, listed per topic in `topics.TOPICS`. `quote` is the text or the field it rests on, `source` where a human
    finds it, `item` the result's id, `at` when it happened (Unix seconds), None where that is not known.
    """

    topic: str
    scope: Mapping[str, str]
    fields: Mapping[str, JSON]
    quote: str = ""
    source: str = ""
    item: str = ""
    at: float | None = None

    def evidence(self) -> Evidence:
        """This statement as a report cites it."""
        return Evidence(item=self.item, source=self.source, quote=self.quote, at=self.at)


def scope(**parts: str | None) -> dict[str, str]:
    """A scope without its unknown parts."""
    return {name: value for name, value in parts.items() if value}


@dataclass(slots=True)
class Observations:
    """All observations of a bundle, found again by topic and by topic and scope in constant time."""

    by_topic: dict[str, list[Observation]] = field(default_factory=dict)
    _by_scope: dict[tuple[str, str, str], list[Observation]] = field(default_factory=dict)

    def add(self, observation: Observation) -> None:
        """Keep one."""
        self.by_topic.setdefault(observation.topic, []).append(observation)
        for part, value in observation.scope.items():
            self._by_scope.setdefault((observation.topic, part, value), []).append(observation)

    def of(self, topic: str, **scope_part: str) -> list[Observation]:
        """Those of a topic; with one scope part (`node="n1"`), those that have it."""
        for part, value in scope_part.items():
            return self._by_scope.get((topic, part, value), [])
        return self.by_topic.get(topic, [])
