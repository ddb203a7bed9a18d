"""Renders a report as text, JSON, HTML, mail, Markdown, JUnit, Nagios or Prometheus, each through a template.

    render(report, "text", width=80, colour=True)  ->  str

A template sees the report document (`report`, as printed by `-o json`), the same in words and ages (`view`), and `width`, `colour`,
`verbose` and `quiet`; nothing else. docs/outputs.md describes them for users who write their own templates.
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
"""The output formats and their templates."""

_MAIL = "mail.html.j2"
_WIDTH = 80


def render(
    report: Report,
    format: str,  # noqa: A002 - the command line's term
    *,
    width: int | None = None,
    colour: bool = False,
    template_dirs: Sequence[Path] = (),
    verbose: int = 0,
    quiet: bool = False,
    diff: bool = False,
) -> str:
    """Render the report in one of `FORMATS`, ending with a newline; the same report always gives the same text.

    `width` (text only) is the terminal's width in columns, 80 if None. `quiet` reduces the text to its headline; `verbose` adds ruled-out
    causes, all items, the timeline and every node; `diff` includes unchanged findings. Templates in `template_dirs` take precedence over
    ours.

    Raises:
        UsageError: there is no such format.
        SettingsError: a template in `template_dirs` is invalid.
    """
    if format not in FORMATS:
        raise UsageError(f"there is no output format {format!r}: choose one of {', '.join(FORMATS)}")
    shown = _values(report_document(report), width=width, colour=colour, verbose=verbose, quiet=quiet, diff=diff)
    return fill(FORMATS[format], shown, template_dirs)


def prepare(formats: Sequence[str], template_dirs: Sequence[Path] = ()) -> None:
    """Load the templates of these formats in advance; an invalid one is reported when it is rendered."""
    for name in formats:
        with suppress(SettingsError):
            load(FORMATS[name], template_dirs)


def mail_html(report: Report, *, template_dirs: Sequence[Path] = ()) -> str:
    """Return the HTML part of a mail, with tables and inline styles only, since mail clients drop the rest."""
    return fill(_MAIL, _values(report_document(report)), template_dirs)


def changes_text(document: Mapping[str, JSON]) -> str:
    """Describe the changes in `document["changes"]`, including what is unchanged."""
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
    """Return the values available to a template."""
    return {
        "report": document,
        "view": view(document, verbose=verbose, diff=diff),
        "width": max(NARROWEST, width or _WIDTH),
        "colour": colour,
        "verbose": verbose,
        "quiet": quiet,
    }
