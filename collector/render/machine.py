"""Text for formats that machines read: quoting, escaping and one-line forms."""

from __future__ import annotations

import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")
_NAGIOS_RESERVED = str.maketrans({"|": "/", "\n": " ", "\t": " "})


def markdown_text(text: str) -> str:
    """Return text that Markdown shows as it is, on one line, and safe in a table cell."""
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split())).replace("@", "@\u2060")


def code_block(text: str) -> str:
    """Return a fenced code block whose fence is longer than any run of backticks in `text`."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def label_value(text: str) -> str:
    r"""Return a Prometheus label value: backslash, quote and newline escaped (text exposition format 0.0.4)."""
    return str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def one_line(text: str) -> str:
    """Return text that a Nagios plugin may print before its performance data: one line without a pipe."""
    return " ".join(str(text).translate(_NAGIOS_RESERVED).split())
