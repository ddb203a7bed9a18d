import email
import email.policy
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.deliver.destinations import Mail
from collector.deliver.message import MAX_PAGE, Content, compose, default_sender, subject

from .reports import CRASH, change, finding, report

CONTENT = Content("odroid8: the application exits\n", "<p>odroid8 ▁▂</p>", "<!doctype html><title>page</title>")
MAIL = Mail(("ops@example.org", "boss@example.org"))
NOW = 1795503656.0


def letter(document=CRASH, content=CONTENT, sender="collector@board.example.org", mail=MAIL):
    """Return the mail as its reader's program sees it: serialized and parsed."""
    return email.message_from_bytes(compose(mail, document, content, sender=sender, now=NOW).as_bytes(), policy=email.policy.default)


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (CRASH, "navidrome CRITICAL odroid8: app.exited - new"),
        (report(finding()), "navidrome CRITICAL odroid8: app.exited"),
        (report(finding(), finding("disk.full"), finding("port.in-use")), "navidrome CRITICAL odroid8: app.exited (+2 more)"),
        (report(finding("nomad.no-leader", None)), "navidrome CRITICAL nomad.no-leader"),
        (
            report(finding("unknown", title='check "ping" is critical; no rule explains it')),
            'navidrome CRITICAL odroid8: unknown: check "ping" is critical',
        ),
        (report(finding("unknown", None, title="x" * 99), finding()), f"navidrome CRITICAL unknown: {'x' * 77}... (+1 more)"),
        (report(), "navidrome OK"),
        (report(changes=[change("resolved")]), "navidrome OK - resolved odroid8: app.exited"),
        (
            report(finding("disk.full"), changes=[change("worse", "disk.full"), change("resolved"), change("resolved", node="odroid7")]),
            "navidrome CRITICAL odroid8: disk.full - worse, resolved odroid8: app.exited (+1 more)",
        ),
        (
            report(finding(), finding("disk.full", "odroid7"), changes=[change("unchanged"), change("new", "disk.full", "odroid7")]),
            "navidrome CRITICAL odroid8: app.exited (+1 more) - unchanged, new odroid7: disk.full",
        ),
        (
            report(finding(), finding("disk.full"), changes=[change("new"), change("new", "disk.full")]),
            "navidrome CRITICAL odroid8: app.exited (+1 more) - new",
        ),
        (
            report(changes=[change("resolved", "unknown", title="LiteFS does not answer: timeout; no rule explains it")]),
            "navidrome OK - resolved odroid8: unknown: LiteFS does not answer: timeout",
        ),
        (report(changes=[], before="warning"), "navidrome OK - was warning"),
        (report(changes=[], before="ok", verdict="warning"), "navidrome WARNING 17 of 17 items seen - was ok"),
        (report(changes=[change("resolved")], before="critical"), "navidrome OK - resolved odroid8: app.exited"),
        (report(changes=[change("flapping")]), "navidrome OK - flapping odroid8: app.exited"),
        (report(finding(), changes=[change("new", root=False)]), "navidrome CRITICAL odroid8: app.exited"),
        (report(finding(), job="wiki"), "navidrome/wiki CRITICAL odroid8: app.exited"),
        (report(finding(), job="navidrome"), "navidrome CRITICAL odroid8: app.exited"),
        (report(verdict="unknown", coverage={"planned": 17, "collected": 3}), "navidrome UNKNOWN 3 of 17 items seen"),
    ],
)
def test_the_subject_says_verdict_cause_and_change(document, line):
    assert subject(document, "[collector]") == f"[collector] {line}"


def test_the_subject_survives_the_wire():
    assert letter()["Subject"] == "[collector] navidrome CRITICAL odroid8: app.exited - new"


SUBJECTS = {
    "short": report(finding()),
    "just above a line": report(finding("litefs.replica.disconnected", "odroid7"), finding("x")),
    "long": report(
        finding("litefs.replica.disconnected", "n" * 63 + ".example.org"), changes=[change("new", "c", "n"), change("resolved")]
    ),
    "the longest": report(finding("x" * 400)),
    "of other letters": report(finding("litefs.replica.disconnected", "knödel-" * 9), spec="größe " * 9),
}


