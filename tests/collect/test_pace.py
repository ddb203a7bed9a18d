"""The deadline includes the report: the time for what follows collecting is predicted from collecting."""

from __future__ import annotations

import time

import pytest

from collector.collect.pace import LATE, Effort, Pace


def work(seconds: float) -> None:
    """Use this much processor time in this thread."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_effort_is_what_this_thread_worked_and_not_what_it_waited() -> None:
    effort = Effort()
    assert effort.of(1.0) == 0
    with effort.added():
        work(0.05)
    time.sleep(0.2)
    assert effort.of(1.0) >= 0.05
    assert effort.of(2.0, more=1.0) >= 1.1


def test_predicted_effort_grows_if_other_processes_compete() -> None:
    effort = Effort()
    with effort.added():
        work(0.02)
        time.sleep(0.1)  # as if the thread had waited for a processor
    assert effort.of(1.0, more=1.0) > 2


def test_collecting_leaves_room_in_proportion_to_its_work() -> None:
    pace, careless = Pace(10.0, afterwards=3.0), Pace(10.0)
    assert pace.end(0) == pace.deadline
    for one in (pace, careless):
        with one.work():
            work(0.05)
    assert pace.end(0) <= pace.deadline - 0.15
    assert pace.end(10_000) <= pace.deadline - 1.0
    assert careless.end(10_000) == careless.deadline


@pytest.mark.parametrize(("seconds", "parsed", "fits"), [(10.0, 0.5, True), (1.0, 5.0, False), (-LATE, 0.001, True), (-LATE, 0.1, False)])
def test_a_large_answer_is_used_only_if_there_is_time_to_process_it(seconds: float, parsed: float, fits: bool) -> None:
    assert Pace(seconds, afterwards=0.5).has_room(parsed) is fits
    assert Pace(seconds).has_room(parsed)
