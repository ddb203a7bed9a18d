"""docs/spec-reference.md is the spec's schema on one page; `--update-goldens` writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from collector import resources
from collector.kinds import KINDS
from collector.model import JSON
from tests.docs.documents import UPDATE

DOCUMENT = Path(__file__).parents[2] / "docs" / "spec-reference.md"
HEAD = """\
# Every key of a spec

Written from `collector schema spec` by `pytest tests/docs --update-goldens`; do not edit. How the keys work together, and the
expressions: [the spec language](spec.md). What each kind gives: [kinds](kinds.md).
"""
TABLE = ["", "| key | value | what it is |", "| --- | --- | --- |"]
SCHEMA = resources.schema("spec")
TASK = SCHEMA["$defs"]["task"]
Schema = Mapping[str, JSON]


def _page() -> str:
    own = {**TASK, "properties": {name: part for name, part in TASK["properties"].items() if name not in KINDS}}
    kinds = {name: TASK["properties"][name] for name in KINDS}
    parts = [HEAD, *_section("The file", SCHEMA), *_section("A task", own)]
    for name, part in kinds.items():
        parts += _section(f"`{name}`", part)
    return "\n".join(parts) + "\n"


def _section(title: str, schema: Schema) -> Iterator[str]:
    rows = list(_rows(schema, ""))
    yield f"## {title}"
    if "description" in schema:
        yield ""
        yield f"{schema['description'].rstrip('.')}."
    yield from [*TABLE, *rows] if rows else ["", "No arguments."]
    yield ""


def _rows(schema: Schema, path: str) -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        if not part:  # a rung, whose value depends on the kind (docs/kinds.md)
            continue
        required = "**required:** " if name in schema.get("required", ()) else ""
        yield f"| `{path}{name}` | {_words(part)} | {required}{_escaped(str(part.get('description', '')))} |"
        for place, inner in _inner(part, f"{path}{name}"):
            yield from _rows(inner, place)


def _inner(part: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Return the mappings in a key's value, in any of its forms, each with its path."""
    if "properties" in part:
        yield f"{path}.", part
    for choice in part.get("anyOf", ()):
        yield from _inner(choice, path)
    if isinstance(part.get("items"), Mapping) and "$ref" not in part["items"]:
        yield from _inner(part["items"], f"{path}[]")


def _words(part: Schema) -> str:
    """Describe the possible values."""
    if "anyOf" in part:
        return " or ".join(dict.fromkeys(_words(choice) for choice in part["anyOf"]))
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        return "one of " + ", ".join(f"`{value}`" for value in part["enum"])
    if "items" in part:
        return f"list of {_words(part['items'])}" if "$ref" not in part["items"] else "list of tasks"
    if "title" in part and part.get("type") != "object":
        return _escaped(str(part["title"]))
    kinds = part.get("type", "anything")
    names = {"object": "mapping", "string": "text", "array": "list", "integer": "whole number", "boolean": "true or false"}
    return " or ".join(names.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("{{ ... }}", "`{{ ... }}`")


def test_the_page_says_what_the_schema_says(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("update_goldens"):
        DOCUMENT.write_text(_page(), "utf-8")
    assert DOCUMENT.read_text("utf-8") == _page(), UPDATE


def test_every_key_of_the_schema_has_its_meaning() -> None:
    rows = [line.split(" | ") for line in _page().splitlines() if line.startswith("| `")]
    assert [row[0] for row in rows if not row[2].strip(" |")] == []
