"""Rules are validated by our own checker, whose messages are for people; it and jsonschema must agree."""

from __future__ import annotations

import ast
import copy
import random
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from collector.resources import rule_files, schema
from collector.structure import faults
from tests.yamls import load, twice

ROOT = Path(__file__).parents[2]
RULES = [rule for path in rule_files() for rule in load(path.read_text("utf-8"))]
VALUES: list[Any] = [
    None,
    True,
    0,
    9,
    -1,
    "",
    "a",
    "a.b",
    "cluster",
    "critical",
    [],
    ["a"],
    [{}],
    {},
    {"see": "log"},
    {"all": []},
    {"matches": "a"},
]
KEYS = ["see", "where", "of", "count", "all", "any", "none", "matches", "lt", "not", "exists", "codes", "if", "read", "change", "x"]
VALIDATOR = Draft202012Validator(schema("rule"))


def places(data: Any) -> list[Any]:
    """Return every mapping and list in the data."""
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return [*([data] if isinstance(data, (dict, list)) else []), *(place for one in inner for place in places(one))]


def changed(seed: int) -> Any:
    """Return one of our rules with one to three changes, most of them invalid."""
    chance = random.Random(seed)
    rule = [copy.deepcopy(chance.choice(RULES))]
    for _ in range(chance.randint(1, 3)):
        place = chance.choice(places(rule))
        keys = range(len(place)) if isinstance(place, list) else [*place, *KEYS]
        if keys:
            key = chance.choice(list(keys))
            if chance.random() < 0.3 and (isinstance(place, list) or key in place):
                del place[key]
            else:
                place[key] = copy.deepcopy(chance.choice(VALUES))
    return rule


def test_our_own_rules_have_the_form() -> None:
    assert faults(RULES, schema("rule")) == []
    assert VALIDATOR.is_valid(RULES)


@pytest.mark.parametrize("part", range(10))
def test_both_agree_on_rules_that_were_changed(part: int) -> None:
    for seed in range(part * 100, part * 100 + 100):
        rule = changed(seed)
        assert bool(faults(rule, schema("rule"))) != VALIDATOR.is_valid(rule), (seed, rule)


def test_each_code_that_stands_in_the_program_is_a_rule_s() -> None:
    """What the impact and the pictures make of a cause goes by its code, or by the beginning of several (`app.`)."""
    codes = {rule["code"] for rule in RULES}
    systems = "|".join({code.partition(".")[0] for code in codes})
    paths = [path for place in ("analyze", "render", "history") for path in (ROOT / "collector" / place).rglob("*.py")]
    texts = [node.value for path in paths for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)]
    named = {text for text in texts if isinstance(text, str) and re.fullmatch(rf"(?:{systems})\.[a-z.-]*", text)}
    assert len(named) > 10
    assert {text for text in named if not any(code == text or (text[-1] == "." and code.startswith(text)) for code in codes)} == set()


@pytest.mark.parametrize("path", rule_files(), ids=lambda path: path.name)
def test_a_file_of_rules_is_of_one_cause_or_of_symptoms(path: Path) -> None:
    codes = {rule["code"] for rule in load(path.read_text("utf-8"))}
    assert codes == {path.stem} or {code.partition(".")[0] for code in codes} == {"symptom"}


@pytest.mark.parametrize("path", sorted((ROOT / "collector/rules").glob("*.yml")), ids=lambda path: path.name)
def test_the_lines_of_a_rule_file_fit_a_screen(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > 150 or line != line.rstrip()] == []


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "rules" / "cases").glob("*.yml")), ids=lambda path: path.stem)
def test_no_key_of_a_case_is_given_twice(path):
    """Otherwise the last one would win, and the other would not be tested."""
    presets = (ROOT / "tests" / "rules" / "presets.yml").read_text("utf-8")
    found = twice(presets + path.read_text("utf-8"))
    assert not [f"{key} in line {line - presets.count(chr(10))}" for key, line in found]
