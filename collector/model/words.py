"""The plain words: a JSON value, how something ended, how bad it is, what the answer is."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

JSON = Any
"""A JSON value: None, bool, int, float, str, list of JSON, dict of str to JSON."""


class Status(StrEnum):
    """What became of one item, one rung or one request."""

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
    """How bad a finding is, worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Verdict(StrEnum):
    """The answer of a whole run; `unknown` means that too little was seen to say."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
