"""The definition of a topic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Topic(NamedTuple):
    """A topic's description, its scope parts (separated by spaces), and its fields with their meaning."""

    about: str
    scope: str
    fields: Mapping[str, str]
