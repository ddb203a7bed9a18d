"""Options of the whole suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-goldens` writes what is made now as what is expected; read the diff before it is committed."""
    parser.addoption("--update-goldens", action="store_true", default=False, help="write goldens instead of comparing")
