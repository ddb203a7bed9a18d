import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, TemplateSyntaxError, meta

from collector.expressions import FUNCTIONS
from collector.expressions.names import KEYWORDS, bare, names, path_of, segments, uses
from collector.expressions.selections import load_selections

EXPRESSIONS = [
    "a",
    "a.b.c",
    "a['b'] ~ c[d]",
    "a | first",
    "a | suspect(b, now=c)",
    "a | map(attribute='b') | select('in', c) | list",
    "a if b is none else c",
    "a is not defined and b is divisibleby c",
    "not a in [b, 'c d', \"e\"]",
    "{'a': b, c: 1.5e3}",
    "f(a, b=c, d = e) == g",
    "a == b != c",
    "a[1:b]",
    "a.if_so or none",
    "'a \\' b' ~ c",
    "range(a)",
    "a.b(c).d | first",
    "true and True and None and a",
]


def names_by_jinja(expression: str) -> set[str]:
    environment = Environment(autoescape=True)
    environment.filters |= load_selections()
    return meta.find_undeclared_variables(environment.parse("{{ " + expression + " }}"))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_names_are_those_that_jinja_finds(expression: str) -> None:
    assert uses(expression).variables - FUNCTIONS == names_by_jinja(expression)


WORDS = [
    "a",
    "bc",
    "and",
    "not",
    "is",
    "in",
    "if",
    "else",
    "none",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "|",
    "=",
    "==",
    "'x'",
    "1",
    "~",
    "+",
    "first",
    "defined",
]


@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_whatever_jinja_accepts_has_the_names_that_jinja_finds(words: list[str]) -> None:
    expression = " ".join(words)
    try:
        found = names_by_jinja(expression)
    except TemplateSyntaxError:
        return
    assert uses(expression).variables == found - KEYWORDS


def test_filters_and_tests_are_told_apart_from_names() -> None:
    used = uses("a | first | join(', ') if b is not none and c is mapping else d")
    assert (used.variables, used.filters, used.tests) == ({"a", "b", "c", "d"}, {"first", "join"}, {"none", "mapping"})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("plain", [("plain", False)]),
        ("{{ a }}", [(" a ", True)]),
        ("x {{a}}{{ b }} y", [("x ", False), ("a", True), (" b ", True), (" y", False)]),
        ("{{ {'a': {'b': 1}} }}", [(" {'a': {'b': 1}} ", True)]),
        ("{{ '}}' }}", [(" '}}' ", True)]),
        ("${#x} } }}", [("${#x} } }}", False)]),
        ("{{}}", [("", True)]),
    ],
)
def test_a_text_is_cut_into_its_expressions(text: str, parts: list[tuple[str, bool]]) -> None:
    assert [(part.text, part.expression) for part in segments(text)] == parts


@pytest.mark.parametrize(
    ("text", "words"), [("{{ a", "is never closed with }}"), ("{{ {a }}", "is never closed with }}"), ("{% if a %}", "statements")]
)
def test_a_text_that_cannot_be_cut_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        segments(text)


@given(st.text(alphabet="a{}% '\"\\()"))
def test_cutting_loses_nothing(text: str) -> None:
    try:
        parts = segments(text)
    except ValueError:
        return
    assert "".join("{{" + part.text + "}}" if part.expression else part.text for part in parts) == text


@pytest.mark.parametrize(("text", "inner"), [("a", "a"), ("{{ a }}", " a "), ("  {{ a }}\n", " a "), ("a == 'x'", "a == 'x'")])
def test_a_condition_may_have_braces(text: str, inner: str) -> None:
    assert bare(text) == inner


def test_a_condition_with_text_around_its_braces_is_refused() -> None:
    with pytest.raises(ValueError, match="one expression is needed"):
        bare("{{ a }} and b")


def test_names_are_found_at_any_depth() -> None:
    assert names({"a": ["{{ b }}", {"c": "x {{ d | f }} {{ e.g }}"}], "h": 1}) == {"b", "d", "e"}


@pytest.mark.parametrize(("text", "path"), [("a", ("a",)), (" a.b ", ("a", "b")), ("none", ()), ("a.1", ()), ("a[0]", ()), ("a | f", ())])
def test_a_plain_name_is_recognised(text: str, path: tuple[str, ...]) -> None:
    assert path_of(text) == path
