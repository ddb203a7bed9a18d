"""Text from outside, made safe to print: nothing here can move a cursor, change a colour or turn a line around."""

from __future__ import annotations

import re
from collections.abc import Mapping

from collector.model import JSON

REPLACEMENT = "\ufffd"

# ECMA-48: CSI; then OSC, DCS, SOS, PM and APC strings up to their terminator or the line's end; then two-character escapes.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]"
)
# C0 and C1 but tab and newline; bidirectional marks and overrides (Unicode TR36, 3.7); line separators; invisible tags; lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f\ud800-\udfff]"
)


def clean_text(text: str) -> str:
    """Return `text` with escape sequences gone and every other control character shown as U+FFFD; newline and tab stay."""
    if text.isprintable():
        return text
    return _UNSAFE.sub(REPLACEMENT, _ESCAPES.sub("", text.replace("\r\n", "\n")))


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
