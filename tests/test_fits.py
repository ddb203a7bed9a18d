"""The fast test never accepts what jsonschema rejects, and accepts what clusters really answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from collector.replay import Recording
from collector.resources import incident, schema, schema_names
from collector.validate.fits import _Compiler, fits
from tests.accuracy.recorded import bundle_of

JUDGED = [name for name in schema_names() if name not in {"spec", "rule"}]
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0, -2.5, "", "a", "b", "0123456789abcdef"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=8
)
RULES: list[st.SearchStrategy[dict[str, Any]]] = [
    st.fixed_dictionaries({"type": st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])}),
    st.fixed_dictionaries({"type": st.just(["integer", "null"])}),
    st.fixed_dictionaries({"enum": st.just(["a", None, "b"]) | st.just([1, "a"]) | st.just([0, True])}),
    st.fixed_dictionaries({"const": st.sampled_from([1, "a", None, False, []])}),
    st.fixed_dictionaries({"minItems": st.just(2)}) | st.fixed_dictionaries({"format": st.sampled_from(["date-time", "uri"])}),
    st.fixed_dictionaries({"minimum": st.integers(-2, 2)}) | st.fixed_dictionaries({"maximum": st.integers(-2, 2)}),
    st.fixed_dictionaries({"exclusiveMinimum": st.just(0)}) | st.fixed_dictionaries({"minLength": st.just(1)}),
    st.fixed_dictionaries({"maxItems": st.just(1)}) | st.fixed_dictionaries({"uniqueItems": st.booleans()}),
    st.fixed_dictionaries({"pattern": st.just("^[0-9a-f]{16}$")}) | st.fixed_dictionaries({"required": st.just(["a", "b"])}),
    st.fixed_dictionaries({"contains": st.just({"type": "string"})}) | st.fixed_dictionaries({"$ref": st.just("#/$defs/own")}),
]


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    return (
        st.fixed_dictionaries({"items": inner}, optional={"prefixItems": st.lists(inner, min_size=1, max_size=2)})
        | st.fixed_dictionaries({"prefixItems": st.lists(inner, min_size=1, max_size=2)}, optional={"items": st.booleans()})
        | st.fixed_dictionaries({"properties": named}, optional={"additionalProperties": st.booleans() | inner})
        | st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)})
        | st.tuples(inner, inner).map(lambda both: {**both[0], **both[1]})
    )


SCHEMAS = st.recursive(st.one_of(*RULES), nested, max_leaves=6)
OWN = {"own": {"type": ["string", "array"], "items": {"$ref": "#/$defs/own"}}}


@given(SCHEMAS, VALUES)
def test_what_it_accepts_fits(asked: dict[str, Any], value: Any) -> None:
    document = {"$defs": OWN, **asked}
    if fits(document)(value):
        assert Draft202012Validator(document).is_valid(value)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("2026-11-24T06:23:41.000Z", True),
        ("0001-01-01T00:00:00+23:59", True),
        ("2026-11-24T06:23:41", False),
        ("2026-02-30T00:00:00Z", False),
        ("", False),
    ],
)
def test_a_moment_is_one_that_a_calendar_has_with_its_zone(text: str, is_one: bool) -> None:
    assert fits({"format": "date-time"})(text) is is_one
    assert fits({"format": "date-time"})(7)


@given(VALUES)
def test_a_schema_that_it_cannot_read_accepts_nothing(value: Any) -> None:
    assert not fits({"type": ["null", "array", "object", "string", "number"], "unheardOf": 1})(value)


@pytest.mark.parametrize("name", ["healthy", "app-crash", "cluster-id", "consul-agent-down"])
def test_it_accepts_whatever_was_collected(name: str) -> None:
    collected = [result for result in bundle_of(Recording.load(incident(name))).results if result.status == "ok"]
    assert collected
    for result in collected:
        assert fits(schema(f"kinds/{result.kind}"))(result.data), result.kind


@pytest.mark.parametrize("name", JUDGED)
def test_it_can_read_the_schema_of_all_that_is_judged(name: str) -> None:
    """Otherwise every result of that kind, every bundle, report or kept run would have to wait for jsonschema."""
    assert _Compiler(schema(name)).test(schema(name))
