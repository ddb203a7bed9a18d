"""What a topic is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Topic(NamedTuple):
    """What one topic is about, which scope parts it has (names between spaces), and its fields with their meaning."""

    about: str
    scope: str
    fields: Mapping[str, str]
