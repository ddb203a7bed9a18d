"""Numbers that no float can represent are rejected, in any file from elsewhere."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from collector.replay import Recording
from collector.resources import incident
from collector.strict_json import strict_json
from tests.hostile.run import BUGS, Run, again, call, diagnose

REFUSED = 78
ABSURD = ("1e400", "-1e400", "9" * 400, "9" * 5000, "NaN", "-Infinity")
FIELDS = ("time", "lag_seconds", "date_within", "started_at")


def test_what_is_a_number_is_read_as_json_does() -> None:
    text = b'[1, -2.5e3, 1e100, 1e-400, "9e999 %s", %s, -%d]' % (b"9" * 400, b"7" * 300, int(1e308))
    assert strict_json(text) == json.loads(text)


@pytest.mark.parametrize("number", ABSURD)
def test_what_only_looks_like_a_number_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match=r"digits|too large|is not a JSON number"):
        strict_json(f'{{"x": [{number}]}}'.encode())


@pytest.mark.parametrize("number", ABSURD)
@pytest.mark.parametrize("field", FIELDS)
def test_a_bundle_with_it_is_refused(field: str, number: str) -> None:
    check_refused(again(with_number(diagnose("app-crash").files["bundle.json"], field, number), "-o", "text"))


@pytest.mark.parametrize("number", ABSURD)
def test_a_report_with_it_is_refused(number: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_bytes(with_number(diagnose("app-crash").stdout.encode(), "uptime_seconds", number))
    check_refused(call("diff", str(report), str(report), environ={}))


def test_a_recording_with_it_is_refused(tmp_path: Path) -> None:
    lines = gzip.decompress(incident("app-crash").read_bytes()).split(b"\n")
    file = tmp_path / "recording.gz"
    file.write_bytes(gzip.compress(b"\n".join([with_number(lines[0], "recorded_at", "9" * 400), *lines[1:]])))
    with pytest.raises(Exception, match="400 digits"):
        Recording.load(file)


def with_number(document: bytes, field: str, number: str) -> bytes:
    """Return the document with this number in every field of that name that has one."""
    pattern = rb'("%s": ?)-?\d[\d.e+-]*' % field.encode()
    changed, count = re.subn(pattern, rb"\g<1>" + number.encode(), document)
    assert count
    return changed


def check_refused(run: Run) -> None:
    assert run.code == REFUSED, run.stderr
    assert not BUGS.search(run.stderr)
    assert run.stderr.count("\n") == 1
