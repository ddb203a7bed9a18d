"""Strict JSON parsing for files from elsewhere: every number must be finite."""

from __future__ import annotations

import json
import math
import re

from collector.model import JSON

MAX_DIGITS = 309
"""Digits of the largest float (1.8e308); a longer integer cannot be represented."""
_LARGE = re.compile(rb"\d{300}|[eE]\+?\d{3}")
"""Parsing integers ourselves takes ten times as long, so it is only done if a text contains this many digits; a match within a string
merely costs time."""


def strict_json(raw: bytes) -> JSON:
    """Parse JSON; raise ValueError for invalid JSON, NaN, or a number that no float can hold."""
    if not _LARGE.search(raw):
        return json.loads(raw, parse_constant=no_constant)
    return json.loads(raw, parse_constant=no_constant, parse_int=_whole, parse_float=finite)


def no_constant(word: str) -> JSON:
    """For `parse_constant`: reject NaN and Infinity."""
    raise ValueError(f"{word} is not a JSON number")


def _whole(text: str) -> int:
    if (digits := len(text.lstrip("-"))) > MAX_DIGITS:
        raise ValueError(f"a number of {digits} digits")
    value = int(text)
    finite(text)
    return value


def finite(text: str) -> float:
    """For `parse_float`: reject a number that overflows a float."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number too large to be one")
    return value
