"""Every code has cases in which it is the first root cause, and cases in which it must not be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.analyze import analyze
from collector.model import Severity
from collector.rulebook import codes, shipped
from collector.rulebook.rule import UNKNOWN
from tests.analysis.bundles import bundle
from tests.yamls import load

HERE = Path(__file__).parent
PRESETS = (HERE / "presets.yml").read_text("utf-8")


def read(path: Path, text: str) -> list[dict[str, Any]]:
    """Return the cases in the text of a file, which is read as if it stood below presets.yml; errors name its own lines."""
    try:
        data = load(PRESETS + text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 - PRESETS.count("\n") if error.problem_mark else 1
        pytest.fail(f"{path}:{line}: {error.problem}; a file begins with `cases:`, and its cases are indented below (docs/rules.md, Cases)")
    cases: list[dict[str, Any]] = data["cases"]
    return cases


FILES = {path.stem: read(path, path.read_text("utf-8")) for path in sorted(HERE.glob("cases/*.yml"))}
GUIDE = HERE.parents[1] / "docs" / "rules.md"
DOCUMENTED = [
    case
    for text in re.findall(r"^```yaml\n(cases:\n.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for case in read(GUIDE, text)
]
CASES = [case for cases in (*FILES.values(), DOCUMENTED) for case in cases]
ROOMS = {rule.code: rule.place.partition(".yml")[0] for rule in shipped()}
POSITIVE = [case for case in CASES if "code" in case]
NEGATIVE = [case for case in CASES if "not" in case]


def name(case: dict[str, Any]) -> str:
    return f"{case.get('code') or 'not ' + case['not']}: {case['says']}"


@pytest.mark.parametrize("case", POSITIVE, ids=name)
def test_the_cause_is_the_first_root_on_the_right_node(case):
    report = analyze(bundle(case))
    assert report.root_causes, report.headline
    first = report.root_causes[0]
    assert (first.code, first.node) == (case["code"], case["node"]), [(root.code, root.node, root.title) for root in report.root_causes]
    beside = set(case.get("beside", ()))
    assert beside <= {root.code for root in report.root_causes[1:]}
    others = {root.code for root in report.root_causes if root.severity is Severity.CRITICAL} - {
        case["code"],
        *case.get("also", ()),
        *beside,
    }
    assert not others
    assert first.evidence
    assert all(evidence.quote and evidence.source for evidence in first.evidence)
    assert case.get("quote", "") in "\n".join(evidence.quote for evidence in first.evidence)
    assert case.get("title", "") in first.title
    assert case.get("remedy", "") in first.remedy
    assert str(report.verdict) == case.get("verdict", str(report.verdict))


@pytest.mark.parametrize("case", NEGATIVE, ids=name)
def test_the_cause_is_not_accused(case):
    report = analyze(bundle(case))
    accused = [(root.code, root.node) for root in report.root_causes]
    serious = {root.code for root in report.root_causes if not (case.get("optional") and root.severity is not Severity.CRITICAL)}
    assert case["not"] not in serious, accused
    if "root" in case:
        assert accused[:1] == [(case["root"]["code"], case["root"]["node"])], accused
    if "verdict" in case:
        assert str(report.verdict) == case["verdict"], accused


@pytest.mark.parametrize("code", FILES)
def test_a_case_stands_in_the_file_of_the_cause_that_it_is_about(code):
    about = [next(case[key] for key in ("code", "not", "finds", "lacks") if key in case) for case in FILES[code]]
    assert {ROOMS.get(code, code) for code in about} == {code}


@pytest.mark.parametrize("code", codes())
def test_every_code_has_a_case_for_and_a_case_against(code):
    assert any(case["code"] == code for case in POSITIVE), f"tests/rules/cases/{code}.yml has no case with `code: {code}`"
    assert any(case["not"] == code for case in NEGATIVE), f"tests/rules/cases/{code}.yml has no case with `not: {code}`"


def test_unknown_names_no_cause_and_shows_evidence():
    report = analyze(bundle({"nodes": {"n2": {"checks": {"ping": {"status": "critical", "type": "script", "output": "3 stale locks"}}}}}))
    root = report.root_causes[0]
    assert root.code == UNKNOWN
    assert "3 stale locks" in root.evidence[0].quote
    assert all(finding.explained_by == root.id for finding in report.findings if finding is not root)
