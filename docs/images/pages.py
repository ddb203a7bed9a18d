# ruff: noqa: INP001 - a script beside the pictures it makes, in no package
"""Write the page and the mail of a recorded incident: `python docs/images/pages.py app-crash DIR` makes DIR/page.html and DIR/mail.html.

With `timeline` for an incident the page is the timeline alone, of four recorded incidents as the runs of one cluster, an hour apart.
"""

from __future__ import annotations

import sys
from pathlib import Path

from collector.commands.demo import diagnosed, replayed
from collector.history import Run, joined, outlook
from collector.model import Report
from collector.render import mail_html, render, report_document
from collector.replay import Recording
from collector.resources import incident

RUNS = ("healthy", "status-404", "healthy", "app-crash")
ALONE = "<style>.banner, footer, main > :not(.pictures), figure:first-child { display: none } main { padding-top: 8px }</style></head>"


def report_of(name: str) -> Report:
    """What is reported on a recorded incident."""
    recording = Recording.load(incident(name))
    with replayed(recording, {}) as call:
        return diagnosed(call, recording)


def followed() -> Report:
    """The last of the runs, with what those before it tell."""
    last = report_of(RUNS[-1])
    before: Run | None = None
    for hours, name in zip(range(len(RUNS) - 1, -1, -1), RUNS, strict=True):
        at = last.started_at - 3600 * hours
        report = report_of(name)._replace(started_at=at, now=at) if hours else last
        news = outlook(before, report_document(report))
        before = news.run
    return joined(last, news)


if __name__ == "__main__":
    name, directory = sys.argv[1], Path(sys.argv[2])
    report = followed() if name == "timeline" else report_of(name)
    page = render(report, "html")
    (directory / "page.html").write_text(page.replace("</head>", ALONE) if name == "timeline" else page, "utf-8")
    (directory / "mail.html").write_text(mail_html(report), "utf-8")
