"""Text from elsewhere without what could act on a terminal, hide, or not be written down."""

from __future__ import annotations

import re

_ESCAPES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC with their text
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|\x1b[ -/]*[0-~]?"  # other escapes
)
"""ECMA-48, sections 5.3 to 5.6. Also one that is cut off: the rest of a log line must not be able to complete it."""
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
"""C0 and C1 but for tab and line feed; bidirectional marks, embeddings, overrides and isolates; line separators; invisible tags."""
_SURROGATES = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without escape sequences, control characters (tab and line feed stay) and bidirectional overrides.

    A lone surrogate, which JSON can bring in and no encoding can take out, becomes U+FFFD. Idempotent.
    """
    if text.isprintable():
        return text
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", _ESCAPES.sub("", text)))
