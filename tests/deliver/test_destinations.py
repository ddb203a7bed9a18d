import re
from pathlib import Path

import pytest

from collector.deliver import DeliveryOptions, File, Mail, Ping, Stdout, destinations
from collector.errors import SettingsError, SpecError, UsageError
from collector.model import Spec
from collector.recipients import address
from collector.settings import MailSettings

SERVER = MailSettings("mail.example.org", 587, "starttls", "robot", "secret")
OPS = "ops@example.org"


def places(*report, mail=SERVER, keeps_runs=True, **options):
    spec = Spec("navidrome", "specs/navidrome.yml", "", "", {}, (), {}, report=report)
    return destinations(spec, DeliveryOptions(**options), mail=mail, keeps_runs=keeps_runs)


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ("text", Stdout("text")),
        ("json", Stdout("json")),
        ({"email": {"to": [OPS]}}, Mail((OPS,))),
        ({"email": {"to": OPS}}, Mail((OPS,))),
        (
            {"email": {"to": [OPS, "b@c"], "from": "me@example.org", "when": "change", "subject_prefix": "[prod]"}},
            Mail((OPS, "b@c"), "me@example.org", "change", "[prod]"),
        ),
        ({"file": {"path": "report.html", "format": "html"}}, File(Path("report.html"), "html", 0o600)),
        ({"file": {"path": "report.txt"}}, File(Path("report.txt"), "text", 0o600)),
        ({"file": {"path": "c.prom", "format": "prometheus"}}, File(Path("c.prom"), "prometheus", 0o644)),
        ({"file": {"path": "r.html", "format": "html", "mode": "0640"}}, File(Path("r.html"), "html", 0o640)),
        ({"ping": {"url": "https://hc.example.org/uuid/"}}, Ping("https://hc.example.org/uuid")),
        (
            {"ping": {"url": "http://hc/uuid", "method": "GET", "fail_on": ["critical", "unknown"]}},
            Ping("http://hc/uuid", "GET", frozenset({"critical", "unknown"})),
        ),
        ({"ping": {"url": "http://hc/uuid", "fail_on": "critical"}}, Ping("http://hc/uuid", fail_on=frozenset({"critical"}))),
    ],
)
def test_an_entry_of_the_spec_is(entry, place):
    assert places(entry) == (place,)


MAILED = {"email": {"to": [OPS], "when": "change"}}


@pytest.mark.parametrize(
    ("report", "options", "expected"),
    [
        pytest.param(["text"], {"output": "json"}, [Stdout("json")], id="output replaces the spec's format"),
        pytest.param(["text", "markdown"], {"output": "json"}, [Stdout("json")], id="output replaces all formats"),
        pytest.param([MAILED], {"output": "json"}, [Stdout("json"), Mail((OPS,), when="change")], id="output adds standard output"),
        pytest.param(["html"], {"out": Path("x")}, [File(Path("x"), "html")], id="out takes what went to standard output"),
        pytest.param(["text"], {"out": Path("x"), "output": "prometheus"}, [File(Path("x"), "prometheus", 0o644)], id="out with output"),
        pytest.param([MAILED], {"out": Path("x")}, [File(Path("x"), "text"), Mail((OPS,), when="change")], id="out alone is text"),
        pytest.param(["text"], {"mail_to": (OPS,)}, [Stdout("text"), Mail((OPS,))], id="mail-to adds a mail"),
        pytest.param([MAILED], {"mail_to": ("me@b",)}, [Mail(("me@b",), when="change")], id="mail-to replaces the spec's recipients"),
        pytest.param([MAILED], {"mail_when": "always"}, [Mail((OPS,), when="always")], id="mail-when replaces the spec's"),
    ],
)
def test_the_command_line_wins(report, options, expected):
    assert places(*report, **options) == tuple(expected)


@pytest.mark.parametrize(
    ("report", "options", "error", "sentence"),
    [
        (["text"], {"mail_to": ("ops",)}, UsageError, "'ops' is not a mail address"),
        ([{"email": {"to": ["x@y\nBcc: z"]}}], {}, SpecError, r"specs/navidrome.yml:1:1: \$.report\[0\].email: .*is not a mail address"),
        (["text", {"email": {"to": [OPS], "from": "me"}}], {}, SpecError, r"\$.report\[1\].email: 'me' is not a mail address"),
        ([{"ping": {"url": "ftp://x"}}], {}, SpecError, r"\$.report\[0\].ping: the ping URL is not of the form"),
        ([{"ping": {"url": "https://x/a?b=c"}}], {}, SpecError, "the ping URL is not of the form"),
        ([{"ping": {"url": "https://x/a b"}}], {}, SpecError, "the ping URL is not of the form"),
        (["text"], {"mail_when": "change"}, UsageError, "--mail-when needs a recipient: use --mail-to"),
        ([{"ping": {"url": "http://[::1/x"}}], {}, SpecError, "the ping URL is not of the form"),
        ([{"ping": {"url": "http://h:99999/x"}}], {}, SpecError, "the ping URL is not of the form"),
        ([{"ping": {"url": "http://h:port/x"}}], {}, SpecError, "the ping URL is not of the form"),
        ([{"ping": {"url": "http://a..b/x"}}], {}, SpecError, "the ping URL is not of the form"),
        (["text"], {"out": Path("/")}, UsageError, "cannot write /: it is a directory"),
        (["text"], {"out": Path("-")}, UsageError, "cannot write -: it does not mean standard output"),
        ([{"file": {"path": "/usr/"}}], {}, UsageError, "cannot write /usr: it is a directory"),
        (["text"], {"out": Path("no/such/dir/x")}, UsageError, "cannot write no/such/dir/x: there is no directory .*no/such/dir"),
        ([MAILED], {"mail": None}, SettingsError, "mail needs a server: set COLLECTOR_SMTP_URL"),
        ([MAILED], {"keeps_runs": False}, UsageError, "--mail-when change compares with the previous run: name the directory"),
        ([MAILED], {"mail": MailSettings("h", 25, "plain", "u", "p")}, SettingsError, "would send the password to h in the clear"),
        ([MAILED], {"mail": MailSettings("127.example.org", 25, "plain", "u", "p")}, SettingsError, "to 127.example.org in the clear"),
        ([MAILED], {"mail": MailSettings("h", 587, "starttls", "u", "pä")}, SettingsError, "only be sent when they are ASCII"),
        ([MAILED], {"mail": MailSettings("h", 587, "starttls", sender="me")}, UsageError, "'me' is not a mail address"),
    ],
)
def test_an_unusable_destination_is_refused_before_the_run(report, options, error, sentence):
    with pytest.raises(error, match=sentence):
        places(*report, **options)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_a_password_may_be_sent_unencrypted_to_this_machine(host):
    assert places(MAILED, mail=MailSettings(host, 25, "plain", "u", "p")) == (Mail((OPS,), when="change"),)


@pytest.mark.parametrize("good", ["a@b", "first.last+tag@sub.example.org", "x_y-z@10.example"])
def test_an_address(good):
    assert address(good) == good


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "a",
        "@b",
        "a@",
        "a b@c",
        "a@b c",
        "a@b,c@d",
        "a@b\n",
        "a@b\r\nBcc: x@y",
        "<a@b>",
        "A <a@b>",
        "ä@b",
        "a@ä",
        "a@-b",
        "a@b..c",
        "a@b>",
    ],
)
def test_an_invalid_address_is_refused(bad):
    with pytest.raises(UsageError, match=re.escape(repr(bad))):
        address(bad)
