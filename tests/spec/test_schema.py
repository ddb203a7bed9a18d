import json
from contextlib import suppress

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import SpecError
from collector.kinds import KINDS as REAL_KINDS
from collector.resources import schema
from collector.spec import spec_schema
from collector.structure import faults
from collector.yamlio import load
from tests.spec.own_kinds import KINDS
from tests.spec.test_lint import BAD, GOOD

SCHEMA = spec_schema(KINDS)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
UNDERSTOOD = {
    *("$schema", "$id", "$ref", "$defs", "title", "description", "type", "const", "enum", "pattern", "minLength", "minimum", "maximum"),
    *(
        "minItems",
        "items",
        "properties",
        "required",
        "additionalProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        "anyOf",
        "oneOf",
    ),
}


def test_the_committed_schema_is_that_of_the_kinds() -> None:
    assert schema("spec") == spec_schema(REAL_KINDS), "write it anew: python -m tests.spec.write_schema"


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(spec_schema(REAL_KINDS))


def test_the_loader_understands_every_keyword_of_the_schema() -> None:
    assert {keyword for one in subschemas(spec_schema(REAL_KINDS)) for keyword in one} <= UNDERSTOOD


def test_every_key_is_described_for_editors() -> None:
    undescribed = [
        name
        for one in subschemas(spec_schema(REAL_KINDS))
        for name, member in one.get("properties", {}).items()
        if member and "description" not in member
    ]
    assert undescribed == []


def subschemas(schema: dict):
    yield schema
    for name in ("properties", "$defs"):
        for member in schema.get(name, {}).values():
            yield from subschemas(member)
    for name in ("items", "propertyNames"):
        if name in schema:
            yield from subschemas(schema[name])
    for name in ("anyOf", "oneOf"):
        for member in schema.get(name, ()):
            yield from subschemas(member)


@pytest.mark.parametrize("text", [*GOOD, *(case[1].replace("▸", "") for case in BAD)])
def test_the_loader_and_jsonschema_agree_on_specs(text: str) -> None:
    with suppress(SpecError):
        agree(load(text, "garden.yml").data)


KEYS = st.sampled_from(
    [*SCHEMA["properties"], *SCHEMA["$defs"]["task"]["properties"], "tank", "litres", "near", "file", "path", "to", "x y", "z"]
)
VALUES = (
    st.none() | st.booleans() | st.sampled_from([1, 2, -1, 30, 1.0, 0.5, "", "a", "a b", "3s", "text", "tap", "near", "{{ x }}", "0644"])
)
DATA = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)


@given(st.data())
def test_the_loader_and_jsonschema_agree_on_what_was_changed(data: st.DataObject) -> None:
    document = json.loads(json.dumps(load(data.draw(st.sampled_from(GOOD)), "garden.yml").data))
    container = document
    while True:
        keys = list(container) if isinstance(container, dict) else list(range(len(container)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(container[key], (dict, list)) or data.draw(st.booleans()):
            container[key] = data.draw(DATA)
            break
        container = container[key]
    agree(document)


@given(DATA)
def test_the_loader_and_jsonschema_agree_on_anything(document: object) -> None:
    agree(document)


def agree(document: object) -> None:
    assert bool(faults(document, SCHEMA)) == (not VALIDATOR.is_valid(document))
