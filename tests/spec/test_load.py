import hashlib
import re

import pytest

from collector.errors import SpecError, UsageError
from collector.spec import load_spec, parse_extra_vars
from collector.spec.tasks import duration
from tests.spec.own_kinds import HEAD, KINDS

FULL = (
    HEAD
    + """
vars: {tank: north, litres: 5, dry: false}
collect:
  - name: All plants
    plants: {}
    register: plants
  - name: Leaves
    leaves: {}
    loop: plants | selectattr('old')
    when: [not dry, "{{ item.size > minimum }}"]
    vars: {minimum: "{{ item.age }}"}
    tags: [green, slow]
    timeout: 1m30s
    retries: 3
    delay: 500ms
    until: result and leaves
    register: leaves
    ignore_errors: true
    no_log: true
    try:
      - near
      - far: "{{ item.place }}"
  - water: {tank: "{{ tank }}", litres: "{{ litres }}", quality: tap}
    when: true
    until: "{{ leaves }}"
    tags: wet
    timeout: 2
analyze:
  thresholds: {lag_warning: 2m, lag_critical: 5m}
report: [json, {email: {to: a@example.org}}]
expect: {nodes: 3}
redact: ["secret-\\\\d+"]
"""
)


def load(text, **settings):
    return load_spec(text, "garden.yml", kinds=KINDS, **settings)


def test_a_spec_is_read_whole() -> None:
    spec = load(FULL)
    assert (spec.name, spec.path, spec.text) == ("garden", "garden.yml", FULL)
    assert spec.sha256 == hashlib.sha256(FULL.encode()).hexdigest()
    assert spec.vars == {"tank": "north", "litres": 5, "dry": False}
    assert spec.thresholds["lag_warning"] == 120.0
    assert spec.thresholds["lag_critical"] == 300.0
    assert spec.report == ("json", {"email": {"to": "a@example.org"}})
    assert (spec.expect, spec.redact, spec.rules) == ({"nodes": 3}, ("secret-\\d+",), ())


def test_a_task_is_read_whole() -> None:
    task = load(FULL).tasks[1]
    assert (task.name, task.kind, task.args, task.register) == ("Leaves", "leaves", {}, "leaves")
    assert task.loop == "{{ plants | selectattr('old') }}"
    assert task.when == "(not dry) and (item.size > minimum)"
    assert task.vars == {"minimum": "{{ item.age }}"}
    assert (task.tags, task.timeout, task.retries, task.delay) == (("green", "slow"), 90.0, 3, 0.5)
    assert (task.until, task.ignore_errors, task.no_log) == ("result and leaves", True, True)
    assert task.ladder == (("near", None), ("far", "{{ item.place }}"))
    assert (task.mark.line, task.mark.path) == (9, "$.collect[1]")


def test_what_is_left_out_has_its_default() -> None:
    task = load(FULL).tasks[2]
    assert (task.name, task.register, task.loop, task.when, task.until) == ("water", None, None, "true", "leaves")
    assert (task.tags, task.timeout, task.retries, task.delay, task.ladder) == (("wet",), 2.0, 0, 0.0, ())
    assert load(HEAD + "collect: [{plants: {}}]").report == ("text",)


def test_whole_numbers_are_accepted_in_any_notation() -> None:
    """A bundle whose `expect` has fractions is rejected, and missing ones are counted."""
    expect = load(HEAD + "collect: [{plants: {}}]\nexpect: {nodes: 3.0, instances: 2.0}").expect
    assert [(name, type(wanted)) for name, wanted in expect.items()] == [("nodes", int), ("instances", int)]


def test_tags_in_one_text_stand_between_commas_with_or_without_a_space() -> None:
    assert load(HEAD + "collect: [{plants: {}, tags: 'green, slow,old'}]").tasks[0].tags == ("green", "slow", "old")


def test_the_order_follows_from_the_names_that_expressions_use() -> None:
    assert [task.after for task in load(FULL).tasks] == [frozenset(), frozenset({"plants"}), frozenset({"leaves"})]


@pytest.mark.parametrize(
    ("value", "seconds"), [("3s", 3.0), ("500ms", 0.5), ("2m", 120.0), ("1h30m", 5400.0), ("1.5s", 1.5), (7, 7.0), (0.25, 0.25)]
)
def test_a_duration_is_seconds(value, seconds) -> None:
    assert duration(value) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["tank=7"], {"tank": "7"}),
        (["litres=7"], {"litres": 7}),
        (["dry=true"], {"dry": True}),
        (["tank=a=b"], {"tank": "a=b"}),
        (["tank={{ litres }}"], {"tank": "{{ litres }}"}),
        (["litres=1", "litres=2"], {"litres": 2}),
    ],
)
def test_extra_variables_come_before_the_specs_own(arguments, expected) -> None:
    spec = load(FULL, extra_vars=parse_extra_vars(arguments))
    assert spec.vars == {"tank": "north", "litres": 5, "dry": False} | expected


UNUSABLE = [
    (["litres=many"], "-e litres: must be a number, not 'many'"),
    (["litres="], "-e litres: must be a number, not empty"),
    (["litres=null"], "-e litres: must be a number, not empty"),
    (["litres=true"], "-e litres: must be a number, not True"),
    (["litres=1.5"], "-e litres: must be a whole number, not 1.5, as it becomes water's litres"),
    (["litres=7", "dry=maybe"], "-e dry: must be true or false, not 'maybe'"),
    (["tank="], "-e tank: must not be empty, as it becomes water's tank"),
    ({"tank": None}, "-e tank: must not be empty, as it becomes water's tank"),
    ({"tank": 7}, "-e tank: must be text, not 7"),
]


