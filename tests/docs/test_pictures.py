"""The documents' pictures can be regenerated, which otherwise nobody tries until a template changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.documents import ROOT


@pytest.mark.parametrize("incident", ["app-crash", "timeline"])
def test_the_pages_that_the_pictures_are_taken_of_can_be_made(incident: str, tmp_path: Path) -> None:
    script = [sys.executable, "docs/images/pages.py", incident, str(tmp_path)]
    done = subprocess.run(script, cwd=ROOT, env={**os.environ, "PYTHONPATH": "."}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in tmp_path.iterdir()} == {"page.html", "mail.html"}
