# ruff: noqa: INP001 - a script beside the pictures it makes, in no package
"""Turn a report as a terminal shows it into an SVG picture of that terminal.

script -qec "collector demo 2>/dev/null" /dev/null | python docs/images/terminal_picture.py 40 > docs/images/report.svg

The number is how many lines are shown at most.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from xml.sax.saxutils import escape

from collector.render.clean import clean_text

from collector.render.layout import columns_of

COLUMN, LINE, MARGIN, BAR, SIZE = 8.43, 19, 18, 34, 14
INK = {"1;31": "#ff8f85", "33": "#ffc061", "35": "#cfb4f7", "36": "#86c1ff", "32": "#7bdb9b", "2": "#8a95a3", "1": "#ffffff"}
PLAIN = "#d5dbe3"
OTHER = re.compile(r"\x1b\[[0-9;?]*[A-Za-ln-z]")
RUN = re.compile(r"(?:\x1b\[([0-9;]*)m)?([^\x1b]*)")


def picture(text: str, most: int) -> str:
    """Return the SVG of a terminal that shows the first lines of `text`, our own colours kept and every other escape sequence gone."""
    lines = OTHER.sub("", text.replace("\r", "")).rstrip().split("\n")
    lines = lines if len(lines) <= most else [*lines[:most], f"\x1b[2m… and {len(lines) - most} lines more\x1b[0m"]
    width = max(80, *(columns_of(line) for line in lines)) * COLUMN + 2 * MARGIN
    height = BAR + len(lines) * LINE + MARGIN
    body = "\n".join(_line(line, BAR + (index + 1) * LINE - 5) for index, line in enumerate(lines))
    buttons = "".join(f'<circle cx="{MARGIN + index * 18}" cy="17" r="5.5" fill="#3a424d"/>' for index in range(3))
    title = escape("".join(run for _, _, run in _runs(lines[0])))
    fonts = "ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" role="img">\n'
        f"<title>The report in a terminal: {title}</title>\n"
        f'<rect width="100%" height="100%" rx="10" fill="#12161c"/>{buttons}\n'
        f'<g font-family="{fonts}" font-size="{SIZE}" xml:space="preserve">\n'
        f"{body}\n</g>\n</svg>\n"
    )


def _line(line: str, y: int) -> str:
    return "".join(
        f'<text x="{MARGIN + column * COLUMN:.1f}" y="{y}" fill="{INK.get(colour, PLAIN)}"{_weight(colour)}'
        f' textLength="{columns_of(run) * COLUMN:.1f}">{escape(run)}</text>'
        for column, colour, run in _runs(line)
    )


def _weight(colour: str) -> str:
    return ' font-weight="bold"' if colour.startswith("1") else ""


def _runs(line: str) -> Iterator[tuple[int, str, str]]:
    """Yield the parts of a line that have one colour: column, colour, text without the blanks around it."""
    column, colour = 0, ""
    for code, text in RUN.findall(line):
        colour = "" if code == "0" else code or colour
        for word in re.finditer(r"\S+(?: \S+)*", text):
            yield column + columns_of(text[: word.start()]), colour, clean_text(word[0])
        column += columns_of(text)


if __name__ == "__main__":
    sys.stdout.write(picture(sys.stdin.read(), int(sys.argv[1])))
