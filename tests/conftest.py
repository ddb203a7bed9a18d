"""Options of the whole suite."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# Machines are of any speed, and busy: no example is timed. `--hypothesis-profile=thorough` looks longer than one does every day.
settings.register_profile("everyday", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("everyday"), max_examples=2000)
settings.load_profile("everyday")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-goldens` writes what is made now as what is expected; read the diff before it is committed."""
    parser.addoption("--update-goldens", action="store_true", default=False, help="write goldens instead of comparing")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where COLLECTOR_REQUIRE_REAL is set, what a test needs has to be there: a skipped test fails. Only Nomad may be missing."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and os.environ.get("COLLECTOR_REQUIRE_REAL"):
        reason = report.longrepr[-1]
        if "nomad" not in reason.lower():
            report.outcome = "failed"
            report.longrepr = f"COLLECTOR_REQUIRE_REAL is set, and this test was skipped. {reason}"
    return report
