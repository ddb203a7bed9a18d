"""Every fault, for every system and every kind, through the whole program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.hostile.__main__ import PLACES, Row, table
from tests.hostile.cases import Case, cases
from tests.hostile.faults import FAULTS, THIEF
from tests.hostile.run import UNPRINTABLE, again, check_sound
from tests.hostile.test_exec import COMMANDS

FOREIGN = {"litefs.cluster-id.mismatch", "litefs.cluster-id.lost"}


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_fault_costs_an_answer_and_never_the_report(case: Case) -> None:
    run = case.run()
    check_sound(run)
    assert run.spoiled, "this case spoils nothing"
    assert not (case.decisive and run.code == 0), run.report["headline"]
    assert not [asked for asked in run.asked if THIEF in asked.netloc]
    assert not run.codes & FOREIGN, "what was garbled on its way is no other cluster's data"
    text = again(run.files["bundle.json"], "-o", "text", "-v", "-v")
    assert text.code == run.code
    assert not UNPRINTABLE.search(text.stdout)


def test_the_page_tells_of_every_fault_and_every_command() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text("utf-8")
    told = [
        (place, fault)
        for place, faults in re.findall(r"^\| (\S.*?) \| (.*?) \| \d+ \| ", page, re.MULTILINE)
        for fault in faults.split("; ")
    ]
    tried = [(place, fault.name) for place in PLACES.values() for fault in FAULTS]
    assert sorted(told) == sorted([*tried, *(("the task", f"a command {command}") for command in COMMANDS)])


ALIKE = [
    Row("silent", "Nomad", 2, 1.0, "budget"),
    Row("refused", "Nomad", 2, 0.1, "unreachable"),
    Row("slow", "Nomad", 2, 1.26, "budget"),
    Row("silent", "Consul", 2, 1.0, "budget"),
    Row("late", "Nomad", 3, 1.0, "budget"),
]


def test_faults_that_end_in_the_same_are_one_row() -> None:
    assert table(ALIKE)[2:] == [
        "| Nomad | silent; slow | 2 | 1.3 | budget |",
        "| Nomad | refused | 2 | 0.1 | unreachable |",
        "| Consul | silent | 2 | 1.0 | budget |",
        "| Nomad | late | 3 | 1.0 | budget |",
    ]
