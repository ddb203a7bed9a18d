"""docs/causes.md is `collector explain`, on one page; `--update-goldens` writes it."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from collector.rulebook import codes, explain
from tests.docs.documents import UPDATE

DOCUMENT = Path(__file__).parents[2] / "docs" / "causes.md"
HEAD = """\
# Causes

Written from the rules by `pytest tests/docs --update-goldens`; do not edit. Each code names a true cause, not a symptom; scripts may
rely on it. `collector explain CODE` prints how it is recognised, what it explains, what to do, and where the fact behind it is written
down. How rules come to a cause, and how to add one: [rules](rules.md).
"""


def _page() -> str:
    domains = groupby(codes(), key=lambda code: code.split(".")[0])
    return HEAD + "".join(_table(domain, list(group)) for domain, group in domains)


def _table(domain: str, group: list[str]) -> str:
    rows = [f"| `{code}` | {told['severity']} | {told['summary']} |" for code, told in ((code, explain(code)) for code in group)]
    return "\n".join(["", f"## {domain}", "", "| code | severity | the true cause |", "| --- | --- | --- |", *rows, ""])


def test_the_page_says_what_the_rules_say(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("update_goldens"):
        DOCUMENT.write_text(_page(), "utf-8")
    assert DOCUMENT.read_text("utf-8") == _page(), UPDATE
