"""Every fault, on every system and every kind, through the whole program."""

from __future__ import annotations

import pytest

from tests.hostile.cases import Case, cases
from tests.hostile.faults import THIEF
from tests.hostile.run import UNPRINTABLE, again, check_sound


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_fault_costs_an_answer_and_never_the_report(case: Case) -> None:
    run = case.run()
    check_sound(run)
    assert run.spoiled, "this case spoils nothing"
    assert not (case.decisive and run.code == 0), run.report["headline"]
    assert not [asked for asked in run.asked if THIEF in asked.netloc]
    for words in ([], ["-v", "-v"]):
        text = again(run.files["bundle.json"], "-o", "text", *words)
        assert text.code == run.code
        assert not UNPRINTABLE.search(text.stdout)
