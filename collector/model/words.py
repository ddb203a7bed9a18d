"""Basic vocabulary: JSON values, status, severity and verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

JSON = Any
"""A JSON value: None, bool, int, float, str, list of JSON, dict of str to JSON."""


THRESHOLDS: Mapping[str, float] = {"lag_warning": 3.0, "lag_critical": 10.0, "skew_warning": 5.0}
"""Defaults in seconds. Lag: a replica gets a heartbeat every second, so its idle lag oscillates between 0 and 1 (docs/litefs.md). Skew: an
HTTP Date has whole seconds, and a node's answer takes a moment to arrive."""

FORMATS = ("text", "json", "html", "markdown", "junit", "nagios", "prometheus")
"""The output formats of a report."""

Natural = tuple[tuple[int, str], ...]
_DIGITS = re.compile(r"(\d+)")


def natural(text: str) -> Natural:
    """Sort key for natural order: n9 before n10."""
    return tuple((len(part.lstrip("0")) if number % 2 else 0, part) for number, part in enumerate(_DIGITS.split(text)))


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 node`, `2 nodes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def first_of(names: Sequence[str], most: int) -> str:
    """Return the first `most` names and the number of others: `a, b and 3 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


class Status(StrEnum):
    """The outcome of an item, a rung or a request."""

    OK = "ok"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    DENIED = "denied"
    TIMEOUT = "timeout"
    MISSING_TOOL = "missing-tool"
    INVALID = "invalid"
    SKIPPED = "skipped"
    BUDGET = "budget"


class Severity(StrEnum):
    """The severity of a finding, worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


RANK: Mapping[str, int] = {severity: rank for rank, severity in enumerate(Severity)}
"""The rank of each severity, worst first."""


class Verdict(StrEnum):
    """The verdict of a whole run; `unknown` means that too little was collected for one."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
