from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from collector import resources, yamlio
from collector.analyze import analyze
from collector.errors import SpecError, UsageError
from collector.rulebook import codes, explain, lint_rules, shipped
from collector.rulebook.joins import joins
from tests.analysis.bundles import bundle

ROOT = Path(__file__).parents[2]
FILES = resources.rule_files()
LOOP = yaml.safe_load((ROOT / "tests" / "rules" / "presets.yml").read_text("utf-8"))["presets"]["loop"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_shipped_rules_are_valid(path):
    assert lint_rules(yamlio.read(path)) == []


def test_every_rule_says_what_to_do_and_where_the_fact_is_from():
    for rule in shipped():
        if not rule.symptom:
            assert rule.detail, rule.place
            assert rule.remedy, rule.place
            assert rule.reference, rule.place
            assert rule.explains or rule.severity != "critical" or rule.scope == "cluster", rule.place


@pytest.mark.parametrize("code", codes())
def test_every_code_is_explained_from_its_rules(code):
    told = explain(code)
    assert told["summary"]
    assert told["ways"]
    assert all(way["recognised"] and way["remedy"] for way in told["ways"])


def test_each_way_to_recognise_a_cause_has_its_own_remedy():
    """Each way to recognise a cause has its own remedy, so they are not merged into one list."""
    ways = explain("app.check.refused")["ways"]
    (envoy,) = [way for way in ways if any("Envoy" in text for text in way["recognised"])]
    assert len(ways) > 2
    assert envoy["recognised"] == [text for text in envoy["recognised"] if "Envoy" in text]
    assert envoy["remedy"].startswith("Read the log of the sidecar task")


def test_explanations_have_no_brackets_around_optional_parts():
    commands = [one["command"] for way in explain("litefs.mount.stale")["ways"] for one in way["commands"]]
    assert "ssh {node} fusermount3 -uz {path}" in commands


def test_an_unknown_code_is_refused_with_a_suggestion():
    with pytest.raises(UsageError, match=r'did you mean "app\.exited"'):
        explain("app.exitted")


RULE = {"code": "my.rule", "summary": "s", "scope": "instance", "severity": "critical", "title": "t", "when": {"see": "log"}}
WRONG = [
    ({"when": {"see": "logs"}}, "there is no topic 'logs'", 'did you mean "log"?'),
    ({"when": {"see": "log", "where": {"mesage": "x"}}}, "log has no field 'mesage'", 'did you mean "message"?'),
    ({"when": {"see": "log", "where": {"message": {"matches": "("}}}}, "not a regular expression", ""),
    ({"title": "{messag}"}, "{messag} is no field or capture", 'did you mean "message"?'),
    ({"explained_by": ["app.exitd"]}, "no rule has the code 'app.exitd'", 'did you mean "app.exited"?'),
    ({"explains": [{"of": "node", "codes": ["app.exitd"]}]}, "no rule has the code 'app.exitd'", 'did you mean "app.exited"?'),
    ({"explains": ["instance-dwn"]}, "there is no join 'instance-dwn'", 'did you mean "instance-down"?'),
    ({"explains": [{"of": "node", "codes": ["app.exited"], "when": {}}]}, 'unknown key "when"', ""),
    ({"severity": "fatal"}, "'fatal' is not one of", ""),
    ({"when": {"see": "log", "where": {"weight": {"more": 3}}}}, "", ""),
    ({"colour": "red"}, 'unknown key "colour"', ""),
]


@pytest.mark.parametrize(("change", "says", "hint"), WRONG, ids=[str(case[0]) for case in WRONG])
def test_an_invalid_rule_is_reported_with_its_position(change, says, hint):
    document = yamlio.load(yaml.safe_dump([{**RULE, **change}]), "own.yml")
    problems = lint_rules(document)
    assert any(says in problem.message and (not hint or problem.hint == hint) for problem in problems), problems
    assert all(problem.mark.file == "own.yml" and problem.mark.path.startswith("$[0]") for problem in problems)


@pytest.mark.parametrize("name", joins())
def test_a_join_is_valid_and_documented(name):
    told = joins()[name]
    assert lint_rules(yamlio.Document("joins.yml", [{**RULE, "explains": told["explains"]}], {}, {})) == []
    assert all(isinstance(link, dict) for link in told["explains"])
    assert f"| `{name}` | {told['summary']} |" in (ROOT / "docs" / "rules.md").read_text("utf-8")
    assert any(name in rule.get("explains", ()) for path in FILES for rule in yamlio.read(path).data)


def test_a_cause_lists_what_its_joins_explain_except_itself():
    told = explain("app.exited")["explains"]
    assert {"litefs.no-primary", "symptom.service-short", "app.check.timeout"} <= {*told}
    assert "app.exited" not in told


def test_only_further_rules_of_a_code_may_omit_keys():
    document = yamlio.load("- {code: my.rule, when: {see: log}}", "own.yml")
    assert "needs summary, scope, severity, title" in lint_rules(document)[0].message


def test_an_invalid_rule_in_a_bundle_is_refused():
    with pytest.raises(SpecError, match="no topic"):
        analyze(bundle({"rules": [{**RULE, "when": {"see": "nothing"}}]}))


def documented(pattern):
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "rules.md").read_text("utf-8"), flags=re.DOTALL)
    return next(block for block in blocks if pattern in block)


def test_the_documented_rule_of_another_application_works_with_its_cases():
    rules = yaml.safe_load(documented("code: wiki.locked\n      summary"))["analyze"]["rules"]
    assert lint_rules(yamlio.Document("docs/rules.md", rules, {}, {})) == []
    text = documented("- not: wiki.locked").replace("<<: *loop, ", "")
    positive, negative = yaml.safe_load(text)
    positive["nodes"]["n2"] = {**LOOP, **positive["nodes"]["n2"]}
    report = analyze(bundle({**positive, "rules": rules}))
    assert (report.root_causes[0].code, report.root_causes[0].node) == ("wiki.locked", "n2")
    assert "/data/wiki.lock" in report.root_causes[0].title
    assert [what for what, _ in report.root_causes[0].commands] == ["change"]
    assert str(analyze(bundle({**negative, "rules": rules})).verdict) == negative["verdict"]
