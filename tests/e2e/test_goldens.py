from __future__ import annotations

from pathlib import Path

import pytest

from collector.render import render
from collector.resources import incidents
from tests.e2e.incidents import report

GOLDENS = Path(__file__).parent / "goldens"


@pytest.mark.parametrize("format_name", ["text", "json"])
@pytest.mark.parametrize("name", incidents())
def test_the_report_on_a_recorded_incident_is_its_golden(name: str, format_name: str, request: pytest.FixtureRequest) -> None:
    text = render(report(name), format_name)
    golden = GOLDENS / f"{name}.{'txt' if format_name == 'text' else 'json'}"
    if request.config.getoption("update_goldens"):
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_every_golden_belongs_to_an_incident() -> None:
    assert {path.stem for path in GOLDENS.iterdir()} == set(incidents())