@pytest.mark.parametrize(("given", "says"), UNUSABLE, ids=[str(case[0]) for case in UNUSABLE])
def test_a_value_that_a_variable_cannot_have_is_refused_with_its_name(given, says) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(says)}"):
        load(FULL, extra_vars=parse_extra_vars(given) if isinstance(given, list) else given)


USES = [
    ("water: {tank: a, quality: '{{ v }}'}", "sea", "'sea' is not one of rain, tap"),
    ("water: {tank: a, stops: '{{ v }}'}", "x", "must be a list, not 'x'"),
    ("water: {tank: a, litres: '{{ v }}'}", "x", "must be a whole number, not 'x'"),
    ("water: {pipe: '{{ v }}'}", "", "must not be empty, as it becomes water's pipe"),
    ("leaves: {plant: '{{ v }}'}", "", "must not be empty, as it becomes leaves's plant"),
    ("{leaves: {plant: '{{ item }}'}, loop: '{{ [v, 1] }}'}", "", "must not be empty, as it becomes leaves's plant"),
    ("leaves: {plant: 'all of {{ v }}'}", "", None),
    ("{leaves: {plant: '{{ item }}'}, loop: '{{ [v, 1] }}'}", "x", None),
    ("{leaves: {}, loop: '{{ [v, 1] }}'}", "", None),
    ("{leaves: {plant: '{{ v }}'}, vars: {v: mine}}", "", None),
    ("water: {tank: a, litres: '{{ v | int }}'}", "7", None),
    ("water: {tank: a, quality: '{{ v }}'}", "tap", None),
]


@pytest.mark.parametrize(("task", "value", "says"), USES, ids=[f"{case[0]} with {case[1]!r}" for case in USES])
def test_a_value_must_fit_the_arguments_that_use_it(task, value, says) -> None:
    text = HEAD + f"vars: {{v: tap}}\ncollect: [{task if task.startswith('{') else '{' + task + '}'}]"
    if says is None:
        assert load(text, extra_vars={"v": value}).vars == {"v": value}
        return
    with pytest.raises(UsageError, match=f"^-e v: {re.escape(says)}"):
        load(text, extra_vars={"v": value})


def test_a_variable_without_a_value_takes_any() -> None:
    text = HEAD + "vars: {v: null}\ncollect: [plants: {}]"
    assert [load(text, extra_vars={"v": value}).vars["v"] for value in ("", "x", "7", "true")] == [None, "x", 7, True]


def test_extra_variables_come_from_a_file(tmp_path) -> None:
    (tmp_path / "a.yml").write_text("tank: west\nlitres: 3")
    (tmp_path / "b.json").write_text('{"tank": "east"}')
    values = parse_extra_vars([f"@{tmp_path}/a.yml", f"@{tmp_path}/b.json"])
    assert load(FULL, extra_vars=values).vars == {"tank": "east", "litres": 3, "dry": False}


@pytest.mark.parametrize("value", ["tank", "=x", "a b=c", "1=2"])
def test_an_extra_variable_that_is_none_is_refused(value) -> None:
    with pytest.raises(UsageError, match="must be name=value or @FILE"):
        parse_extra_vars([value])


def test_an_extra_variable_that_the_spec_does_not_have_is_refused() -> None:
    with pytest.raises(UsageError, match=r'-e litre: .*did you mean "litres"\?'):
        load(FULL, extra_vars={"litre": "7"})


def test_a_file_of_extra_variables_must_be_a_mapping(tmp_path) -> None:
    (tmp_path / "a.yml").write_text("- tank")
    with pytest.raises(UsageError, match="no mapping"):
        parse_extra_vars([f"@{tmp_path}/a.yml"])


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (None, UsageError, "-e @.*a.yml: cannot read the file: No such file"),
        (b"tank: \xff", SpecError, "a.yml:1:7: .*not UTF-8"),
        (b"tank: [", SpecError, "a.yml:.*not YAML"),
    ],
)
def test_an_unreadable_variables_file_is_wrong_usage_and_an_invalid_one_is_reported_with_positions(content, error, words, tmp_path) -> None:
    if content is not None:
        (tmp_path / "a.yml").write_bytes(content)
    with pytest.raises(error, match=words):
        parse_extra_vars([f"@{tmp_path}/a.yml"])


RULE = "{code: garden.dry, summary: dry, scope: node, severity: warning, title: dry, when: {see: %s}}"


def test_rules_come_from_the_spec_and_from_files_beside_it(tmp_path) -> None:
    (tmp_path / "own.yml").write_text("- " + RULE % "node")
    text = HEAD + "collect: [{plants: {}}]\nanalyze:\n  rules:\n  - " + RULE % "log" + "\n  rule_files: [own.yml]"
    spec = load_spec(text, str(tmp_path / "garden.yml"), kinds=KINDS)
    assert [rule["when"] for rule in spec.rules] == [{"see": "log"}, {"see": "node"}]


def test_a_rule_file_is_found_beside_the_spec_and_its_faults_reported(tmp_path) -> None:
    (tmp_path / "own.yml").write_text("- code: 1")
    text = HEAD + "collect: [{plants: {}}]\nanalyze: {rule_files: [own.yml, absent.yml]}"
    with pytest.raises(SpecError) as caught:
        load_spec(text, str(tmp_path / "garden.yml"), kinds=KINDS)
    files = {problem.mark.file for problem in caught.value.problems}
    assert files == {str(tmp_path / "own.yml"), str(tmp_path / "garden.yml")}
    assert "absent.yml: cannot be read" in str(caught.value)
