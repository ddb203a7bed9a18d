"""Makes external text safe to print: it cannot move the cursor, change colours or reverse text."""

from __future__ import annotations

from collections.abc import Mapping

from collector.characters import ESCAPES, SURROGATES, UNSAFE
from collector.model import JSON

REPLACEMENT = "\ufffd"


def clean_text(text: str) -> str:
    """Remove escape sequences and replace other control characters by U+FFFD; newline and tab are kept."""
    if text.isprintable():
        return text
    return SURROGATES.sub(REPLACEMENT, UNSAFE.sub(REPLACEMENT, ESCAPES.sub("", text.replace("\r\n", "\n"))))


def on_one_line(text: str) -> str:
    """Replace every run of white space, including newlines, by one space."""
    return " ".join(text.split())


def clean(value: JSON) -> JSON:
    """Return plain JSON data (dicts and lists) with every string, including keys, made safe to print."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(str(key)): clean(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [clean(part) for part in value]
    return value
