"""Removes characters that could control a terminal, hide text, or not be encoded."""

from __future__ import annotations

from collector.characters import ESCAPES, SURROGATES, UNSAFE


def clean(text: str) -> str:
    """Remove escape sequences, control characters (except tab and line feed), zero-width characters and bidirectional overrides.

    Lone surrogates, which JSON can contain but no encoding can represent, become U+FFFD. Idempotent.
    """
    if text.isprintable():
        return text
    return SURROGATES.sub("\ufffd", UNSAFE.sub("", ESCAPES.sub("", text)))
