"""docs/security.md matches the code; `--update-goldens` writes its lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.kinds import KINDS
from tests.secrets.search import PLACES

PAGE = Path(__file__).parents[2] / "docs" / "security.md"


def rights() -> str:
    rows = [f"| `{name}` | {_of(name, 'nomad: ')} | {_of(name, 'consul: ')} |" for name in KINDS]
    return "\n".join(["| kind | Nomad | Consul |", "| --- | --- | --- |", *rows]) + "\n"


def _of(kind: str, system: str) -> str:
    """Return a kind's capabilities in one system, including those of its arguments."""
    own = [right.removeprefix(system) for right in KINDS[kind].capabilities if right.startswith(system)]
    further = [
        f"with `{name}` {right.removeprefix(system)}" for name, right in KINDS[kind].further_rights.items() if right.startswith(system)
    ]
    return ", ".join(own + further) or "-"


def places() -> str:
    return "".join(f"- **{name}**: {what}\n" for name, what in PLACES.items())


@pytest.mark.parametrize(("name", "written"), [("rights", rights()), ("places", places())])
def test_the_page_lists_what_the_code_has(name: str, written: str, request: pytest.FixtureRequest) -> None:
    page = PAGE.read_text("utf-8")
    start = page.index("\n", page.index(f"<!-- {name}:")) + 1
    end = page.index(f"<!-- end of {name} -->")
    if request.config.getoption("update_goldens"):
        PAGE.write_text(page[:start] + written + page[end:], "utf-8")
    assert written in PAGE.read_text("utf-8"), (
        f"{PAGE.name} lists something else: `make test ARGS='tests/privilege/test_document.py --update-goldens'`"
    )
    assert PAGE.read_text("utf-8")[start:].startswith(written)
