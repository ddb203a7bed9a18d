"""Unquoted scalars by YAML 1.2: `no`, `on`, `012` and `12:30:45` are text; there are no dates."""

from __future__ import annotations

import math
import re

from collector.model import JSON

MAX_DIGITS = 100
_CONSTANTS: dict[str, JSON] = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NUMERIC = frozenset("+-.0123456789")
"""Characters a number may begin with: a quick pre-check, since most scalars are words."""


def scalar(text: str) -> JSON:
    """Return the value of an unquoted scalar: null, true, false, a number, or the text itself."""
    lowered = text.lower()
    if lowered in _CONSTANTS and text in (lowered, text.upper(), text.title()):
        return _CONSTANTS[lowered]
    if text[0] not in _NUMERIC or len(text) > MAX_DIGITS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
