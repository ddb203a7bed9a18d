"""YAML of tests, read by libyaml where PyYAML has it, which takes a seventh of the time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load(text: str) -> Any:
    """Return the plain data of a text."""
    return yaml.load(text, _LOADER)


def twice(text: str) -> list[tuple[str, int]]:
    """Return duplicate keys of mappings, with their lines: the last would win, and the other not be tested. `<<` may be repeated."""
    return list(_twice(yaml.compose(text, _LOADER), set()))


def _twice(node: yaml.Node, seen: set[int]) -> Iterator[tuple[str, int]]:
    if id(node) in seen or not isinstance(node, yaml.CollectionNode):
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        told = Counter(key.value for key, _ in node.value)
        yield from ((key.value, key.start_mark.line + 1) for key, _ in node.value if told[key.value] > 1 and key.value != "<<")
    for member in node.value:
        for part in member if isinstance(member, tuple) else (member,):
            yield from _twice(part, seen)
