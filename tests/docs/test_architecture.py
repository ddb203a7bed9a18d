"""docs/architecture.md describes each kind's arguments and data as the registry and the schemas do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from collector.kinds import KINDS
from collector.resources import schema
from tests.docs.documents import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
TOLD = dict(re.findall(r"^`(\w+)` args (.*?)(?=^`\w+` args |^## )", PAGE, re.MULTILINE | re.DOTALL))


def keys(part: Any) -> Iterator[str]:
    """Return the names of all properties of a schema, at any depth."""
    for name, below in part.get("properties", {}).items():
        yield name
        yield from keys(below)
    for below in (part.get("items"), *part.get("anyOf", ()), *part.get("$defs", {}).values()):
        if isinstance(below, dict):
            yield from keys(below)


def test_every_kind_is_there_and_no_other() -> None:
    assert TOLD.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_a_kinds_arguments_are_its_own(kind: str) -> None:
    given = re.match(r"(.*?)(?:\n|→)", TOLD[kind])
    assert given is not None
    assert KINDS[kind].arguments.keys() - set(re.findall(r"\w+", given[1])) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_a_kinds_data_is_what_its_schema_says(kind: str) -> None:
    assert set(keys(schema(f"kinds/{kind}"))) - set(re.findall(r'"(\w+)"', TOLD[kind])) == set()
