"""An observation, which rules match on: one statement about the cluster, with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from collector.model import JSON, Evidence


class Observation(NamedTuple):
    """One statement: `topic` is its type, `scope` (any of node, alloc, service, task) its subject, `fields` the facts.

    `fields` are scalars, listed per topic in `topics.TOPICS`. `quote` is the supporting text, `source` where a human finds it, `item` the
    result's id, `at` when it happened (Unix seconds), None if unknown.
    """

    topic: str
    scope: Mapping[str, str]
    fields: Mapping[str, JSON]
    quote: str = ""
    source: str = ""
    item: str = ""
    at: float | None = None

    def evidence(self) -> Evidence:
        """Return the observation as evidence in a report."""
        return Evidence(item=self.item, source=self.source, quote=self.quote, at=self.at)


def scope(**parts: str | None) -> dict[str, str]:
    """Return a scope without unknown parts."""
    return {name: value for name, value in parts.items() if value}


@dataclass(slots=True)
class Observations:
    """All observations of a bundle, indexed by topic and by topic and scope."""

    by_topic: dict[str, list[Observation]] = field(default_factory=dict)
    _by_scope: dict[tuple[str, str, str], list[Observation]] = field(default_factory=dict)

    def add(self, observation: Observation) -> None:
        """Add one observation."""
        self.by_topic.setdefault(observation.topic, []).append(observation)
        for part, value in observation.scope.items():
            self._by_scope.setdefault((observation.topic, part, value), []).append(observation)

    def of(self, topic: str, **scope_part: str) -> list[Observation]:
        """Return those of a topic; with one scope part (`node="n1"`), those that have it."""
        for part, value in scope_part.items():
            return self._by_scope.get((topic, part, value), [])
        return self.by_topic.get(topic, [])
