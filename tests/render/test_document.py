import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import resources
from collector.model import Attempt, Evidence, Finding, NodeRow, Result, Severity, Status, Target
from collector.render import render, report_document
from collector.render.document import printable

from .samples import CRASH, SAMPLES

UNTIMED = settings(deadline=None)

CONTRACT = {
    "report": {
        "schema_version",
        "spec",
        "started_at",
        "duration_seconds",
        "verdict",
        "coverage",
        "nodes",
        "root_causes",
        "findings",
        "items",
    },
    "coverage": {"planned", "collected", "unseen_nodes", "gaps"},
    "node": {
        "name",
        "address",
        "consul",
        "nomad",
        "eligibility",
        "allocation",
        "role",
        "uptime_seconds",
        "lag_seconds",
        "databases",
        "sources",
    },
    "finding": {"id", "code", "severity", "node", "title", "detail", "remedy", "explained_by", "explains", "evidence"},
    "evidence": {"item", "source", "quote"},
    "item": {"id", "task", "kind", "target", "status", "rung", "attempts", "seconds"},
    "attempt": {"rung", "status", "reason", "seconds"},
}
"""The fields that scripts rely on; others may be added beside them."""


def validator():
    return jsonschema.Draft202012Validator(resources.schema("report"), format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("sample", SAMPLES)
def test_json_validates_against_its_schema(sample):
    document = json.loads(render(SAMPLES[sample], "json"))
    assert [f"{error.json_path}: {error.message}" for error in validator().iter_errors(document)] == []


@pytest.mark.parametrize("commit", ["0d9b4c93bd4ee089cb105edd2f90046e6bdf3824", "0d9b4c93bd4ee089cb105edd2f90046e6bdf3824-dirty", None])
def test_the_commit_of_a_spec_that_was_changed_since_fits_the_schema(commit):
    document = json.loads(render(CRASH._replace(spec={**CRASH.spec, "commit": commit}), "json"))
    assert document["spec_file"]["commit"] == commit
    assert list(validator().iter_errors(document)) == []


def test_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(resources.schema("report"))


def test_json_has_every_field_of_the_contract():
    document = report_document(CRASH)
    parts = {
        "report": document,
        "coverage": document["coverage"],
        "node": document["nodes"][0],
        "finding": document["root_causes"][0],
        "evidence": document["root_causes"][0]["evidence"][0],
        "item": document["items"][0],
        "attempt": document["items"][0]["attempts"][0],
    }
    assert {part: fields - parts[part].keys() for part, fields in CONTRACT.items()} == {part: set() for part in CONTRACT}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "fine"),
        (("started_at",), "yesterday"),
        (("nodes", 0, "role"), "leader"),
        (("nodes", 0, "surprise"), 1),
        (("root_causes", 0, "severity"), "bad"),
        (("coverage", "planned"), -1),
        (("items", 0, "status"), "lost"),
    ],
)
def test_schema_refuses_what_the_contract_does_not_have(path, value):
    document = json.loads(render(CRASH, "json"))
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert not validator().is_valid(document)


def test_json_is_the_same_every_time_and_ends_with_a_newline():
    assert render(CRASH, "json") == render(CRASH, "json")
    assert render(CRASH, "json").endswith("}\n")


def test_every_model_field_is_in_the_document():
    """A field added to the model must not be forgotten here."""
    document = report_document(CRASH)
    renamed = {"onset": "since", "at_risk": None, "ignore_errors": None, "data": None, "started_at": None, "date": None, "redactions": None}
    for kind, part in (
        (Finding, document["root_causes"][0]),
        (NodeRow, document["nodes"][0]),
        (Evidence, document["root_causes"][0]["evidence"][0]),
        (Result, document["items"][0]),
    ):
        fields = {renamed.get(name, name) for name in kind._fields} - {None}
        assert fields - part.keys() == set()


def test_attempts_say_why_a_rung_failed():
    result = Result(
        "a", "LiteFS", "litefs_status", Target(node="n1"), Status.TIMEOUT, attempts=(Attempt("http", Status.TIMEOUT, "5 s", 5.0),)
    )
    item = report_document(CRASH._replace(items=(result,)))["items"][0]
    assert item["attempts"] == [{"rung": "http", "status": "timeout", "reason": "5 s", "seconds": 5.0}]


@UNTIMED
@given(st.text())
def test_printable_text_has_no_control_character_but_tab_and_newline(text):
    assert all(character in "\n\t" or (ord(character) >= 0x20 and not 0x7F <= ord(character) <= 0x9F) for character in printable(text))


@UNTIMED
@given(st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), min_size=1))
def test_printable_text_leaves_printable_text_alone(text):
    assert printable(text) == text


@UNTIMED
@given(st.text())
def test_cleaning_twice_changes_nothing(text):
    assert printable(printable(text)) == printable(text)


@pytest.mark.parametrize(
    ("dirty", "tidy"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\r\nb", "a\nb"),
        ("a\rb", "a\ufffdb"),
        ("\u202egnp.exe", "\ufffdgnp.exe"),
        ("null\x00byte", "null\ufffdbyte"),
        ("日本語 👩\u200d💻", "日本語 👩\u200d💻"),
        ("\ud800", "\ufffd"),
    ],
)
def test_escapes_and_controls_are_taken_out(dirty, tidy):
    assert printable(dirty) == tidy


def test_keys_are_cleaned_too():
    assert printable({"\x1b[1mkey": ("a\x00",)}) == {"key": ["a\ufffd"]}


def test_severity_and_status_are_plain_words():
    document = report_document(CRASH)
    assert type(document["root_causes"][0]["severity"]) is str
    assert document["root_causes"][0]["severity"] == Severity.CRITICAL.value
