"""Messages that span several lines: where they end, and where a mere stack trace begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import dropwhile, takewhile

from collector.loglines import ERROR, HEADING, Line

FURTHER = 3
"""Maximum continuation lines in a quote."""
_FAR = 8
"""Maximum following lines examined."""
_FRAME = re.compile(r"^\s+(?:at |File )")
_NEXT_TELLS = re.compile(r":\s*$|^(?:Syntax|Execution) error\b.*\)\.$")
"""The next line says what is wrong: after a colon, and after a location (Clojure)."""
_THROWN = re.compile(r"^(?:Uncaught )?[\w.$]{0,100}(?:Error|Exception)\b[^:]{0,80}: ")
_RULE = re.compile(r"^(?:Description:|[*\s]*)$")
"""A rule between a heading and its paragraph."""
_BAR = re.compile(r"^\s*(?:\d{1,6} )?\|")
_CAUSES = "Caused by:"
"""The line before a list of causes, outermost first (Rust's anyhow and eyre)."""
_SIGNAL = "[signal SIG"
"""The signal behind a panic or a fatal error of the runtime (Go)."""


def quoted(lines: Sequence[Line], line: Line) -> str:
    """Return the line with its continuation lines, excluding a stack trace."""
    after = lines[line.number + 1 : line.number + 1 + _FAR]
    return "\n".join([line.text, *_rest(line, after)])


def _rest(line: Line, after: Sequence[Line]) -> list[str]:
    return _headed(line, after) or _causes(after) or _annotated(after) or _thrown(line, after) or _indented(line, after)


def completed(lines: Sequence[Line], line: Line) -> str:
    """Return the line; if it ends in a colon (a YAML parser's), with the indented line that says what is wrong."""
    following = lines[line.number + 1].text if line.text.endswith(":") and line.number + 1 < len(lines) else ""
    return f"{line.text} {following.strip()}" if following.startswith(("  ", "\t")) else line.text


def _headed(line: Line, after: Sequence[Line]) -> list[str]:
    """Return the first paragraph below a heading."""
    below = dropwhile(_RULE.match, (one.text for one in after)) if HEADING.match(line.text) else ()
    return [text.rstrip() for text in takewhile(str.strip, below)][:FURTHER]


def _causes(after: Sequence[Line]) -> list[str]:
    """Return the innermost of the causes that follow a blank line and a heading."""
    texts = [one.text for one in after if one.text.strip()]
    causes = list(takewhile(_goes_on, texts[1:])) if texts[:1] == [_CAUSES] else []
    return [_CAUSES, *causes[-FURTHER:]] if causes else []


def _annotated(after: Sequence[Line]) -> list[str]:
    """Return a quoted piece of a file, marked by bars, and the message below it (Rust's toml)."""
    piece = list(takewhile(_BAR.match, (one.text for one in after)))
    message = [one.text for one in after[len(piece) : len(piece) + 1] if piece]
    return [*(text for text in piece if text.strip()[:1].isdigit()), *message]


def _thrown(line: Line, after: Sequence[Line]) -> list[str]:
    """Return the further lines of an exception's message, up to the first stack frame (V8, Java)."""
    between = list(takewhile(lambda one: not _FRAME.match(one.text), after))
    ends = len(between) < len(after) and all(one.origin == "app" and one.weight < ERROR and one.text.strip() for one in between)
    return [one.text for one in between[:FURTHER]] if ends and _THROWN.match(line.message) else []


def _indented(line: Line, after: Sequence[Line]) -> list[str]:
    """Return the indented lines that follow; also the next line if this one announces it."""
    first = [one.text for one in after[:1] if _NEXT_TELLS.search(line.text)]
    return [*first, *takewhile(_goes_on, (one.text for one in after[len(first) : FURTHER]))]


def _goes_on(text: str) -> bool:
    return text.startswith(("  ", "\t", _SIGNAL)) and not _FRAME.match(text)
