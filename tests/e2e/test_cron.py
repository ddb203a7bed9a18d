"""Reports by mail from cron, only if there is news."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path

import pytest

from collector.replay import demo_environment
from tests.deliver.servers import Box, free_port, mail_server
from tests.e2e.incidents import SPEC, recording
from tests.e2e.program import collector


@pytest.fixture
def inbox() -> Iterator[tuple[Box, str]]:
    box = Box()
    with mail_server(box) as port:
        yield box, f"smtp://127.0.0.1:{port}"


def mails(box: Box) -> list[Message]:
    return [message_from_bytes(letter.content, policy=default) for letter in box.letters]


def run(incident: str, url: str, state: Path, *more: str) -> tuple[int, str]:
    """Run cron's command line once; return exit code and stderr."""
    with demo_environment(recording(incident), path=os.environ["PATH"]) as leading:
        environ = {**leading, "COLLECTOR_SMTP_URL": url, "COLLECTOR_MAIL_FROM": "collector@example.org"}
        wishes = ["--mail-to", "ops@example.org", "--mail-when", "change", "--state", str(state)]
        done = collector("diagnose", SPEC, *wishes, *more, environ=environ)
    return done.returncode, done.stderr


def test_the_same_fault_twice_is_one_mail_and_its_end_is_another(inbox: tuple[Box, str], tmp_path: Path) -> None:
    kept, url = inbox
    codes = [run(name, url, tmp_path)[0] for name in ("app-crash", "app-crash", "healthy", "healthy")]
    assert codes == [2, 2, 0, 0]
    subjects = [str(mail["subject"]) for mail in mails(kept)]
    assert len(subjects) == 2
    assert "CRITICAL" in subjects[0]
    assert "odroid8" in subjects[0]
    assert "app.exited" in subjects[0]
    assert "resolved" in subjects[1]


def test_a_mail_reads_as_text_first_and_carries_the_page(inbox: tuple[Box, str], tmp_path: Path) -> None:
    kept, url = inbox
    run("app-crash", url, tmp_path)
    (mail,) = mails(kept)
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/html"]
    assert mail["auto-submitted"] == "auto-generated"
    text = next(part for part in mail.walk() if part.get_content_type() == "text/plain").get_content()
    assert "odroid8" in text.splitlines()[0]


def test_a_failed_mail_is_kept_reported_and_owed(tmp_path: Path, inbox: tuple[Box, str]) -> None:
    code, stderr = run("app-crash", f"smtp://127.0.0.1:{free_port()}", tmp_path)
    assert code == 70
    assert "refused" in stderr.lower()
    assert list(tmp_path.rglob("undelivered-*"))
    kept, url = inbox
    assert run("app-crash", url, tmp_path)[0] == 2
    assert len(kept.letters) == 1


def test_what_changed_is_in_every_output(tmp_path: Path, inbox: tuple[Box, str]) -> None:
    _, url = inbox
    run("healthy", url, tmp_path)
    out = tmp_path / "report.json"
    run("app-crash", url, tmp_path, "-o", "json", "--out", str(out))
    changes = json.loads(out.read_text())["changes"]
    assert {"new"} == {row["state"] for row in changes["findings"]}
    assert any(row["code"] == "app.exited" for row in changes["findings"])
    assert out.stat().st_mode & 0o777 == 0o600


def test_quiet_is_for_the_terminal_and_not_for_the_mail(inbox: tuple[Box, str], tmp_path: Path) -> None:
    kept, url = inbox
    with demo_environment(recording("app-crash"), path=os.environ["PATH"]) as leading:
        done = collector("diagnose", SPEC, "--mail-to", "ops@example.org", "-q", environ={**leading, "COLLECTOR_SMTP_URL": url})
    (mail,) = mails(kept)
    text = next(part for part in mail.walk() if part.get_content_type() == "text/plain").get_content()
    assert "DIAGNOSTICS" in text
    assert "DIAGNOSTICS" not in done.stdout
