"""The topics and fields of docs/rules.md are those of collector/observe/topics; `--update-goldens` writes them."""

from __future__ import annotations

import pytest

from collector.observe.topics import TOPICS, Topic
from tests.docs.documents import ROOT, UPDATE

DOCUMENT = ROOT / "docs" / "rules.md"
HEADING = "## Topics and fields\n"
HEAD = """
Written from `collector/observe/topics/` by `pytest tests/docs --update-goldens`; do not edit from here on.
"""


def _section(name: str, topic: Topic) -> str:
    about = topic.about[0].upper() + topic.about[1:]
    scope = ", ".join(f"`{part}`" for part in topic.scope.split()) or "the cluster"
    rows = [f"| `{field}` | {meaning} |" for field, meaning in topic.fields.items()]
    return "\n".join(["", f"### `{name}`", "", f"{about}. Scope: {scope}.", "", "| field | meaning |", "| --- | --- |", *rows, ""])


def _topics() -> str:
    return HEAD + "".join(_section(name, topic) for name, topic in TOPICS.items())


def test_the_page_lists_every_topic_and_field(request: pytest.FixtureRequest) -> None:
    before, heading, written = DOCUMENT.read_text("utf-8").partition(HEADING)
    if request.config.getoption("update_goldens"):
        DOCUMENT.write_text(before + heading + _topics(), "utf-8")
        written = _topics()
    assert written == _topics(), UPDATE
