"""Control, invisible and unencodable characters: the one list used for cleaning both collected answers and output."""

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
