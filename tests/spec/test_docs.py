"""docs/spec.md covers the language."""

import re
from pathlib import Path

import pytest

from collector.expressions import FILTERS
from collector.expressions.sandbox import METHODS
from collector.expressions.selections import SELECTIONS
from collector.model import FORMATS, THRESHOLDS
from collector.spec import lint, spec_schema

TEXT = (Path(__file__).parents[2] / "docs" / "spec.md").read_text("utf-8")
SCHEMA = spec_schema({})
TOP = SCHEMA["properties"]
PROSE = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
WORDS = set(re.findall(r"[\w-]+", " ".join(re.findall(r"`([^`]+)`", PROSE))))
VARIABLES = (
    "{allocs: [], nodes: [], checks: [], members: [], definition: 1, service: s, job: j, logs: [], litefs: [], lease: [], litefs_port: 1}"
)


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL))
def test_every_example_is_a_spec(text) -> None:
    assert lint(text, "docs/spec.md") == []


@pytest.mark.parametrize(
    "names",
    [TOP, SCHEMA["$defs"]["task"]["properties"], TOP["expect"]["properties"], THRESHOLDS, FORMATS, FILTERS, SELECTIONS, METHODS],
    ids=["top", "task", "expect", "thresholds", "formats", "filters", "selections", "methods"],
)
def test_every_name_of_the_language_is_documented(names) -> None:
    assert set(names) - WORDS == set(), "not in docs/spec.md"


@pytest.mark.parametrize("expression", re.findall(r"`\{\{ (.*?) \}\}`", TEXT))
def test_every_example_of_a_filter_is_an_expression(expression) -> None:
    head = f"version: 1\nname: x\nvars: {VARIABLES}\ncollect:\n- nomad_nodes: {{}}\n  loop: [1]\n"
    text = head + f'  vars: {{x: "{{{{ {expression} }}}}"}}'
    assert lint(text.replace("\\|", "|"), "docs/spec.md") == []
