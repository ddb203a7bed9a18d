from pathlib import Path

import pytest

GOLDENS = Path(__file__).parent / "goldens"


@pytest.fixture
def golden(request):
    """Compare a text with the file of that name; with --update-goldens write the file instead."""

    def compare(name, text):
        path = GOLDENS / name
        if request.config.getoption("update_goldens"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        assert text == path.read_text("utf-8")

    return compare
