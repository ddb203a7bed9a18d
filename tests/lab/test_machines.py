from __future__ import annotations

import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from tests.lab import machines

LOADS = [(0.0, 1.0), (2.0, 1.0), (8.0, 4.0), (200.0, 10.0)]
"""The load of a machine with two processors, and how many times longer everything may take there."""


@pytest.mark.parametrize(("load", "times"), LOADS)
def test_a_busy_machine_gets_more_time(load: float, times: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("os.getloadavg", lambda: (load, load, load))
    seconds = count()  # each reading of the clock is a second
    monkeypatch.setattr("time.monotonic", lambda: float(next(seconds)))
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(machines.Timeout, match=rf"waited {30 * times + 1:.0f} s for a thing; the last answer: 0"):
        machines.wait("a thing", lambda: 0)


def test_what_comes_is_not_waited_for_any_longer() -> None:
    answers = iter([0, 0, 7])
    assert machines.wait("a thing", lambda: next(answers)) == 7


def test_a_mount_point_is_one_wherever_a_process_sees_it(tmp_path: Path) -> None:
    assert machines.is_mounted("/proc")
    assert not machines.is_mounted(str(tmp_path))


def test_another_labs_process_is_left_alone(tmp_path: Path) -> None:
    mine, others = tmp_path / "mine", tmp_path / "others"
    process = subprocess.Popen([sys.executable, "-c", "input()", str(mine / "consul.json")], stdin=subprocess.PIPE)
    try:
        assert machines.uses(process.pid, mine)
        assert not machines.uses(process.pid, others)
    finally:
        process.communicate()
    assert not machines.uses(process.pid, mine)
