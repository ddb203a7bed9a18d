"""Text laid out in terminal columns: cutting, padding, wrapping and tables, by display width."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, takewhile

from collector.model import JSON

ELLIPSIS = "…"
NARROWEST = 40
"""The minimum width; narrower terminals get lines of this many columns."""

_GAP = "  "
_SGR = re.compile(r"\x1b\[[0-9;]*m")
_COLOURS = {"critical": "1;31", "warning": "33", "unknown": "35", "info": "36", "ok": "32", "dim": "2", "strong": "1"}


def paint(text: str, style: str | None, *, colour: bool) -> str:
    """Return `text` in the colour of a severity (or `dim`, `strong`); unchanged without colour or for an unknown style."""
    code = _COLOURS.get(style or "") if colour else None
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


def columns_of(text: str) -> int:
    """Return the display width of `text` in terminal columns, ignoring our own colour codes."""
    bare = _SGR.sub("", text).replace(ELLIPSIS, ".")
    return len(bare) if bare.isascii() else sum(map(_columns, bare))


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    from wcwidth import wcwidth  # noqa: PLC0415 - most reports are ASCII and never need it

    return max(0, wcwidth(character))


def cut(text: str, room: int) -> str:
    """Truncate `text` to `room` columns, with an ellipsis."""
    if columns_of(text) <= room:
        return text
    if room <= 1:
        return ELLIPSIS[:room]
    head = next(iter(_broken(text, room - 1)))
    return head + ELLIPSIS if columns_of(head) < room else ELLIPSIS


def pad(text: str, room: int, *, right: bool = False) -> str:
    """Pad `text` to `room` columns; `right` aligns it to the right."""
    blanks = " " * (room - columns_of(text))
    return blanks + text if right else text + blanks


def wrap(text: str, room: int, *, used: int = 0) -> list[str]:
    """Wrap one paragraph into lines of at most `room` columns; overlong words are broken.

    `used` columns of the first line are already taken; it is empty if the first word does not fit there.
    """
    lines, line = [], ""
    for piece in re.findall(r"\s+|\S+", text.expandtabs(4).rstrip()):
        if used + columns_of(line) + columns_of(piece) <= room:
            line += piece
            continue
        if line.strip() or used > 0:
            lines.append(line.rstrip())
        used = 0
        *broken, line = [""] if piece.isspace() else _broken(piece, room)
        lines += broken
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _broken(word: str, room: int) -> Iterator[str]:
    """Split a word into parts of at most `room` columns; a wider single character is a part of its own."""
    start = used = 0
    for index, character in enumerate(word):
        wide = _columns(character)
        if used + wide > room and index > start:
            yield word[start:index]
            start, used = index, 0
        used += wide
    yield word[start:]


def hang(text: str, first: str, rest: str | None = None, *, width: int) -> str:
    """Wrap `text` within `width`, with `first` before its first line and `rest` (or an equal indent) before the others.

    A `first` longer than two fifths of the width gets a line of its own.
    """
    if columns_of(first) > width * 2 // 5:
        return "\n".join([*wrap(first, width), hang(text, rest or "    ", width=width)])
    rest = " " * columns_of(first) if rest is None else rest
    room = width - columns_of(rest)
    head, *paragraphs = text.split("\n")
    lines = wrap(head, room, used=columns_of(first) - columns_of(rest))
    lines += [line for paragraph in paragraphs for line in wrap(paragraph, room)]
    return "\n".join((start + line).rstrip() for start, line in zip([first, *[rest] * len(lines)], lines, strict=False))


def table(columns: Sequence[Mapping[str, JSON]], rows: Sequence[Sequence[Mapping[str, JSON]]], *, width: int, colour: bool) -> str:
    """Return lines of a table no wider than `width`, titles first.

    A column is {title, least, right, keep}; a cell is {text, severity}. If the table is too wide, its widest column is shrunk down to
    `least`, then columns are dropped and named, those with the highest `keep` first and of equal ones the last. The first column names the
    rows: it is not shortened so far that two names look the same, unless there is no other way.
    """
    titles = [{"text": column["title"], "severity": "dim"} for column in columns]
    cells = [titles, *rows]
    natural = [max(columns_of(row[index]["text"]) for row in cells) for index in range(len(columns))]
    least = [max(columns[0]["least"], _telling([row[0]["text"] for row in rows])), *(column["least"] for column in columns[1:])]
    shown = _shown([min(sizes) for sizes in zip(natural, least, strict=True)], [column.get("keep", 0) for column in columns], width)
    widths = _fit([natural[index] for index in shown], [least[index] for index in shown], width - len(_GAP) * (len(shown) - 1))
    lines = [_line([row[index] for index in shown], [columns[index] for index in shown], widths, colour=colour) for row in cells]
    return "\n".join([*lines, *_left_out([column["title"] for index, column in enumerate(columns) if index not in shown], width)])


def _telling(names: Sequence[str]) -> int:
    """Return the minimum width at which these shortened names still differ: their common prefix, one more character, and the ellipsis."""
    return max((_shared(*pair) for pair in pairwise(sorted(set(names)))), default=0) + 2


def _shared(one: str, other: str) -> int:
    """Return the width of their common prefix."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return columns_of("".join(character for character, _ in same))


def _shown(sizes: Sequence[int], keep: Sequence[int], width: int) -> list[int]:
    """Return the columns that fit; the first one always does."""
    shown = list(range(len(sizes)))
    while len(shown) > 1 and sum(sizes[index] for index in shown) + len(_GAP) * (len(shown) - 1) > width:
        shown.remove(max(shown[1:], key=lambda index: (keep[index], index)))
    return shown


def _left_out(titles: Sequence[str], width: int) -> list[str]:
    return [hang(", ".join(titles), "left out: ", width=width)] if titles else []


def _fit(widths: list[int], least: Sequence[int], room: int) -> list[int]:
    """Return the widths, shrinking the widest down to `least`; a single column is cut further."""
    while sum(widths) > room and (wide := [index for index, size in enumerate(widths) if size > least[index]]):
        widths[max(wide, key=lambda index: widths[index])] -= 1
    return widths if len(widths) > 1 else [min(widths[0], room)]


def _line(row: Sequence[Mapping[str, JSON]], columns: Sequence[Mapping[str, JSON]], widths: Sequence[int], *, colour: bool) -> str:
    cells = []
    for cell, column, room in zip(row, columns, widths, strict=True):
        text = pad(cut(cell["text"], room), room, right=column["right"])
        cells.append(paint(text, cell["severity"], colour=colour))
    line = _GAP.join(cells)
    return line if colour else line.rstrip()
