import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import SpecError
from collector.yamlio import MAX_BYTES, MAX_DEPTH, MAX_NODES, Document, load, parent, read, scalar

MEANINGS = [
    ("no", "no"),
    ("on", "on"),
    ("Yes", "Yes"),
    ("012", "012"),
    ("0x1f", "0x1f"),
    ("12:30:45", "12:30:45"),
    ("2024-01-01", "2024-01-01"),
    ("1_000", "1_000"),
    (".inf", ".inf"),
    ("1e999", "1e999"),
    ("9" * 200, "9" * 200),
    ("tRuE", "tRuE"),
    ("true", True),
    ("False", False),
    ("~", None),
    ("", None),
    ("NULL", None),
    ("0", 0),
    ("-7", -7),
    ("1.50", 1.5),
    ("1e3", 1000.0),
    (".5", 0.5),
    ("٣", "٣"),
]

REFUSED = [
    ("duplicate key", "a: 1\nb: 2\na: 3", 3, 1, "$.a", "a second time"),
    ("duplicate key, deep", "a: {b: 1, b: 2}", 1, 11, "$.a.b", "line 1"),
    ("anchor", "a: &x 1", 1, 4, "$.a", "anchor &x"),
    ("alias", "a: 1\nb: *x", 2, 4, "$.b", "alias *x"),
    ("merge of an alias", "a: 1\n<<: *x", 2, 5, "$['<<']", "alias *x"),
    ("tag", "a: !!python/object:os.system {}", 1, 4, "$.a", "tag tag:yaml.org,2002:python/object:os.system"),
    ("number as key", "1: a", 1, 1, "$", 'quote it: "1"'),
    ("empty key", "? \n: a", 1, 2, "$", "not empty"),
    ("list as key", "? [a]\n: b", 1, 3, "$", "not a list"),
    ("unquoted expression", "a: {{ x }}", 1, 5, "$.a", 'an expression needs quotes: "{{ ... }}"'),
    ("unquoted expression with more after it", "a: {{ x }}/b", 1, 11, "$", 'an expression needs quotes: "{{ ... }}"'),
    ("unclosed quote", "a: 'b", 1, 6, "$", "not YAML"),
    ("tab", "a:\n\tb: 1", 2, 1, "$", "not YAML: a tab character (indent with spaces)"),
    ("tab after spaces", "a:\n  b: 1\n \tc: 1", 3, 2, "$", "a tab character"),
    ("another character that begins nothing", "a:\n @b", 2, 2, "$", "not YAML: found character"),
    ("NUL", "a: 1\nb: ä\x00", 2, 5, "$", "not YAML"),
    ("lone surrogate", "a: \ud800", 1, 1, "$", "not text"),
    ("two documents", "a: 1\n---\nb: 1", 2, 1, "$", "second document"),
]


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_a_plain_scalar_means_what_it_means_in_yaml_1_2(text: str, meaning: object) -> None:
    found = load(f"a: {text}", "f.yml").data["a"]
    assert (type(found), found) == (type(meaning), meaning) == (type(scalar(text)), scalar(text))


@pytest.mark.parametrize("text", ["true", "1", "", "~", "1.5"])
def test_a_quoted_scalar_is_text(text: str) -> None:
    assert load(f'a: "{text}"', "f.yml").data == {"a": text}


@pytest.mark.parametrize(("text", "place", "words"), [(c[1], c[2:5], c[5]) for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_what_is_refused_names_its_place(text: str, place: tuple[int, int, str], words: str) -> None:
    with pytest.raises(SpecError) as caught:
        load(text, "f.yml")
    problem = caught.value.problems[0]
    assert (problem.mark.line, problem.mark.column, problem.mark.path) == place
    assert words in str(problem)


def test_all_problems_are_reported_together() -> None:
    with pytest.raises(SpecError) as caught:
        load("a: &x 1\na: 2\n3: *x", "f.yml")
    assert [problem.mark.line for problem in caught.value.problems] == [1, 2, 3, 3]


def test_every_value_and_key_has_its_place() -> None:
    document = load('a:\n  - b: 1\n    "c d": [x, y]\n', "f.yml")
    places = {path: (document.mark(path).line, document.mark(path).column) for path in document.marks}
    assert places == {"$": (1, 1), "$.a": (2, 3), "$.a[0]": (2, 5), "$.a[0].b": (2, 8), "$.a[0]['c d']": (3, 12)} | {
        "$.a[0]['c d'][0]": (3, 13),
        "$.a[0]['c d'][1]": (3, 16),
    }
    assert str(document.key_mark("$.a[0]['c d']")) == "f.yml:3:5"


def test_a_path_that_is_not_there_has_the_place_of_its_container() -> None:
    document = load("a:\n  b: 1", "f.yml")
    assert document.mark("$.a.c[3].d").path == "$.a"
    assert Document("g.yml", None, {}, {}).mark("$.a").line == 1


@pytest.mark.parametrize(("path", "container"), [("$.a.b", "$.a"), ("$.a[0]", "$.a"), ("$.a", "$"), ("$[0]", "$"), ("$", "$")])
def test_a_path_has_a_container(path: str, container: str) -> None:
    assert parent(path) == container


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * (MAX_DEPTH + 2), f"deeper than {MAX_DEPTH}"),
        ("? " * (MAX_DEPTH + 2), f"deeper than {MAX_DEPTH}"),
        ("[" + "0," * (MAX_NODES + 1) + "]", f"more than {MAX_NODES}"),
        ("a" * (MAX_BYTES + 1), f"larger than {MAX_BYTES}"),
    ],
    ids=["depth", "depth of keys", "values", "bytes"],
)
def test_what_costs_too_much_is_refused(text: str, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        load(text, "f.yml")


def test_an_empty_text_is_null() -> None:
    assert load("", "f.yml").data is None


def test_a_file_that_cannot_be_read_is_a_problem_of_that_file(tmp_path: Path) -> None:
    (tmp_path / "latin.yml").write_bytes(b"a: 1\nb: \xe9")
    (tmp_path / "large.yml").write_bytes(b"a" * (MAX_BYTES + 1))
    for name, words in [
        ("absent.yml", "No such file"),
        ("", "Is a directory"),
        ("latin.yml", "yml:2:4: .*not UTF-8"),
        ("large.yml", "larger than"),
    ]:
        with pytest.raises(SpecError, match=words) as caught:
            read(tmp_path / name)
        assert caught.value.problems[0].mark.file == str(tmp_path / name)


@given(st.text() | st.text(alphabet="ab:-[]{}?,&*!|>'\"#%@` \n\t0<{"))
def test_any_text_is_data_or_a_spec_error(text: str) -> None:
    with suppress(SpecError):
        json.dumps(load(text, "f.yml").data, allow_nan=False)


TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_json_is_read_as_json_reads_it(value: object) -> None:
    assert load(json.dumps(value, ensure_ascii=False), "f.json").data == value
