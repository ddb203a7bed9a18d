"""Anything that the kinds' schemas allow in a bundle gives a report: no rule, table or template assumes more than the schema says."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from collector.bundle import load_bundle
from collector.kinds import KINDS
from collector.pipeline import conclude
from collector.render import FORMATS, mail_html, render, report_document
from collector.resources import incidents, schema
from collector.validate import schema_problems, validate
from tests.hostile.run import UNPRINTABLE, diagnose, texts

Way = tuple[str, ...]
"""Keys from a kind's data down; `*` stands for every entry of a list, or every member of an object with free keys."""
TEXT = "x\n\"'[http://[::1 http://a:99999999/ (1e999 <b> {{ 1 }} \u202e \x1b[31m"
EACH = "*"
TOGETHER = 8
"""So many odd values, of fields far apart, are put into one bundle: one by one they took four minutes."""


def ways(kind: str) -> Iterator[tuple[Way, dict[str, Any]]]:
    """Return every field of a kind's data, with the schema of its value."""
    whole = schema(f"kinds/{kind}")

    def walk(part: dict[str, Any], here: Way) -> Iterator[tuple[Way, dict[str, Any]]]:
        part = {**whole["$defs"][part["$ref"].rpartition("/")[2]]} if "$ref" in part else part
        for choice in (part, *part.get("anyOf", ()), *part.get("oneOf", ())):
            if here and "type" in choice:
                yield here, choice
            for name, inner in choice.get("properties", {}).items():
                yield from walk(inner, (*here, name))
            for key in ("items", "additionalProperties"):
                if isinstance(choice.get(key), dict):
                    yield from walk(choice[key], (*here, EACH))

    return walk(whole, ())


def values(part: dict[str, Any]) -> Iterator[Any]:
    """Return unusual values that a schema allows."""
    kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
    least = part.get("minimum", part.get("exclusiveMinimum", -1e308) + 1)
    odd = {
        "null": [None],
        "boolean": [True, False],
        "array": [[]],
        "object": [{}],
        "integer": [max(0, int(least)) if least > -1e300 else -7, 10**19],
    }
    odd |= {"number": [least, 1e308, 0.1], "string": part.get("enum", ["", TEXT, "A" * 10_000])}
    yield from (value for kind in kinds for value in odd[kind])


@cache
def bundles() -> tuple[dict[str, Any], ...]:
    """Return bundles of recorded incidents in which every requested kind was answered."""
    return tuple(json.loads(diagnose(name).files["bundle.json"]) for name in incidents())


@cache
def bundle_with(kind: str) -> dict[str, Any]:
    """Return the bundle with the most data of this kind."""
    return max(
        bundles(), key=lambda bundle: sum(len(json.dumps(row["data"])) for row in bundle["results"] if row["kind"] == kind and row["data"])
    )


def put(value: Any, way: Way, wanted: Any) -> bool:
    """Put a value at every position that the path leads to; False if there is none."""
    key, *rest = way
    keys = list(value) if isinstance(value, dict) and key == EACH else list(range(len(value))) if isinstance(value, list) else [key]
    found = False
    for one in keys:
        if isinstance(value, list) or (isinstance(value, dict) and one in value):
            if rest:
                found = put(value[one], tuple(rest), wanted) or found
            else:
                value[one], found = copy.deepcopy(wanted), True
    return found


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "nomad_checks"])
def test_all_that_a_schema_allows_gives_a_report(kind: str) -> None:
    odd = [(way, value) for way, part in ways(kind) for value in values(part)]
    apart = -(-len(odd) // TOGETHER)
    tried = 0
    for start in range(apart):
        document = copy.deepcopy(bundle_with(kind))
        rows = [row["data"] for row in document["results"] if row["kind"] == kind and row["data"]]
        put_in = [(way, value) for way, value in odd[start::apart] if sum(put(row, way, value) for row in rows)]
        tried += len(put_in)
        check(document, f"{kind}: " + "; ".join(f"{'.'.join(way)} = {value!r:.40}" for way, value in put_in))
    assert tried > 5, "this kind is in no incident"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "nomad_checks"])
def test_a_whole_number_written_as_a_fraction_is_none(kind: str) -> None:
    whole = [way for way, part in ways(kind) if "integer" in part["type"]]
    document = copy.deepcopy(bundle_with(kind))
    rows = [row for row in document["results"] if row["kind"] == kind and row["data"]]
    put_in = [way for way in whole if sum(put(row["data"], way, 1e15) for row in rows)]
    check(document, f"{kind}: {put_in}")
    if put_in:
        assert "invalid" in {result.status for result in validate(load_bundle(_stream(document), "bundle")).results if result.kind == kind}


def check(document: dict[str, Any], what: str) -> None:
    try:
        report = conclude(validate(load_bundle(_stream(document), "bundle")))
        assert schema_problems("report", report_document(report)) == []
        assert not [text for text in texts(report_document(report)) if UNPRINTABLE.search(text)]
        for form in ("text", "html"):
            assert render(report, form, verbose=2)
    except Exception as bug:
        bug.add_note(what)
        raise


def _stream(document: dict[str, Any]) -> Any:
    return io.BytesIO(json.dumps(document).encode())


@pytest.mark.parametrize("form", [*FORMATS, "mail"])
def test_each_form_of_each_incident_with_every_nullable_field_null(form: str) -> None:
    for document in bundles():
        changed = copy.deepcopy(document)
        for row in changed["results"]:
            for way, part in ways(row["kind"]) if row["data"] else ():
                if "null" in part["type"]:
                    put(row["data"], way, None)
        report = conclude(validate(load_bundle(_stream(changed), "bundle")))
        assert mail_html(report) if form == "mail" else render(report, form, verbose=2)
