"""The registry, the schemas, the documentation and the cases are complete and consistent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from collector.kinds import KINDS
from collector.kinds.kind import DIRECT, STALE
from collector.model import JSON
from collector.resources import schema, schema_names

from .drive import CASES

DOCS = Path(__file__).parents[2] / "docs" / "kinds.md"
SCHEMAS = [f"kinds/{name}" for name in KINDS]


def test_every_kind_has_a_schema_and_every_schema_a_kind() -> None:
    assert sorted(name for name in schema_names() if name.startswith("kinds/")) == sorted(SCHEMAS)


def test_every_kind_has_cases_and_every_case_a_kind() -> None:
    assert sorted(path.name for path in CASES.iterdir()) == sorted(KINDS)


LATER = {"agent_id", "drained_at", "locked_up", "now", "tls_skip_verify", "transaction", "written_at"}
"""Bundles of an earlier release, which are still to be read, do not have them: they are there only where they say something."""


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_has_a_case_that_answers_and_one_that_does_not(name: str) -> None:
    cases = [json.loads(path.read_text("utf-8")) for path in (CASES / name).glob("*.json")]
    assert any("data" in case for case in cases)
    assert any("unanswered" in case for case in cases)


ONLY_BY_NAME = {"consul_checks": {"agent"}}
"""Rungs that are used only where a spec's `try` names them."""


@pytest.mark.parametrize("name", KINDS)
def test_every_rung_has_a_case(name: str) -> None:
    cases = [json.loads(path.read_text("utf-8")) for path in (CASES / name).glob("*.json")]
    assert {case["rung"] for case in cases} == set(KINDS[name].rungs)


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_registered_under_its_name_with_a_ladder_of_its_rungs(name: str) -> None:
    kind = KINDS[name]
    assert kind.name == name
    assert kind.default_ladder
    assert set(kind.rungs) - {rung for rung, _value in kind.default_ladder} == ONLY_BY_NAME.get(name, set())
    assert kind.capabilities
    assert set(kind.one_of) <= set(kind.arguments)


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_says_truly_who_answers_it(name: str) -> None:
    kind = KINDS[name]
    assert (kind.answered_by == "node") == (kind.default_ladder[0][0] in DIRECT)
    assert kind.answered_by in {"servers", "any agent"} or "node" in kind.arguments
    assert kind.answered_by == "servers" or STALE not in kind.rungs, "what needs no leader needs no second way without one"


@pytest.mark.parametrize("name", KINDS)
def test_defaults_have_the_type_that_their_argument_declares(name: str) -> None:
    types = {"string": str, "integer": int, "boolean": bool, "array": (list, tuple)}
    for argument in KINDS[name].arguments.values():
        assert argument.default is None or isinstance(argument.default, types[argument.type])
        assert argument.default is None or not argument.choices or argument.default in argument.choices
        assert not (argument.required and argument.default is not None)


@pytest.mark.parametrize("name", KINDS)
def test_the_documentation_has_every_kind_with_its_arguments_rungs_and_rights(name: str) -> None:
    kind, text = KINDS[name], DOCS.read_text("utf-8")
    section = re.search(rf"^## `{name}`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section, f"docs/kinds.md has no section on {name}"
    for word in (*kind.arguments, *kind.rungs, *kind.capabilities, *kind.further_rights.values()):
        assert f"`{word}`" in section[1], f"docs/kinds.md does not mention {word} of {name}"


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_sound_and_leaves_no_object_open(name: str) -> None:
    document = schema(name)
    Draft202012Validator.check_schema(document)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == f"urn:collector:kind:{name.removeprefix('kinds/')}:1"
    assert document["title"]
    for part in _objects(document):
        assert "additionalProperties" in part
        assert part["additionalProperties"] is not True
        if "properties" in part:
            assert part["additionalProperties"] is False
            assert sorted(part["required"]) == sorted(set(part["properties"]) - LATER), "an unknown value is null, never left out"


def _objects(part: JSON) -> Iterator[dict[str, JSON]]:
    if isinstance(part, dict):
        if "object" in (part.get("type") or ()):
            yield part
        for inner in part.values():
            yield from _objects(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _objects(inner)
