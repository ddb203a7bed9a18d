# ruff: noqa: INP001 - a script beside the pictures it makes, in no package
"""Write the page and the mail of a recorded incident: `python docs/images/pages.py app-crash DIR` makes DIR/page.html and DIR/mail.html."""

from __future__ import annotations

import sys
from pathlib import Path

from collector.commands.demo import diagnosed
from collector.render import mail_html, render
from collector.replay import Recording
from collector.resources import incident

if __name__ == "__main__":
    (report, _), directory = diagnosed(Recording.load(incident(sys.argv[1]))), Path(sys.argv[2])
    (directory / "page.html").write_text(render(report, "html"), "utf-8")
    (directory / "mail.html").write_text(mail_html(report), "utf-8")
