from pathlib import Path

import pytest

GOLDENS = Path(__file__).parent / "goldens"


def pytest_addoption(parser):
    parser.addoption(
        "--update-goldens", action="store_true", help="write what is rendered now as what is expected (pytest tests/render ...)"
    )


@pytest.fixture
def golden(request):
    """Hold a text against the file of that name; with --update-goldens the file is written instead."""

    def compare(name, text):
        path = GOLDENS / name
        if request.config.getoption("update_goldens", default=False):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        assert text == path.read_text("utf-8")

    return compare
