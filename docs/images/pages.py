# ruff: noqa: INP001 - a script beside the pictures it makes, in no package
"""Write the page and the mail of a recorded incident: `python docs/images/pages.py app-crash DIR` makes DIR/page.html and DIR/mail.html."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from collector.commands.collecting import collect_bundle, read_spec
from collector.model import Report
from collector.pipeline import Call, conclude
from collector.render import mail_html, render
from collector.replay import Recording, demo_environment
from collector.resources import incident, spec_path
from collector.settings import Settings


def replayed(name: str) -> Report:
    """Return the report on an incident, with ages as they were when it was recorded."""
    recording = Recording.load(incident(name))
    with demo_environment(recording, path=os.environ["PATH"]) as environ:
        settings = Settings.from_environment(environ)
        bundle = collect_bundle(Call(read_spec(str(spec_path("navidrome")), {}, settings), settings))
    return conclude(bundle, float(recording.meta["recorded_at"]))


if __name__ == "__main__":
    report, directory = replayed(sys.argv[1]), Path(sys.argv[2])
    (directory / "page.html").write_text(render(report, "html"), "utf-8")
    (directory / "mail.html").write_text(mail_html(report), "utf-8")
