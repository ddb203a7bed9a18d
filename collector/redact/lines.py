"""Secrets in a log that are on the lines below their name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from collector.redact.rules import OPEN_FLAG, OPEN_KEY

Hide = Callable[[str], str]

OPENING = (":", "=", "|", ">", "-", "+", ": ", "= ", "| ", "> ")
"""The end of a line whose value is on the next one."""
_QUOTED = re.compile(r"""\s{0,200}(?P<q>\\?["'])(?!<redacted:|(?:true|false|null|none|nil)\b)(?P<v>.+?)(?:(?P=q),?)?\s*""")
_BARE = re.compile(r"\s{1,200}(?!<redacted:|(?:true|false|null|none|nil)\b)(?P<v>[^\s\"'{\[]\S*)\s*")


@cache
def _open_key() -> re.Pattern[str]:
    return re.compile(OPEN_KEY, re.IGNORECASE)


@cache
def _open_flag() -> re.Pattern[str]:
    return re.compile(OPEN_FLAG, re.IGNORECASE)


def without_values_below(lines: Sequence[str], hide: Hide) -> Sequence[str]:
    """Remove values whose name ends the previous line, in JSON, YAML or a command's arguments."""
    found: dict[int, str] = {}
    for index, line in enumerate(lines[:-1]):
        if line.startswith("-") and _open_flag().match(line):
            found[index + 1] = _hidden_argument(lines[index + 1], hide)
        elif line.endswith(OPENING) and (key := _open_key().search(line)):
            found |= dict(_below(lines, index, key, hide))
    return [found.get(index, line) for index, line in enumerate(lines)] if found else lines


def _hidden_argument(value: str, hide: Hide) -> str:
    return value if not value or value.startswith(("-", "<redacted:")) else hide(value)


def _below(lines: Sequence[str], index: int, key: re.Match[str], hide: Hide) -> Iterator[tuple[int, str]]:
    """Return the value's lines: all further-indented ones of a block, else quoted text or the single word below a bare name."""
    if key["block"]:
        yield from _block(lines, index, hide)
        return
    line = lines[index + 1]
    alone = not lines[index][: key.start()].strip(" \t-")
    value = _QUOTED.fullmatch(line) or (_BARE.fullmatch(line) if alone and lines[index].rstrip().endswith(":") else None)
    if value:
        yield index + 1, line[: value.start("v")] + hide(value["v"]) + line[value.end("v") :]


def _block(lines: Sequence[str], index: int, hide: Hide) -> Iterator[tuple[int, str]]:
    own = _indent(lines[index])
    for at in range(index + 1, len(lines)):
        line = lines[at]
        if line.strip() and _indent(line) <= own:
            return
        if line.strip() and not line.lstrip().startswith("<redacted:"):
            yield at, line[: _indent(line)] + hide(line.strip())


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
