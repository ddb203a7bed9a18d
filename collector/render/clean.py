"""Makes text from outside safe to print: it cannot move a cursor, change a colour or reverse a line."""

from __future__ import annotations

from collections.abc import Mapping

from collector.characters import ESCAPES, SURROGATES, UNSAFE
from collector.model import JSON

REPLACEMENT = "\ufffd"


def clean_text(text: str) -> str:
    """Return `text` with escape sequences gone and every other control character shown as U+FFFD; newline and tab stay."""
    if text.isprintable():
        return text
    return SURROGATES.sub(REPLACEMENT, UNSAFE.sub(REPLACEMENT, ESCAPES.sub("", text.replace("\r\n", "\n"))))


def on_one_line(text: str) -> str:
    """Return `text` with every run of white space, newlines too, as one blank."""
    return " ".join(text.split())


def clean(value: JSON) -> JSON:
    """Return plain JSON data, mappings as dicts and tuples as lists, with every string in it, keys too, made safe to print."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(str(key)): clean(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [clean(part) for part in value]
    return value
