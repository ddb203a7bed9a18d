"""docs/architecture.md says where each topic's fields are made."""

from __future__ import annotations

import re

import pytest

from collector.observe import TOPICS
from tests.docs.documents import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
ROWS = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (`[\w/]+\.py`) \| (.*)\|$", PAGE, re.MULTILINE)
MADE_IN = {topic: f"{made} {also}" for topics, made, also in ROWS for topic in re.findall(r"\w+", topics)}


def sources(named: str) -> str:
    """Return the source of the modules and packages named in a row of the table of topics."""
    found = []
    for name in re.findall(r"`([\w/.]+)`", named):
        place = ROOT / "collector" / (name if name.startswith("loglines/") else f"observe/{name}")
        found += sorted(place.glob("*.py")) if place.is_dir() else [place]
    return "\n".join(file.read_text("utf-8") for file in found)


def test_the_table_lists_every_topic_and_no_other() -> None:
    assert MADE_IN.keys() == TOPICS.keys()


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topics_fields_are_made_where_the_table_says(topic: str) -> None:
    code = sources(MADE_IN[topic])
    assert [field for field in TOPICS[topic].fields if not re.search(rf"[\"']{field}[\"']|\b{field}=", code)] == []
