import re
from pathlib import Path

import pytest

from collector.history import compare
from collector.history import store as kept
from collector.history.compare import ORDER
from collector.history.run import CLUSTER_FACTS
from collector.history.spark import LENGTH
from collector.history.tracks import FLAPS, WINDOW

from .documents import document, finding

TEXT = (Path(__file__).parents[2] / "docs/history.md").read_text()


@pytest.mark.parametrize("state", ORDER)
def test_every_state_is_documented(state):
    assert re.search(rf"^\| `{state}` \|", TEXT, re.MULTILINE)


@pytest.mark.parametrize("what", [what for what, _ in CLUSTER_FACTS])
def test_every_fact_of_the_cluster_is_documented(what):
    assert f"`{what}`" in TEXT


def test_every_field_of_the_changes_is_documented():
    changes = compare(document(), document(finding()))
    for name in [*changes, *changes["findings"][0]]:
        assert f'"{name}":' in TEXT


@pytest.mark.parametrize(
    "sentence",
    [
        f"at least {FLAPS} times in the last {WINDOW} runs",
        f"The last {kept.KEEP_RUNS} runs of a spec are kept, for at most {kept.KEEP_SECONDS // 86400} days",
        f"each of a node's last {LENGTH} runs",
    ],
)
def test_every_number_is_the_program_s(sentence):
    assert sentence in TEXT
