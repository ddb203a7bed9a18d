"""Every rule matches in at least one case; otherwise it would run untested on a user's cluster."""

from __future__ import annotations

from typing import Any

import pytest

from collector.analyze import analyze
from collector.analyze.engine import Engine
from collector.observe import TOPICS, observe
from collector.rulebook import shipped
from tests.analysis.bundles import bundle
from tests.rules.test_cases import CASES

FOUND = [case for case in CASES if "finds" in case]
NOT_FOUND = [case for case in CASES if "lacks" in case]


def test_every_rule_finds_something_in_a_case() -> None:
    left = list(shipped())
    for case in CASES:
        engine = Engine(observe(bundle(case)).observations, TOPICS)
        left = [rule for rule in left if not engine.run([rule])[0]]
    assert not left, f"no case in tests/rules/cases/ makes these rules match: {', '.join(rule.place for rule in left)}"


@pytest.mark.parametrize("case", FOUND, ids=lambda case: f"{case['finds']}: {case['says']}")
def test_the_finding_is_there_and_says_what_was_seen(case: dict[str, Any]) -> None:
    report = analyze(bundle(case))
    found = [finding for finding in report.findings if (finding.code, finding.node) == (case["finds"], case["node"])]
    assert case["title"] in {finding.title for finding in found}, [
        (finding.code, finding.node, finding.title) for finding in report.findings
    ]
    assert case.get("severity", found[0].severity) == found[0].severity


@pytest.mark.parametrize("case", NOT_FOUND, ids=lambda case: f"{case['lacks']}: {case['says']}")
def test_the_finding_is_not_there(case: dict[str, Any]) -> None:
    """With `of: instance` only for an allocation, with `of: cluster` only for the whole, with `node` only there."""
    report = analyze(bundle(case))
    of = {"instance": lambda finding: finding.alloc, "cluster": lambda finding: not (finding.node or finding.service)}.get(case.get("of"))
    there = [finding for finding in report.findings if (of is None or of(finding)) and case.get("node", finding.node) == finding.node]
    assert case["lacks"] not in {finding.code for finding in there}
