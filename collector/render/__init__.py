"""Report to output: text, JSON, HTML, mail, Markdown, JUnit, Nagios and Prometheus, each through a template.

    render(report, "text", width=80, colour=True)  ->  str

A template sees the report document (`report`, what `-o json` prints), the same in words and ages (`view`), and `width`, `colour`, `verbose`
and `quiet`; nothing else. docs/outputs.md describes them for users who write their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from collector.errors import SettingsError, UsageError
from collector.model import JSON, Report
from collector.render.document import report_document
from collector.render.environment import fill, load
from collector.render.layout import NARROWEST
from collector.render.view import view

__all__ = ["FORMATS", "changes_text", "mail_html", "prepare", "render", "report_document"]

FORMATS = {
    "text": "report.txt.j2",
    "json": "report.json.j2",
    "html": "report.html.j2",
    "markdown": "report.md.j2",
    "junit": "report.junit.xml.j2",
    "nagios": "report.nagios.j2",
    "prometheus": "report.prom.j2",
}
"""The output formats and the template of each."""

_MAIL = "mail.html.j2"
_WIDTH = 80


def render(
    report: Report,
    format: str,  # noqa: A002 - the command line's own word for it
    *,
    width: int | None = None,
    colour: bool = False,
    template_dirs: Sequence[Path] = (),
    verbose: int = 0,
    quiet: bool = False,
    diff: bool = False,
) -> str:
    """Return the report in one of `FORMATS`, ending with a newline; the same report always gives the same text.

    `width` (text only) is the terminal's columns, 80 when None. `quiet` leaves the text's headline alone; `verbose` adds what was ruled
    out, all items, the timeline and every node; `diff` what did not change beside what did. Templates in `template_dirs` come before ours.

    Raises:
        UsageError: there is no such format.
        SettingsError: a template in `template_dirs` is wrong.
    """
    if format not in FORMATS:
        raise UsageError(f"there is no output format {format!r}: choose one of {', '.join(FORMATS)}")
    shown = _values(report_document(report), width=width, colour=colour, verbose=verbose, quiet=quiet, diff=diff)
    return fill(FORMATS[format], shown, template_dirs)


def prepare(formats: Sequence[str], template_dirs: Sequence[Path] = ()) -> None:
    """Read the templates of these formats, so that `render` need not; what is wrong with one is told there."""
    for name in formats:
        with suppress(SettingsError):
            load(FORMATS[name], template_dirs)


def mail_html(report: Report, *, template_dirs: Sequence[Path] = ()) -> str:
    """Return the report as the HTML part of a mail: tables and inline styles alone, since mail clients drop the rest."""
    return fill(_MAIL, _values(report_document(report)), template_dirs)


def changes_text(document: Mapping[str, JSON]) -> str:
    """Return in words what `document["changes"]` says: the differences of a report document from an earlier one, unchanged ones too."""
    return fill("changes.txt.j2", _values(document, verbose=1), ())


def _values(
    document: Mapping[str, JSON],
    *,
    width: int | None = None,
    colour: bool = False,
    verbose: int = 0,
    quiet: bool = False,
    diff: bool = False,
) -> dict[str, JSON]:
    """What a template sees."""
    return {
        "report": document,
        "view": view(document, verbose=verbose, diff=diff),
        "width": max(NARROWEST, width or _WIDTH),
        "colour": colour,
        "verbose": verbose,
        "quiet": quiet,
    }
