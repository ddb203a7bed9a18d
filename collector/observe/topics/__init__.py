"""The vocabulary of rules: every topic with its fields. Rules are linted against it; docs/rules.md lists it."""

from __future__ import annotations

from collections.abc import Mapping

from collector.observe.topics.parts import PARTS
from collector.observe.topics.topic import Topic
from collector.observe.topics.whole import WHOLE

__all__ = ["TOPICS", "Topic"]

TOPICS: Mapping[str, Topic] = {**PARTS, **WHOLE}
