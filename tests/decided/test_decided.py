"""Incidents whose answer was decided before any rule was tried on them; docs/accuracy.md says how many were right at first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.decided.incidents import Case, differences, incidents
from tests.yamls import twice

FILES = sorted(Path(__file__).parent.glob("*.yml"))


def _case(name: str, case: Case) -> object:
    differs = [pytest.mark.xfail(reason=case["open"], strict=True)] if "open" in case else []
    return pytest.param(case, id=name, marks=differs)


@pytest.mark.parametrize("case", [_case(name, case) for name, case in incidents().items()])
def test_the_answer_is_the_one_that_was_decided_before(case: Case) -> None:
    assert not differences(case)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_key_of_an_incident_is_given_twice(path: Path) -> None:
    assert twice(path.read_text("utf-8")) == []
