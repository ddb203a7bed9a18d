"""Text from elsewhere: made safe to show and to encode, and cut to what fits a sentence."""

from __future__ import annotations

import re

ESCAPES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC with their payload
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|\x1b[ -/]*[0-~]?"  # other escapes
)
"""ECMA-48, sections 5.3 to 5.6. Includes truncated sequences, which the rest of a log line could otherwise complete."""
UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
"""C0 and C1 except tab and line feed; zero-width characters; bidirectional marks, embeddings, overrides and isolates (Unicode TR36, 3.7);
line separators; invisible tags. The joiners U+200C and U+200D are kept: scripts and emoji need them."""
SURROGATES = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\ufffd"
LONGEST = 200
"""Maximum length of a snippet."""
LOOKED_AT = 4096
"""Maximum bytes examined for one."""
COUNTED = re.compile(r"\d+ errors? occurred:")
"""The heading of an error list (hashicorp/go-multierror) in answers of Nomad and Consul; the errors follow it."""


def clean(text: str, instead: str = "") -> str:
    """Remove escape sequences, and put `instead` for control characters (except tab and line feed), zero-width and bidirectional ones.

    Lone surrogates, which JSON can contain but no encoding can represent, become U+FFFD. Idempotent.
    """
    if text.isprintable():
        return text
    return SURROGATES.sub(REPLACEMENT, UNSAFE.sub(instead, ESCAPES.sub("", text)))


def on_one_line(text: str) -> str:
    """Replace every run of white space, including newlines, by one space."""
    return " ".join(text.split())


def snippet(output: bytes) -> str:
    """Return the first meaningful line of a server's or command's output, cut to `LONGEST` characters; empty for an HTML page."""
    if output.lstrip()[:1] == b"<":
        return ""
    lines = (line.strip() for line in output[:LOOKED_AT].decode("utf-8", "replace").splitlines())
    return next((line.removeprefix("* ")[:LONGEST] for line in lines if line and not COUNTED.fullmatch(line)), "")
