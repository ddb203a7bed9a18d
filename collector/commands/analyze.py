"""`collector analyze BUNDLE`: the same report again, without the cluster."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from collector.bundle import load_bundle
from collector.commands.reporting import environment_settings, handover, without_spec
from collector.errors import Problem, SpecError, UsageError
from collector.model import Bundle, Mark
from collector.pipeline import conclude
from collector.validate import validate

PATIENCE = 120.0
"""Seconds for the analysis of one bundle: 5,000 nodes take a few."""


def run(arguments: argparse.Namespace) -> int:
    """Read the bundle back, check it again (it may come from someone else), and report."""
    bundle = read_bundle(arguments.bundle_file)
    to = handover(arguments, environment_settings(), without_spec(bundle))
    with _within(PATIENCE, arguments.bundle_file):
        report = conclude(bundle, _time(arguments.now))
    return to.finish(report)


@contextmanager
def _within(seconds: float, name: str) -> Iterator[None]:
    """Give up on a bundle whose own rules hold a pattern that takes for ever; Python's `re` looks for signals while it searches."""

    def late(*_: object) -> NoReturn:
        raise SpecError(
            [Problem(Mark(name, 1, 1, "$.rules"), f"the analysis took longer than {seconds:g} s", "is a pattern in its rules slow?")]
        )

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def read_bundle(name: str) -> Bundle:
    """A bundle from a file, validated."""
    try:
        with Path(name).open("rb") as stream:
            return validate(load_bundle(stream, name))
    except OSError as error:
        raise UsageError(f"cannot read the bundle {name}: {error.strerror}") from error


def _time(text: str | None) -> float | None:
    """RFC 3339 or Unix seconds, as Unix seconds."""
    if text is None:
        return None
    try:
        moment = _seconds(text)
    except ValueError as error:
        raise UsageError(f"--now {text}: not a time such as 2026-11-24T06:23:41Z or Unix seconds") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _seconds(text: str) -> datetime:
    """ValueError where it is no moment of any calendar: NaN, a billion years from now."""
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except OverflowError as error:
        raise ValueError(text) from error
    except ValueError:
        return datetime.fromisoformat(text)
