"""docs/kinds.md shows the form of each kind's data as its schema does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from collector.kinds import KINDS
from collector.resources import schema
from tests.docs.documents import text

DATA = dict(re.findall(r"^## `(\w+)`\n.*?^- Data: (.*?)$", text("kinds.md"), re.MULTILINE | re.DOTALL))


def keys(part: Any) -> Iterator[str]:
    """Return the names of all properties of a schema, at any depth."""
    for name, below in part.get("properties", {}).items():
        yield name
        yield from keys(below)
    for below in (part.get("items"), *part.get("anyOf", ()), *part.get("$defs", {}).values()):
        if isinstance(below, dict):
            yield from keys(below)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kinds_data_is_what_its_schema_says(kind: str) -> None:
    assert kind in DATA, f"the section on {kind} has no line `- Data: ...`"
    assert set(keys(schema(f"kinds/{kind}"))) - set(re.findall(r'"(\w+)"', DATA[kind])) == set()