@pytest.mark.parametrize("name", SUBJECTS)
def test_no_subject_begins_with_an_empty_line(name):
    wire = compose(MAIL, SUBJECTS[name], CONTENT, sender="collector@example.org", now=NOW).as_bytes(policy=None)
    (first,) = [line for line in wire.split(b"\n") if line.startswith(b"Subject:")]
    assert first.startswith(b"Subject: [collector] ")
    assert letter(SUBJECTS[name])["Subject"] == subject(SUBJECTS[name], "[collector]")
    assert max(map(len, re.findall(rb"=\?utf-8\?.*?\?=", wire)), default=0) <= 77  # as by Python's default policy


def test_the_folding_of_headers_leaves_the_text_as_it_is():
    wire = compose(MAIL, SUBJECTS["long"], Content("x" * 500, "y" * 500, "z" * 500), sender="a@b", now=NOW).as_bytes()
    assert max(len(line) for line in wire.split(b"\n") if line and set(line) <= set(b"xyz=")) <= 78


def test_text_comes_first_html_second_and_the_whole_page_is_attached():
    message = letter()
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/html",
    ]
    (page,) = message.iter_attachments()
    assert message.get_body(("plain",)).get_content() == CONTENT.text
    assert message.get_body(("html",)).get_content() == CONTENT.html + "\n"
    assert (page.get_filename(), page.get_content()) == ("navidrome-2026-11-24T06-23-41.html", CONTENT.page)


def test_headers_say_who_when_and_that_a_program_wrote_it():
    message = letter()
    assert {name: message[name] for name in ("From", "To", "Date", "Auto-Submitted", "X-Collector-Verdict")} == {
        "From": "collector@board.example.org",
        "To": "ops@example.org, boss@example.org",
        "Date": "Tue, 24 Nov 2026 07:00:56 -0000",
        "Auto-Submitted": "auto-generated",
        "X-Collector-Verdict": "critical",
    }


def test_all_mails_of_a_spec_and_sender_are_one_thread():
    first, second = letter(), letter(report())
    assert first["Message-ID"] != second["Message-ID"]
    assert first["References"] == first["In-Reply-To"] == second["References"]


@pytest.mark.parametrize(
    "other", [{"document": report(spec="gitea")}, {"document": report(job="wiki")}, {"sender": "collector@other.example.org"}]
)
def test_another_spec_job_or_sender_is_another_thread(other):
    assert letter(**other)["References"] != letter()["References"]


def test_a_page_that_servers_would_refuse_is_left_out_and_the_text_says_so():
    message = letter(content=Content("text\n", "<p>", "x" * (MAX_PAGE + 1)))
    assert list(message.iter_attachments()) == []
    assert "not attached: it has 8 MB" in message.get_body(("plain",)).get_content()


@given(text=st.text(st.characters(), max_size=400))
def test_report_text_cannot_add_a_header_or_break_the_mail(text):
    document = report(finding(text, text), spec=text, changes=[change("resolved", text, text)])
    message = letter(document, Content(text, text, text))
    assert set(message.keys()) == set(letter().keys())
    assert len(message.get_all("Subject")) == 1
    assert message.get_content_type() == "multipart/mixed"


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028"])
def test_a_line_break_in_a_name_is_a_space_in_the_subject(break_):
    message = letter(report(finding(f"x{break_}Bcc: thief@example.org")))
    assert message["Subject"] == "[collector] navidrome CRITICAL odroid8: x Bcc: thief@example.org"
    assert message["Bcc"] is None


def test_lines_on_the_wire_fit_the_protocol():
    long = "x" * 5000 + "\n" + "é▁" * 3000
    wire = compose(MAIL, CRASH, Content(long, long, long), sender="a@b", now=NOW).as_bytes(policy=email.policy.SMTP)
    assert max(len(line) for line in wire.split(b"\r\n")) <= 998
    assert wire.isascii()


def test_a_machine_without_a_proper_name_still_has_a_sender(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "_")
    assert default_sender() == "collector@localhost"
    monkeypatch.setattr("socket.gethostname", lambda: "board_7.example.org")
    assert default_sender() == "collector@board-7.example.org"
