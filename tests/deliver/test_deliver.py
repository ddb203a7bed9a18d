import errno
import io
import stat

import pytest

from collector.deliver import File, Mail, Ping, Stdout
from collector.deliver.deadline import TimeLimits
from collector.deliver.delivery import Outlets, deliver
from collector.deliver.undelivered import KEEP, keep_undelivered
from collector.settings import MailSettings

from . import servers
from .reports import CRASH, change, report

QUICK = TimeLimits(deadline=3.0, timeout=1.0, pauses=())
MAIL = Mail(("ops@example.org",))


def render(format_name, reader):
    return f"{format_name} for {reader}: ▁\n"


@pytest.fixture
def outlets(tmp_path):
    return Outlets(io.StringIO(), tmp_path / "state", MailSettings("127.0.0.1", servers.free_port(), "plain"), lambda: QUICK)


def test_standard_output_carries_the_report_and_nothing_else(outlets):
    assert deliver(CRASH, [Stdout("text")], render, outlets).problems == ()
    assert outlets.stdout.getvalue() == "text for stdout: ▁\n"


def test_characters_missing_in_the_encoding_become_question_marks(outlets):
    raw = io.BytesIO()
    latin = Outlets(io.TextIOWrapper(raw, encoding="latin-1"), outlets.keep_in)
    assert deliver(CRASH, [Stdout("text")], render, latin).problems == ()
    assert raw.getvalue() == b"text for stdout: ?\n"


def test_a_file_is_written_whole_with_its_mode(outlets, tmp_path):
    private, shared = tmp_path / "r.json", tmp_path / "c.prom"
    private.write_text("old and longer than what is new, to be sure")
    private.chmod(0o666)
    deliver(CRASH, [File(private, "json"), File(shared, "prometheus", 0o644)], render, outlets)
    assert private.read_text() == "json for file: ▁\n"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (private, shared)] == [0o600, 0o644]
    assert {path.name for path in tmp_path.iterdir()} == {"r.json", "c.prom"}


def test_a_full_standard_output_is_a_problem_and_the_report_is_kept(outlets):
    class Full(io.StringIO):
        def flush(self):
            raise OSError(errno.ENOSPC, "No space left on device")

    told = deliver(CRASH, [Stdout("text")], render, Outlets(Full(), outlets.keep_in))
    assert "standard output: No space left on device; it is kept as" in told.problems[0]
    assert [path.read_text() for path in outlets.keep_in.iterdir()] == ["text for stdout: ▁\n"]


def test_a_reader_that_left_is_no_problem_and_delivery_continues(outlets, tmp_path):
    class Left(io.StringIO):
        def flush(self):
            raise BrokenPipeError

    told = deliver(CRASH, [Stdout("text"), File(tmp_path / "r", "json")], render, Outlets(Left(), outlets.keep_in))
    assert told.problems == ()
    assert (tmp_path / "r").exists()


def test_a_file_that_cannot_be_written_is_a_problem_and_the_report_is_kept(outlets, tmp_path):
    told = deliver(CRASH, [File(tmp_path / "gone" / "r.html", "html"), Stdout("text")], render, outlets)
    assert "cannot write" in told.problems[0]
    assert "No such file or directory; it is kept as" in told.problems[0]
    assert outlets.stdout.getvalue() == "text for stdout: ▁\n"
    assert not told.owed


def test_a_mail_goes_out_with_its_three_forms(outlets):
    box = servers.Box()
    with servers.mail_server(box) as port:
        told = deliver(
            CRASH, [MAIL], render, Outlets(io.StringIO(), outlets.keep_in, MailSettings("127.0.0.1", port, "plain"), lambda: QUICK)
        )
    assert (told.problems, told.owed) == ((), False)
    assert box.letters[0].content.count(b"for mail") == 2
    assert not outlets.keep_in.exists()


def test_a_failed_mail_is_kept_completely_and_owed(outlets):
    told = deliver(CRASH, [MAIL, Stdout("text")], render, outlets)
    (path,) = outlets.keep_in.iterdir()
    assert told.owed
    assert told.problems[0].endswith(f"did not take the mail for ops@example.org: Connection refused; it is kept as {path}")
    assert path.read_bytes().startswith(b"Subject: ")
    assert (path.suffix, stat.S_IMODE(path.stat().st_mode)) == (".eml", 0o600)
    assert outlets.stdout.getvalue() == "text for stdout: ▁\n"


@pytest.mark.parametrize(
    ("when", "document", "due"),
    [
        ("always", report(), True),
        ("problem", report(), False),
        ("problem", report(verdict="unknown"), True),
        ("change", report(changes=[]), True),
        ("change", report(changes=[], worthy=False), False),
        ("change", report(changes=[change("resolved")]), True),
    ],
)
def test_a_mail_is_due(outlets, when, document, due):
    assert deliver(document, [Mail(MAIL.to, when=when)], render, outlets).owed == due


def test_a_ping_is_not_a_reader_of_the_report(outlets):
    assert deliver(CRASH, [Ping("http://127.0.0.1:1/x")], render, outlets).problems == ()


def test_only_so_many_undelivered_reports_are_kept(tmp_path):
    others = [
        tmp_path / name for name in ("other.eml", "undelivered-0-my-thesis.doc", "undelivered-20260101T000000Z-0a1b2c", "undelivered-")
    ]
    for other in others:
        other.write_text("not ours")
    for _ in range(KEEP + 3):
        keep_undelivered(tmp_path, b"report", "eml")
    assert len(list(tmp_path.glob("undelivered-*.eml"))) == KEEP
    assert all(other.exists() for other in others)


def test_another_users_undelivered_reports_stay(tmp_path, monkeypatch):
    for _ in range(KEEP):
        keep_undelivered(tmp_path, b"report", "eml")
    monkeypatch.setattr("os.getuid", lambda: -1)
    for _ in range(3):
        keep_undelivered(tmp_path, b"report", "eml")
    assert len(list(tmp_path.glob("undelivered-*"))) == KEEP + 3


def test_a_report_that_cannot_be_kept_either_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    assert "could not be kept as" in keep_undelivered(tmp_path / "file", b"report", "eml")
