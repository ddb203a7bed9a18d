"""Work that takes too long is cut off where possible: in the main thread."""

from __future__ import annotations

import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from collector import cutoff
from collector.cutoff import Allowance, Overdue, TooSlow, compiled, cut_off_at

FOR_EVER = re.compile("(a+)+$"), "a" * 100 + "!"


def search() -> object:
    pattern, text = FOR_EVER
    return pattern.search(text)


def timers() -> tuple[object, ...]:
    handlers = signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGVTALRM)
    return (*handlers, signal.getitimer(signal.ITIMER_REAL)[0], signal.getitimer(signal.ITIMER_VIRTUAL)[0])


def test_work_past_the_deadline_is_cut_off_and_no_timer_is_left() -> None:
    before = timers()
    with pytest.raises(Overdue), cut_off_at(time.monotonic() + 0.05):
        search()
    assert timers() == before


def test_a_signal_while_the_block_is_left_does_not_prevent_leaving() -> None:
    """Leaving takes a moment, longer under coverage."""
    before, tracing = timers(), sys.gettrace()

    def ringing(frame: FrameType, _event: str, _value: object) -> Callable[..., object]:
        if frame.f_code.co_name == "__exit__" and signal.getsignal(signal.SIGALRM) != before[0]:
            signal.raise_signal(signal.SIGALRM)
        return ringing

    @contextmanager
    def within() -> Iterator[None]:
        with cut_off_at(time.monotonic() + 0.01):
            yield

    def traced() -> None:
        sys.settrace(ringing)
        search()

    with pytest.raises(Overdue) as kept, within():
        traced()
    sys.settrace(tracing)
    assert kept.type is Overdue, "and what it keeps of the frames keeps them alive"
    assert timers() == before


def test_spared_code_is_not_interrupted_and_what_follows_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Like coverage's lock in tests: interrupted while held, it would block for ever."""
    begun, ended = [], []

    def spared() -> None:
        begun.append(time.monotonic())
        while time.monotonic() < begun[-1] + 0.02:
            pass
        ended.append(time.monotonic())

    def again_and_again() -> None:
        while True:
            spared()
            for _ in range(10_000):  # here it may be interrupted
                pass

    monkeypatch.setattr(cutoff, "SPARED", {*cutoff.SPARED, spared.__code__})
    with pytest.raises(Overdue), cut_off_at(time.monotonic() + 0.05):
        again_and_again()
    assert len(begun) == len(ended)


def test_a_class_that_is_made_is_not_interrupted_and_what_follows_is() -> None:
    """Up to Python 3.11, what its `__set_name__` raises becomes a RuntimeError."""

    class Named:
        def __set_name__(self, _owner: type, _name: str) -> None:
            ends = time.monotonic() + 0.02
            while time.monotonic() < ends:
                pass

    def work() -> None:
        type("Owner", (), {"named": Named()})
        search()

    with pytest.raises(Overdue), cut_off_at(time.monotonic() + 0.01):
        work()


def test_a_deadline_in_the_past_cuts_off_at_once() -> None:
    with pytest.raises(Overdue), cut_off_at(time.monotonic() - 5):
        search()


def test_an_exception_lost_in_a_destructor_is_raised_again() -> None:
    """Python discards exceptions raised in destructors."""
    heard = 0
    with cut_off_at(time.monotonic() + 0.01):
        while heard < 2:
            try:
                search()
            except Overdue:
                heard += 1


def test_a_pattern_is_cut_off_and_the_next_one_is_not() -> None:
    before, allowance = timers(), Allowance()
    with allowance.watched():
        with pytest.raises(TooSlow):
            allowance.bounded(search)
        assert allowance.bounded(lambda: "found") == "found"
        with allowance.watched(), pytest.raises(TooSlow):
            allowance.bounded(search)
        with pytest.raises(TooSlow):
            allowance.bounded(search)
    assert timers() == before


def test_a_pattern_is_cut_off_although_the_exception_was_lost_in_a_destructor(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dying:
        def __del__(self) -> None:
            search()

    lost: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lost.append)

    def work() -> object:
        Dying()
        return search()

    allowance = Allowance()
    with allowance.watched(), pytest.raises(TooSlow):
        allowance.bounded(work)
    assert lost


def test_slow_patterns_share_a_shrinking_allowance() -> None:
    allowance, started = Allowance(0.2), time.process_time()
    with allowance.watched():
        for _ in range(10):
            with pytest.raises(TooSlow):
                allowance.bounded(search)
    assert time.process_time() - started < 10 * 0.2


def test_exceptions_of_the_work_are_passed_on() -> None:
    allowance = Allowance()
    with allowance.watched(), pytest.raises(ZeroDivisionError):
        allowance.bounded(lambda: 1 // 0)


def test_in_another_thread_nothing_is_cut_off_and_nothing_breaks() -> None:
    found: list[str] = []

    def work() -> None:
        allowance = Allowance()
        with cut_off_at(time.monotonic() - 1), allowance.watched():
            found.append(allowance.bounded(lambda: "done"))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == ["done"]


@pytest.mark.parametrize("pattern", ["(", "a{99999999999}", "(?P<1>a)", "(" * 5000 + ")" * 5000, "[z-a]"])
def test_an_invalid_pattern_is_refused_with_a_sentence(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"^is not a regular expression: \S"):
        compiled(pattern)
