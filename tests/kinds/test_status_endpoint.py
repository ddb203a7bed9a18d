"""No LiteFS has `/status`: a spec that requests it is told so by lint and by the rung."""

from __future__ import annotations

import pytest

from collector.errors import Unanswered
from collector.kinds import KINDS
from collector.kinds.litefs_http import http
from collector.kinds.litefs_status import execute
from collector.model import JSON
from collector.spec import lint

SPEC = """version: 1
name: x
vars: {{port: 20202}}
collect:
  - litefs_status: {{task: app, mount: /litefs, alloc: a}}
    try:
      - http: "{url}"
      - exec: [litefs, status]
"""

PATHS = ["http://10.0.0.1:20202/status", "http://[fd00::1]:20202/status/", "{{ item | endpoint(20202) }}/status", "http://h/health"]
ADDRESSES = ["http://10.0.0.1:20202", "http://10.0.0.1:20202/", "{{ item | endpoint(20202) }}", "http://{{ item.address }}:{{ port }}"]


@pytest.mark.parametrize("url", PATHS)
def test_a_rung_that_names_an_endpoint_gets_advice(url: str) -> None:
    said = KINDS["litefs_status"].advice("http", url)
    assert said
    assert "http://HOST:PORT" in said


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_address_alone_is_right(url: str) -> None:
    assert KINDS["litefs_status"].advice("http", url) is None


def test_a_rung_without_a_value_asks_at_the_address_of_the_item() -> None:
    assert KINDS["litefs_status"].advice("http", None) is None
    text = SPEC.replace('http: "{url}"', "http").replace("{{", "{").replace("}}", "}")
    assert lint(text.replace("alloc: a", "alloc: a, address: 10.0.0.1"), "spec.yml") == []


def test_a_command_is_no_endpoint() -> None:
    assert KINDS["litefs_status"].advice("exec", ["litefs", "status"]) is None


@pytest.mark.parametrize(
    ("value", "words"), [("litefs status", "[litefs, status]"), (5, "[litefs, status]"), (["cat", 5], "list of words"), ([""], "list")]
)
def test_a_command_that_is_not_a_list_is_reported_and_never_run(value: JSON, words: str) -> None:
    said = KINDS["litefs_status"].advice("exec", value)
    assert said
    assert words in said
    with pytest.raises(Unanswered, match="a command is a list of words"):
        next(execute({"rung": value, "alloc": "a", "task": "app", "mount": "/litefs"}))


@pytest.mark.parametrize("value", [None, ["cat", "{{ mount }}/.lag"], "{{ command }}"])
def test_a_command_may_be_left_out_and_have_expressions(value: JSON) -> None:
    assert KINDS["litefs_status"].advice("exec", value) is None


def test_lint_shows_the_place() -> None:
    (problem,) = lint(SPEC.format(url="http://10.0.0.1:20202/status"), "s.yml")
    assert (problem.mark.line, problem.mark.path) == (7, "$.collect[0].try[0].http")
    assert "/status" in problem.message
    assert lint(SPEC.format(url="http://10.0.0.1:20202"), "s.yml") == []


def test_such_a_rung_makes_no_request_and_the_next_is_tried() -> None:
    with pytest.raises(Unanswered, match="/status") as refused:
        next(http({"rung": "http://10.0.0.1:20202/status"}))
    assert not refused.value.final
