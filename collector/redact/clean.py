"""Text from elsewhere without what could act on a terminal, hide, or not be written down."""

from __future__ import annotations

from collector.characters import ESCAPES, SURROGATES, UNSAFE


def clean(text: str) -> str:
    """The text without escape sequences, control characters (tab and line feed stay), what has no width, and bidirectional overrides.

    A lone surrogate, which JSON can bring in and no encoding can take out, becomes U+FFFD. Idempotent.
    """
    if text.isprintable():
        return text
    return SURROGATES.sub("\ufffd", UNSAFE.sub("", ESCAPES.sub("", text)))
