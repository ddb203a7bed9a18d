"""Options of the whole suite."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# Machines are of any speed, and busy: no example is timed. `--hypothesis-profile=thorough` looks longer than one does every day.
settings.register_profile("everyday", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("everyday"), max_examples=2000)
settings.load_profile("everyday")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-goldens` writes what is made now as what is expected; read the diff before it is committed."""
    parser.addoption("--update-goldens", action="store_true", default=False, help="write goldens instead of comparing")
