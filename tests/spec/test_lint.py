"""Invalid specs, each with the position and words of lint's message; `▸` marks the position and is not part of the text."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import SpecError
from collector.spec import lint, load_spec
from tests.spec.own_kinds import HEAD, KINDS

GOOD = [
    HEAD + rest
    for rest in (
        "collect: [plants: {}]",
        "vars: {a: 1, b: [x], c: {d: null}}\ncollect: [plants: {}]",
        "collect:\n- plants: {}\n  register: p\n- leaves: {plant: '{{ item }}'}\n  loop: [a, b]\n  when: p is not none",
        "collect:\n- leaves: {plant: x}\n  vars: {y: 1}\n  when: y == 1 and now > 0\n  until: result.size > 3\n  retries: 2",
        "collect:\n- leaves: {plant: x}\n  register: me\n  until: me\n  retries: 1\n  try: [near, far: '{{ 1 }}']",
        "collect:\n- water: {tank: a, stops: [x], litres: 3}",
        "collect:\n- name: other\n  water: {pipe: a, stops: '{{ [1] }}', quality: \"{{ 'tap' }}\"}",
        "collect: [plants: {}]\nreport: [text, {file: {path: a.json, format: json, mode: '0644'}}]",
        "collect: [plants: {}]\nreport: [{ping: {url: 'https://x/y', fail_on: critical}}]",
        "collect: [plants: {}]\nexpect: {nodes: [a, b], instances: 2, services: [s]}",
        "collect: [plants: {}]\nanalyze: {thresholds: {lag_warning: 2, lag_critical: 1m}}",
        "collect: [plants: {}]\nanalyze: {thresholds: {lag_warning: 10s}}",
        "collect: [plants: {}]\nexpect: {nodes: 3}\nreport: [{email: {to: [a@b.example, c@d], from: e@f}}]",
    )
]

BAD = [
    ("no mapping", "▸5", "must be a mapping, not 5"),
    ("nothing", "▸", "must be a mapping, not empty"),
    ("missing keys", "▸name: x", '"version" is missing'),
    ("version", "version: ▸2\nname: x\ncollect: [plants: {}]", "must be 1, not 2 (the one that this collector reads: docs/spec.md)"),
    ("version as truth", "version: ▸true\nname: x\ncollect: [plants: {}]", "must be 1"),
    ("unknown key", HEAD + "collect: [plants: {}]\n▸reports: [text]", 'unknown key "reports" (did you mean "report"?)'),
    ("no tasks", HEAD + "collect: ▸[]", "must not be empty"),
    ("task is no mapping", HEAD + "collect: [▸plants]", "must be a mapping, not 'plants'"),
    ("unknown kind", HEAD + "collect:\n- ▸plantz: {}", 'unknown key "plantz" (did you mean "plants"?)'),
    ("no kind", HEAD + "collect:\n- ▸name: x", "needs one of plants, leaves, water"),
    ("two kinds", HEAD + "collect:\n- plants: {}\n  ▸water: {tank: a}", '"water" and "plants" exclude each other'),
    ("kind without arguments", HEAD + "collect:\n- plants:▸", "must be a mapping, not empty"),
    ("unknown argument", HEAD + "collect:\n- water: {tank: a, ▸liters: 3}", 'unknown key "liters" (did you mean "litres"?)'),
    ("argument of a kind without any", HEAD + "collect:\n- plants: {▸x: 3}", 'unknown key "x"'),
    ("one of two arguments", HEAD + "collect:\n- water: ▸{litres: 3}", "needs one of tank, pipe"),
    ("both of two arguments", HEAD + "collect:\n- water: {tank: a, ▸pipe: b}", '"pipe" and "tank" exclude each other'),
    ("type of an argument", HEAD + "collect:\n- water: {tank: a, litres: ▸many}", "must be an integer or an expression"),
    ("text argument", HEAD + "collect:\n- water: {tank: ▸5}", "must be text, not 5"),
    (
        "choice",
        HEAD + "collect:\n- water: {tank: a, quality: ▸rian}",
        'one of rain, tap or an expression "{{ ... }}", not \'rian\' (did you mean "rain"?)',
    ),
    ("missing argument", HEAD + "collect:\n- leaves: ▸{}", '"plant" is missing (write it, or add a loop whose items have "name")'),
    ("unknown rung", HEAD + "collect:\n- leaves: {plant: x}\n  try: [near, ▸fer: 1]", 'unknown key "fer" (did you mean "far"?)'),
    ("rung of another kind", HEAD + "collect:\n- plants: {}\n  try: [▸near]", 'plants has no rung "near" (there are: api)'),
    ("two rungs in one", HEAD + "collect:\n- leaves: {plant: x}\n  try: [▸{near: 1, far: 2}]", "exactly one key, not 2"),
    ("empty ladder", HEAD + "collect:\n- plants: {}\n  try: ▸[]", "must not be empty"),
    ("duration", HEAD + "collect:\n- plants: {}\n  timeout: ▸3 sec", 'a number of seconds above 0 or a duration such as "500ms"'),
    ("no time", HEAD + "collect:\n- plants: {}\n  timeout: ▸0", "must be a number of seconds above 0 or a duration"),
    ("no time in words", HEAD + "collect:\n- plants: {}\n  timeout: ▸0m0s", "must be a number of seconds above 0 or a duration"),
    ("negative duration", HEAD + "collect:\n- plants: {}\n  delay: ▸-1", "a number of seconds or a duration"),
    ("too many retries", HEAD + "collect:\n- plants: {}\n  retries: ▸1000", "must be at most 20, not 1000"),
    ("retries as truth", HEAD + "collect:\n- plants: {}\n  retries: ▸true", "must be a whole number, not True"),
    ("word for truth", HEAD + "collect:\n- plants: {}\n  no_log: ▸yes", "must be true or false, not 'yes'"),
    ("name that is none", HEAD + "collect:\n- plants: {}\n  register: ▸my-plants", "does not have the form"),
    ("variable that is none", HEAD + "vars: {▸a b: 1}\ncollect: [plants: {}]", '"a b" is not a name'),
    ("reserved variable", HEAD + "vars: {▸item: 1}\ncollect: [plants: {}]", '"item" has a meaning of its own'),
    ("expression as a variable", HEAD + "vars: {a: ▸'{{ b }}'}\ncollect: [plants: {}]", "a plain value, not an expression"),
    (
        "registered twice",
        HEAD + "collect:\n- plants: {}\n  register: p\n- water: {tank: a}\n  register: ▸p",
        'another task registers "p" too',
    ),
    ("registered variable", HEAD + "vars: {p: 1}\ncollect:\n- plants: {}\n  register: ▸p", '"p" is a variable already'),
    ("reserved register", HEAD + "collect:\n- plants: {}\n  register: ▸range", "meaning of its own"),
    ("same name twice", HEAD + "collect:\n- ▸plants: {}\n- name: plants\n  water: {tank: a}", '2 tasks are called "plants"'),
    ("unknown name", HEAD + "vars: {tank: a}\ncollect:\n- water: {tank: ▸'{{ tnak }}'}", 'unknown name "tnak" (did you mean "tank"?)'),
    ("item without a loop", HEAD + "collect:\n- leaves: {plant: ▸'{{ item }}'}", 'unknown name "item"'),
    ("result outside until", HEAD + "collect:\n- plants: {}\n  when: ▸result", 'unknown name "result"'),
    ("task variable in a loop", HEAD + "collect:\n- leaves: {}\n  vars: {y: 1}\n  loop: ▸'{{ y }}'", 'unknown name "y"'),
    ("unknown filter", HEAD + "collect:\n- leaves: {}\n  loop: ▸'{{ [1] | uniqe }}'", 'unknown filter "uniqe" (did you mean "unique"?)'),
    ("filter that formats", HEAD + "collect:\n- leaves: {}\n  loop: ▸'{{ [1] | pprint }}'", 'unknown filter "pprint"'),
    ("unknown test", HEAD + "collect:\n- plants: {}\n  when: ▸1 is od", 'unknown test "od" (did you mean "odd"?)'),
    ("syntax", HEAD + "collect:\n- plants: {}\n  when: ▸1 +", "{{ 1 + }}: ends where"),
    ("unclosed expression", HEAD + "collect:\n- water: {tank: ▸'{{ a'}", "is never closed with }}"),
    ("statement", HEAD + "collect:\n- water: {tank: ▸'{% if x %}'}", "statements such as"),
    ("text where a condition belongs", HEAD + "vars: {a: 1}\ncollect:\n- plants: {}\n  when: ▸'{{ a }} == 1'", "one expression is needed"),
    ("expression in a list of conditions", HEAD + "collect:\n- plants: {}\n  when: ['1', ▸b]", 'unknown name "b"'),
    ("task that needs itself", HEAD + "collect:\n- ▸plants: {}\n  register: p\n  when: p", "waits for itself: p needs p"),
    ("unknown format", HEAD + "collect: [plants: {}]\nreport: [▸jsno]", 'did you mean "json"?'),
    ("mail to nobody", HEAD + "collect: [plants: {}]\nreport: [{email: ▸{}}]", '"to" is missing'),
    ("unknown threshold", HEAD + "collect: [plants: {}]\nanalyze: {thresholds: {▸lag: 3}}", 'unknown key "lag"'),
    ("mail to no address", HEAD + "collect: [plants: {}]\nreport: [text, {email: {to: ▸x}}]", "'x' is not a mail address"),
    ("one of several addresses", HEAD + "collect: [plants: {}]\nreport: [{email: {to: [a@b, ▸c]}}]", "'c' is not a mail address"),
    ("mail from no address", HEAD + "collect: [plants: {}]\nreport: [{email: {to: a@b, from: ▸me}}]", "'me' is not a mail address"),
    ("ping with a query", HEAD + "collect: [plants: {}]\nreport: [{ping: {url: ▸'https://x/a?b=c'}}]", "the ping URL is not of the form"),
    (
        "expression in a file's name",
        HEAD + "collect: [plants: {}]\nreport: [file: {path: ▸'{{ job }}.html'}]",
        "no expression is evaluated here",
    ),
    ("expression in what is expected", HEAD + "collect: [plants: {}]\nexpect: {nodes: [▸'{{ job }}']}", "no expression is evaluated here"),
    (
        "warning above critical",
        HEAD + "collect: [plants: {}]\nanalyze: {thresholds: {lag_critical: 5s, lag_warning: ▸1m}}",
        "lag_warning (60s) is above lag_critical (5s)",
    ),
    (
        "warning above what is critical by default",
        HEAD + "collect: [plants: {}]\nanalyze: {thresholds: {lag_warning: ▸20s}}",
        "lag_warning (20s) is above lag_critical (10s) (set lag_critical too)",
    ),
    (
        "critical below what is a warning by default",
        HEAD + "collect: [plants: {}]\nanalyze: {thresholds: {lag_critical: ▸1}}",
        "lag_warning (3s) is above lag_critical (1s) (set lag_warning too)",
    ),
    ("a node expected twice", HEAD + "collect: [plants: {}]\nexpect: {nodes: [a, b, ▸a]}", '"a" is here a second time'),
    ("a service expected twice", HEAD + "collect: [plants: {}]\nexpect: {services: [a, ▸a]}", '"a" is here a second time'),
    ("pattern", HEAD + "collect: [plants: {}]\nredact: [▸'(']", "is not a regular expression"),
    ("yaml", HEAD + "collect: {▸{ x }}", "a key must be text"),
]


@pytest.mark.parametrize("text", GOOD)
def test_a_good_spec_has_no_problems(text: str) -> None:
    assert lint(text, "garden.yml", kinds=KINDS) == []
    assert load_spec(text, "garden.yml", kinds=KINDS).tasks


@pytest.mark.parametrize(("text", "words"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_an_invalid_spec_is_reported_with_positions(text: str, words: str) -> None:
    before = text[: text.index("▸")].split("\n")
    (problem, *_) = lint(text.replace("▸", ""), "garden.yml", kinds=KINDS)
    assert words in str(problem)
    assert (problem.mark.file, problem.mark.line, problem.mark.column) == ("garden.yml", len(before), len(before[-1]) + 1)
    with pytest.raises(SpecError):
        load_spec(text.replace("▸", ""), "garden.yml", kinds=KINDS)


def test_problems_are_sorted_by_line() -> None:
    text = HEAD + "collect:\n- plantz: {}\n- plants: {}\n  when: a\n- water: {tank: 5}\n- leaves: {}\n  loop: b | c\nreport: [tex]"
    assert [problem.mark.line for problem in lint(text, "garden.yml", kinds=KINDS)] == [4, 7, 10]


@pytest.mark.parametrize("word", ["regster", "registers", "regiser"])
def test_a_misspelt_register_is_reported_once_and_not_at_each_use(word: str) -> None:
    text = HEAD + f"collect:\n- plants: {{}}\n  {word}: p\n" + "".join(f"- {{plants: {{}}, name: n{n}, when: p}}\n" for n in range(9))
    (problem,) = lint(text, "garden.yml", kinds=KINDS)
    assert f'unknown key "{word}" (did you mean "register"?)' in str(problem)


def test_another_unknown_key_registers_nothing() -> None:
    text = HEAD + "collect:\n- plants: {}\n  surname: p\n- {plants: {}, name: n, when: p}"
    assert [problem.message for problem in lint(text, "garden.yml", kinds=KINDS)] == ['unknown key "surname"', 'unknown name "p"']


def test_problems_of_valid_tasks_are_reported_beside_malformed_ones() -> None:
    text = HEAD + "collect:\n- plantz: {}\n- plants: {}\n  when: a\n- water: {tank: 5}\n- leaves: {}\n  loop: b | c"
    found = [(problem.mark.line, problem.mark.path) for problem in lint(text, "garden.yml", kinds=KINDS)]
    assert found == [
        (4, "$.collect[0].plantz"),
        (6, "$.collect[1].when"),
        (7, "$.collect[2].water.tank"),
        (9, "$.collect[3].loop"),
        (9, "$.collect[3].loop"),
    ]


@pytest.mark.parametrize("retries", ["", "\n  retries: 0"])
@pytest.mark.parametrize("word", ["until: result", "delay: 2s"])
def test_retry_settings_without_retries_are_reported_but_do_not_prevent_a_run(word: str, retries: str) -> None:
    text = HEAD + f"collect:\n- plants: {{}}\n  {word}{retries}"
    (problem,) = lint(text, "garden.yml", kinds=KINDS)
    assert f"{word.partition(':')[0]} means nothing without retries" in problem.message
    assert problem.mark.line == 5
    assert load_spec(text, "garden.yml", kinds=KINDS).tasks


def test_a_cycle_is_reported_with_its_path() -> None:
    needs = {"a": "b", "b": "c", "c": "a", "d": "a"}
    text = (
        HEAD + "collect:" + "".join(f"\n- {{plants: {{}}, name: {name}, register: {name}, when: {need}}}" for name, need in needs.items())
    )
    (problem,) = lint(text, "garden.yml", kinds=KINDS)
    way = problem.message.removeprefix("waits for itself: ").split(" needs ")
    assert len(way) == 4
    assert all(needs[this] == following for this, following in itertools.pairwise(way))


def test_names_and_filters_are_checked_without_syntax_too() -> None:
    text = HEAD + "collect:\n- {plants: {}, when: '1 +'}"
    assert load_spec(text, "garden.yml", kinds=KINDS, syntax=False).tasks[0].when == "1 +"
    with pytest.raises(SpecError, match='unknown name "a"'):
        load_spec(text.replace("1 +", "a"), "garden.yml", kinds=KINDS, syntax=False)


@pytest.mark.parametrize(
    ("value", "words"),
    [("many", "must be a whole number, not 'many', as it becomes water's litres"), (3, ""), ("null", ""), ("''", "")],
)
def test_a_default_that_its_argument_cannot_use_is_reported(value: object, words: str) -> None:
    text = HEAD + f"vars: {{much: {value}}}\ncollect:\n- water: {{tank: a, litres: '{{{{ much }}}}'}}"
    assert [problem.message for problem in lint(text, "garden.yml", kinds=KINDS)] == ([words] if words else [])


def test_a_file_of_rules_is_checked_as_such() -> None:
    text = "- {code: garden.dry, summary: dry, scope: node, severity: warning, title: dry, when: {see: %s}}"
    assert lint(text % "node", "rules.yml", kinds=KINDS) == []
    (problem,) = lint(text % "nodes", "rules.yml", kinds=KINDS)
    assert 'did you mean "node"?' in str(problem)


RULE = "{code: garden.dry, summary: dry, scope: node, severity: warning, title: dry, when: %s}"
BAD_RULES = [
    ("- " + RULE % "{see: log, where: {message: {▸match: x}}}", 'unknown key "match" (did you mean "matches"?)'),
    ("- " + RULE % "{see: log, ▸whre: {message: x}}", 'unknown key "whre" (did you mean "where"?)'),
    ("- " + RULE % "{▸al: [{see: log}]}", 'unknown key "al" (did you mean "all"?)'),
    ("- " + RULE % "{any: ▸[]}", "must not be empty"),
    (
        "- " + RULE % "▸log",
        "must be a matcher {see: TOPIC, where: {FIELD: WANTED}} or all, any or none with a list of conditions, not 'log'",
    ),
    ("- " + (RULE % "{see: log}").replace("severity: warning", "severity: ▸wrning"), "'wrning' is not one of critical, warning, info"),
    ("- " + (RULE % "{see: log}").replace("garden.dry", "▸dry"), "'dry' does not have the form"),
    ("- " + (RULE % "{see: log}, explains: [{of: ▸nodes, codes: [app.exited]}]"), "'nodes' is not one of instance, node,"),
    ("- " + (RULE % "{see: log}, directness: ▸9"), "must be at most 6, not 9"),
    (
        "▸- name: tasks\n  plants: {}",
        "a list is a file of rules, and these have no code (a spec is a mapping with version, name and collect)",
    ),
]


@pytest.mark.parametrize(("text", "words"), BAD_RULES)
def test_malformed_rules_are_reported_like_malformed_specs(text: str, words: str) -> None:
    (problem, *_) = lint(text.replace("▸", ""), "rules.yml", kinds=KINDS)
    assert words in str(problem)
    assert text.splitlines()[problem.mark.line - 1][problem.mark.column - 1] == "▸"


@pytest.mark.parametrize(
    ("expect", "kind"),
    [
        ("nodes: [a]", "nomad_nodes or consul_members"),
        ("nodes: 3", "nomad_nodes or consul_members"),
        ("instances: 2", "nomad_allocations"),
        ("services: [a]", "consul_checks"),
    ],
)
def test_an_expectation_that_is_never_collected_is_reported(expect: str, kind: str) -> None:
    text = "version: 1\nname: wiki\ncollect: [nomad_agent: {}%s]\nexpect: {" + expect + "}"
    (problem,) = lint(text % "", "wiki.yml")
    assert "no task of the spec collects that" in str(problem)
    assert kind in str(problem)
    arguments = {"nomad_allocations": "job: a", "consul_checks": "service: a"}.get(kind, "")
    assert lint(text % f", {kind.split(maxsplit=1)[0]}: {{{arguments}}}", "wiki.yml") == []


OWN_RULE = (
    "{code: garden.dry, summary: dry, scope: node, severity: warning, title: dry, when: {see: log, where: {message: {matches: '%s'}}}}"
)


def test_a_slow_pattern_is_reported_but_does_not_prevent_a_run(tmp_path) -> None:
    (tmp_path / "own.yml").write_text(f"- {OWN_RULE % '(b+)+!'}\n- {OWN_RULE % 'fine'}")
    text = (
        HEAD
        + "collect: [plants: {}]\nredact:\n- card=(\\d+)\n- (a+)+!\nanalyze:\n  rule_files: [own.yml]\n  rules:\n  - "
        + OWN_RULE % "(c+)+!"
    )
    path = str(tmp_path / "garden.yml")
    problems = lint(text, path, kinds=KINDS)
    assert [(problem.mark.file == path, problem.mark.line, problem.mark.path) for problem in problems] == [
        (True, 6, "$.redact[1]"),
        (True, 10, "$.analyze.rules[0].when.where.message.matches"),
        (False, 1, "$[0].when.where.message.matches"),
    ]
    assert all("takes for ever on 43 characters like" in problem.message for problem in problems)
    assert load_spec(text, path, kinds=KINDS).redact
    (problem,) = lint((tmp_path / "own.yml").read_text(), "own.yml", kinds=KINDS)
    assert problem.mark.path == "$[0].when.where.message.matches"


@given(st.text(max_size=60), st.integers(0, len(GOOD) - 1), st.integers(0, 200))
def test_whatever_is_typed_into_a_spec_is_a_problem_or_a_spec(typed: str, index: int, at: int) -> None:
    text = GOOD[index][:at] + typed + GOOD[index][at:]
    problems = lint(text, "garden.yml", kinds=KINDS)
    if not problems:
        load_spec(text, "garden.yml", kinds=KINDS)
