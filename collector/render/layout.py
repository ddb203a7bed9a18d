"""Text laid out in terminal columns: cutting, padding, wrapping and tables, by display width."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, takewhile

from collector.model import JSON

ELLIPSIS = "…"
NARROWEST = 40
"""Terminals with fewer columns than this get lines of this many."""

_GAP = "  "
_SGR = re.compile(r"\x1b\[[0-9;]*m")
_COLOURS = {"critical": "1;31", "warning": "33", "unknown": "35", "info": "36", "ok": "32", "dim": "2", "strong": "1"}


def paint(text: str, style: str | None, *, colour: bool) -> str:
    """Return `text` in the colour of a severity (or `dim`, `strong`), or as it is when colour is off or the style has none."""
    code = _COLOURS.get(style or "") if colour else None
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


def columns_of(text: str) -> int:
    """Return how many terminal columns `text` takes up; our own colours take none."""
    bare = _SGR.sub("", text).replace(ELLIPSIS, ".")
    return len(bare) if bare.isascii() else sum(map(_columns, bare))


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    from wcwidth import wcwidth  # noqa: PLC0415 - most reports are ASCII and never need it

    return max(0, wcwidth(character))


def cut(text: str, room: int) -> str:
    """Return `text` in at most `room` columns; what was longer ends with an ellipsis."""
    if columns_of(text) <= room:
        return text
    if room <= 1:
        return ELLIPSIS[:room]
    head = next(iter(_broken(text, room - 1)))
    return head + ELLIPSIS if columns_of(head) < room else ELLIPSIS


def pad(text: str, room: int, *, right: bool = False) -> str:
    """Return `text` filled up with blanks to `room` columns; `right` puts them before it."""
    blanks = " " * (room - columns_of(text))
    return blanks + text if right else text + blanks


def wrap(text: str, room: int, *, used: int = 0) -> list[str]:
    """Return the lines of one paragraph, each at most `room` columns; a word that is longer than a line is broken.

    `used` columns of the first line are taken already; it is empty when the first word does not fit behind them.
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
    """Yield the parts of a word that each fit into `room` columns; a single character that does not is a part of its own."""
    start = used = 0
    for index, character in enumerate(word):
        wide = _columns(character)
        if used + wide > room and index > start:
            yield word[start:index]
            start, used = index, 0
        used += wide
    yield word[start:]


def hang(text: str, first: str, rest: str | None = None, *, width: int) -> str:
    """Return `text` wrapped within `width`, `first` before its first line and `rest` (as many blanks) before the others.

    A `first` that would take up more than two fifths of the line stands on a line of its own.
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
    """Return aligned lines no wider than `width`, the titles first.

    A column is {title, least, right, keep}; a cell is {text, severity}. Too wide a table shrinks its widest column down to `least`, then
    leaves columns out, those with the highest `keep` first and of equal ones the last, and says which. The first column names the rows:
    it is never cut so far that two of them look the same, unless nothing else is left.
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
    """Return the fewest columns in which these names, cut, still differ: what two of them share, one character more, and the ellipsis."""
    return max((_shared(*pair) for pair in pairwise(sorted(set(names)))), default=0) + 2


def _shared(one: str, other: str) -> int:
    """Return how many columns of their beginnings are the same."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return columns_of("".join(character for character, _ in same))


def _shown(sizes: Sequence[int], keep: Sequence[int], width: int) -> list[int]:
    """Return which columns there is room for; the first one is always there."""
    shown = list(range(len(sizes)))
    while len(shown) > 1 and sum(sizes[index] for index in shown) + len(_GAP) * (len(shown) - 1) > width:
        shown.remove(max(shown[1:], key=lambda index: (keep[index], index)))
    return shown


def _left_out(titles: Sequence[str], width: int) -> list[str]:
    return [hang(", ".join(titles), "left out: ", width=width)] if titles else []


def _fit(widths: list[int], least: Sequence[int], room: int) -> list[int]:
    """Return the widths, the widest made smaller down to `least`; a column that is alone is cut all the same."""
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
