"""Options of the whole suite."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from coverage.collector import Collector
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture.junkdrawer import gc_cumulative_time
from xdist.scheduler import LoadScopeScheduling

from collector import cutoff

# Machines are of any speed, and busy: no example is timed. `--hypothesis-profile=thorough` looks longer than one does every day.
settings.register_profile("everyday", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("everyday"), max_examples=2000)
settings.load_profile("everyday")

# Coverage takes a lock at every call of every thread. What rings in there leaves it locked, and the whole process waits for ever.
cutoff.SPARED.update(way.__code__ for way in (Collector.lock_data, Collector.unlock_data))
# Hypothesis has Python call it at each garbage collection, where an exception would be lost, and told as a warning.
gc_cumulative_time()
cutoff.SPARED.update(callback.__code__ for callback in gc.callbacks if isinstance(callback, FunctionType))

TESTS = Path(__file__).parent
SERVERS = ("deadlines", "integration", "privilege", "replay/test_round_trip.py")
"""What starts servers at fixed ports or recorded addresses, or looks at processes: one after another, in one worker (`-n`), first."""
APART = ("hostile/test_faults.py",)
"""Long, and its tests share nothing: spread over the workers, last, so that all end together. Every other file stays with one worker."""
TOGETHER = "servers"
UNTRACED = ("accuracy", "decided", "hostile/test_faults.py", "rules")
"""Go again and again through what other tests go through: how much of the code is tested is told without them, in half the time."""
TOLD = pytest.StashKey[list[str]]()
"""Lines for the end of the run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-goldens` writes what is made now as what is expected; read the diff before it is committed."""
    parser.addoption("--update-goldens", action="store_true", default=False, help="write goldens instead of comparing")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tell pytest-cov which tests it need not follow."""
    if item.path.relative_to(TESTS).as_posix().startswith(UNTRACED):
        item.add_marker("no_cover")


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


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives workers whole files, all that needs servers to one, and the tests of `APART` one by one.

    A test at which a worker dies (one that hangs ends it, pyproject.toml) has failed, and is not tried again with what is left of its file.
    """

    def remove_node(self, node: Any) -> str | None:
        """Called for each worker that ended; the test at which it died, if it did."""
        units = self.assigned_work[node].values()
        died_at = next((test for unit in units for test, done in unit.items() if not done), None)
        for unit in units:
            if died_at in unit:
                unit[died_at] = True
        super().remove_node(node)
        return died_at

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", maxsplit=1)[0].removeprefix("tests/")
        return nodeid if file in APART else TOGETHER if file.startswith(SERVERS) else file

    def _assign_work_unit(self, node: Any) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=_turn), last=False)
        super()._assign_work_unit(node)


def _turn(unit: str) -> int:
    """What takes longest comes first."""
    return 0 if unit == TOGETHER else 2 if "::" in unit else 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: the one with the servers mostly waits for them."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Share the tests out."""
    return ByFile(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands its lines to the process that prints them."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["told"] = session.config.stash.get(TOLD, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take a worker's lines."""
    told = node.config.stash.setdefault(TOLD, [])
    told += getattr(node, "workeroutput", {}).get("told", [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the lines, whatever the verbosity: which servers the tests ran against."""
    for line in config.stash.get(TOLD, []):
        terminalreporter.write_line(line)
