"""The documents' crontabs, run as by cron: only the crontab's own environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from email import message_from_bytes
from pathlib import Path

import pytest

from collector.replay import demo_environment
from tests.deliver.servers import Box, mail_server
from tests.docs.documents import ROOT
from tests.e2e.incidents import recording

PAGES = ("README.md",)
NEEDED = ("NOMAD_ADDR", "CONSUL_HTTP_ADDR", "COLLECTOR_SMTP_URL")
"""Without these cron's collector asks, or tells, nobody."""
LINE = re.compile(r"(?:[\d*/,-]+ +){5}(.*)")


def crontab(page: str) -> tuple[dict[str, str], str]:
    """Return variables and command of a page's crontab."""
    (block,) = [block for block in re.findall(r"```\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL) if LINE.search(block)]
    *settings, line = block.splitlines()
    match = LINE.fullmatch(line)
    assert match
    return dict(setting.split("=", 1) for setting in settings), match[1]


@pytest.mark.parametrize("page", PAGES)
def test_cron_mails_only_what_the_collector_mails_itself(page: str, tmp_path: Path) -> None:
    variables, command = crontab(page)
    here = {"/srv/collector": str(ROOT), "bin/collector": f"{sys.executable} -m collector", "/var/lib/collector": str(tmp_path)}
    for there, instead in here.items():
        command = command.replace(there, instead)
    assert set(NEEDED) <= set(variables)
    box = Box()
    with mail_server(box) as port, demo_environment(recording("app-crash"), path=os.environ["PATH"]) as cluster:
        told = {**cluster, "COLLECTOR_SMTP_URL": f"{variables['COLLECTOR_SMTP_URL'].replace('localhost', '127.0.0.1')}:{port}"}
        environ = {name: value for name, value in told.items() if name in variables or name not in NEEDED}  # the replay sets its own
        runs = [subprocess.run(["/bin/sh", "-c", command], env=environ, capture_output=True, text=True, check=False) for _ in range(2)]
    assert [(run.returncode, run.stdout, run.stderr) for run in runs] == [(2, "", "")] * 2
    assert len(box.letters) == 1, "the second run had no news"
    assert "app.exited" in str(message_from_bytes(box.letters[0].content)["Subject"])
