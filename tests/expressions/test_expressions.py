import json
import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.expressions import FILTERS, FUNCTIONS, TESTS, ExpressionError, Expressions
from collector.expressions.sandbox import compiler
from collector.expressions.selections import SELECTIONS, load_selections

VARIABLES = {
    "text": "x",
    "number": 20202,
    "nothing": None,
    "yes": True,
    "list": [3, 1, 2],
    "nodes": [{"name": "a", "up": True}, {"name": "b", "up": False}],
    "map": {"inner": {"deep": 1}, "items": "a key"},
    "hostile": "{{ text }} {% if %}",
}

RENDERED = [
    ("plain", "plain"),
    ("{{ number }}", 20202),
    ("{{ nothing }}", None),
    ("{{ list }}", [3, 1, 2]),
    (" {{ list }}\n", [3, 1, 2]),
    ("{{ map.inner.deep }}", 1),
    ("{{ map.items }}", "a key"),
    ("{{ map.items | upper }}", "A KEY"),
    ("http://{{ text }}:{{ number }}", "http://x:20202"),
    ("{{ yes }} {{ list }}", "true [3, 1, 2]"),
    ("{{ list | sort | first }}", 1),
    ("{{ list | map('string') }}", ["3", "1", "2"]),
    ("{{ nodes | selectattr('up') | map(attribute='name') }}", ["a"]),
    ("{{ nodes | groupby('up') }}", [[False, [VARIABLES["nodes"][1]]], [True, [VARIABLES["nodes"][0]]]]),
    ("{{ map | dictsort | map('first') }}", ["inner", "items"]),
    ("{{ {'a': (1, 2)} }}", {"a": [1, 2]}),
    ("{{ missing | default('none') }}", "none"),
    ("{{ missing is defined }}", False),
    ("{{ map.get('absent') }}", None),
    ("{{ text.upper() ~ 1 }}", "X1"),
    ("{{ range(3) }}", [0, 1, 2]),
    ("{{ now }}", 1000.0),
    ("{{ hostile }}", "{{ text }} {% if %}"),
    ("<{{ hostile }}>", "<{{ text }} {% if %}>"),
    (["{{ number }}", {"a": "{{ text }}", "b": 1.5}], [20202, {"a": "x", "b": 1.5}]),
    (7, 7),
]

REFUSED = [
    ("{{ missing }}", "'missing' is undefined"),
    ("{{ map.absent }}", "map has no 'absent'"),
    ("{{ nothing.x }}", "nothing is null, so it has no 'x'"),
    ("{{ missing | upper }}", "'missing' is undefined"),
    ("{{ [map.absent] }}", "no attribute 'absent'"),
    ("at {{ nothing }}", "is null"),
    ("{{ 1 + }}", "ends where something more is expected"),
    ("{{ 1 / 0 }}", "division by zero"),
    ("{{ text + 1 }}", "concatenate"),
    ("{{ list | nonsense }}", "No filter named"),
    ("{{ 'a' * 100000000 }}", "numbers only"),
    ("{{ [0] * 100000000 }}", "numbers only"),
    ("{{ '%099999999d' % 1 }}", "numbers only"),
    ("{{ 9 ** 9 ** 9 }}", "not allowed"),
    ("{{ range(1000000) }}", "Range too big"),
    ("{{ text.ljust(100000000) }}", "ljust cannot be called"),
    ("{{ text.format(1) }}", "format cannot be called"),
    ("{{ list.append(4) }}", "unsafe"),
    ("{{ map.update({}) }}", "unsafe"),
    ("{{ text.__class__ }}", "text has no '__class__'"),
    ("{{ (text).__class__.__mro__ }}", "unsafe"),
    ("{{ text.upper }}", "text has no 'upper'"),
    ("{{ (text).upper }}", "which is not data"),
    ("{{ list | center(100000000) }}", "No filter named 'center'"),
    ("{{ text | batch(2) | join }}{% raw %}", "statements"),
    ("{{ 'text }}", "unexpected char"),
    ("{{ text", "is never closed with }}"),
    ("{{ }}", "ends where something more is expected"),
    ("{{ nothing.groups | first }}", "null has no 'groups'"),
]


@pytest.mark.parametrize(("value", "rendered"), RENDERED, ids=[str(case[0]) for case in RENDERED])
def test_a_value_is_rendered(value: object, rendered: object) -> None:
    assert Expressions(now=1000.0).render(value, VARIABLES) == rendered


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_cannot_be_evaluated_is_an_error_that_quotes_the_expression(text: str, words: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Expressions().render(text, VARIABLES)
    assert words in str(caught.value)
    assert text.rsplit("{{", maxsplit=1)[-1].split("}}", maxsplit=1)[0].strip() in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "truth"),
    [
        ("yes", True),
        ("{{ yes }}", True),
        ("nothing", False),
        ("list", True),
        ("list | length > 3", False),
        ("true", True),
        ("not yes", False),
    ],
)
def test_a_condition_is_true_or_false_with_or_without_braces(expression: str, truth: bool) -> None:
    assert Expressions().test(expression, VARIABLES) is truth


def test_a_long_text_is_refused() -> None:
    with pytest.raises(ExpressionError, match="more than 1048576 characters"):
        Expressions().render("{{ text }}{{ text }}", {"text": "x" * 600_000})


def test_a_failed_input_is_an_empty_list_for_every_selection() -> None:
    arguments = {"services": "('s')", "lease_keys": "('k')", "without": "(x)", "few": "(2)", "with_task": "('t')", "other_tasks": "('t')"}
    answers = {
        name: Expressions().render(f"{{{{ x | {name}{arguments.get(name, '')} }}}}", {"x": None})
        for name in SELECTIONS
        if name != "endpoint"
    }
    assert {name: answer for name, answer in answers.items() if answer} == {"services": ["s"], "lease_keys": ["k"]}


def test_the_names_that_lint_allows_are_those_that_jinja_has() -> None:
    compile_expression = compiler(FILTERS, TESTS, FUNCTIONS, load_selections())
    assert compile_expression("range(2)")({}) == [0, 1]


@given(st.text(max_size=30) | st.text(alphabet="ab.|()[]{}'\" +*%~=,01", max_size=30))
def test_any_text_is_rendered_or_refused(text: str) -> None:
    renderer = Expressions()
    for value in (text, "{{" + text + "}}"):
        with suppress(ExpressionError):
            json.dumps(renderer.render(value, {"a": [1], "b": {"a": "b"}}))


def test_names_are_looked_up_without_importing_jinja() -> None:
    code = (
        "import sys; from collector.expressions import Expressions; e = Expressions();"
        "assert e.render({'a': 'x {{ b.c }}', 'd': '{{ b }}'}, {'b': {'c': 1}}) == {'a': 'x 1', 'd': {'c': 1}};"
        "assert 'jinja2' not in sys.modules and 'yaml' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
