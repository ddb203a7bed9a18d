"""Duplicate keys in YAML: the last one would win, and the other would not be tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import yaml


def twice(text: str) -> list[tuple[str, int]]:
    """Return duplicate keys of mappings, with their lines; `<<` may be repeated."""
    return list(_twice(yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), set()))


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
