import email
import email.policy
import socket

import pytest

from collector.deliver.deadline import TimeLimits
from collector.deliver.destinations import Mail
from collector.deliver.message import Content, compose
from collector.deliver.smtp import _Delivery, send
from collector.errors import DeliveryError
from collector.settings import MailSettings

from . import servers
from .reports import CRASH
from .servers import AUTH, PASSWORD, USER, Authority, Box, mail_server, rude_server

pytestmark = pytest.mark.filterwarnings(servers.AUTH_WARNING)

OPS, BOSS = "ops@example.org", "boss@example.org"
MESSAGE = compose(Mail((OPS, BOSS)), CRASH, Content("text ▁\n", "<p>ü", "<title>page"), sender="collector@example.org", now=0.0)
QUICK = TimeLimits(deadline=5.0, timeout=2.0, pauses=(0.01, 0.01))
SHORT = TimeLimits(deadline=0.4, timeout=5.0, pauses=())


def settings(port, security="plain", host="127.0.0.1", user="", password=""):
    return MailSettings(host, port, security, user, password)


def failure(port, limits=QUICK, to=(OPS,), **options):
    with pytest.raises(DeliveryError) as caught:
        send(MESSAGE, to, settings(port, **options), limits)
    return str(caught.value)


@pytest.fixture(autouse=True)
def authority(tmp_path, monkeypatch):
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


def test_a_server_takes_the_mail_for_all():
    box = Box()
    with mail_server(box) as port:
        send(MESSAGE, (OPS, BOSS), settings(port), QUICK)
    (letter,) = box.letters
    assert (letter.mail_from, letter.rcpt_tos) == ("collector@example.org", [OPS, BOSS])
    taken = email.message_from_bytes(letter.content, policy=email.policy.default)
    assert taken["Subject"] == MESSAGE["Subject"]
    assert taken.get_body(("plain",)).get_content().rstrip() == "text ▁"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_over_tls_with_user_and_password(authority, security):
    box = Box()
    tls = {"tls_context": authority.context(), "require_starttls": True} if security == "starttls" else {"ssl_context": authority.context()}
    with mail_server(box, **AUTH, **tls) as port:
        send(MESSAGE, (OPS,), settings(port, security, user=USER, password=PASSWORD), QUICK)
    assert len(box.letters) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_an_unknown_authority_is_refused_at_once(authority, security, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    box = Box()
    tls = {"tls_context": authority.context()} if security == "starttls" else {"ssl_context": authority.context()}
    with mail_server(box, **tls) as port:
        assert "its certificate is not accepted" in failure(port, security=security, user=USER, password=PASSWORD)
    assert box.letters == []


def test_a_certificate_for_another_name_is_refused(authority):
    box = Box()
    with mail_server(box, ssl_context=authority.context("mail.example.org")) as port:
        assert "its certificate is not accepted: IP address mismatch" in failure(port, security="tls")
    assert box.letters == []


def test_a_server_without_starttls_never_gets_the_password_or_the_mail():
    box = Box()
    with mail_server(box, **AUTH) as port:
        assert "STARTTLS extension not supported" in failure(port, security="starttls", user=USER, password=PASSWORD)
    assert box.letters == []


def test_a_wrong_password_is_reported_once_and_not_shown():
    box = Box()
    with mail_server(box, **AUTH) as port:
        told = failure(port, user=USER, password="wrong-one")
    assert "535" in told
    assert "wrong-one" not in told


def test_a_deferred_recipient_is_retried_and_gets_the_mail_once():
    box = Box(answers=["450 4.2.0 greylisted", "451 4.3.0 still busy"])
    with mail_server(box) as port:
        send(MESSAGE, (OPS,), settings(port), QUICK)
    assert [letter.rcpt_tos for letter in box.letters] == [[OPS]]
    assert box.attempts == 3


def test_only_the_deferred_one_of_two_recipients_is_retried():
    class Greylisting(Box):
        async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
            if address == BOSS and not self.letters:
                return "450 4.2.0 greylisted"
            return await super().handle_RCPT(server, session, envelope, address, options)

    box = Greylisting()
    with mail_server(box) as port:
        send(MESSAGE, (OPS, BOSS), settings(port), QUICK)
    assert [letter.rcpt_tos for letter in box.letters] == [[OPS], [BOSS]]


def test_a_refused_recipient_is_named_and_the_other_gets_the_mail_once():
    box = Box(refuse=[BOSS])
    with mail_server(box) as port:
        told = failure(port, to=(OPS, BOSS))
    assert f"{BOSS}: 550 5.1.1 no such user" in told
    assert OPS not in told
    assert [letter.rcpt_tos for letter in box.letters] == [[OPS]]


def test_a_permanent_refusal_is_not_retried():
    box = Box(refuse=[OPS])
    with mail_server(box) as port:
        assert "550 5.1.1 no such user" in failure(port)
    assert box.attempts == 1


@pytest.mark.parametrize(
    ("talk", "reason", "tries"),
    [
        (servers.hanging_up, "Connection unexpectedly closed", 3),
        (servers.busy, "421 4.3.2 too busy, come back later", 3),
        (servers.banned, "554 5.7.1 you are on a list", 1),
        (servers.dying_in_data, "", 3),
    ],
)
def test_a_failing_server_is_retried_if_that_can_help(talk, reason, tries):
    with rude_server(talk) as (port, connections):
        assert reason in failure(port)
        assert len(connections) == tries


def test_a_server_that_ends_the_conversation_has_delivered_to_nobody():
    with rude_server(servers.closing_after_one_recipient) as (port, connections):
        told = failure(port, to=(OPS, BOSS))
        assert len(connections) == 3
    assert f"{OPS}: 421 4.7.0 too many" in told
    assert f"{BOSS}: " in told


@pytest.mark.parametrize("talk", [servers.silent, servers.dripping])
def test_an_endless_conversation_is_ended_at_the_deadline(talk):
    with rude_server(talk) as (port, _), servers.Stopwatch() as watch:
        told = failure(port, SHORT)
    assert "no answer within 0.4 s" in told or "timed out" in told
    assert watch.seconds < 3


def test_without_a_listener_the_reason_is_refused():
    assert "Connection refused" in failure(servers.free_port())


def test_an_unknown_host_is_a_reason_not_a_crash(monkeypatch):
    def unknown(*_args, **_options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "mail.invalid:25 did not take the mail for ops@example.org: Name or service not known" in failure(25, host="mail.invalid")


def test_running_out_of_time_is_reported():
    assert "no time was left for it" in failure(1, TimeLimits(deadline=0.0))


@pytest.mark.parametrize("host", ["a..b", ".example", "x" * 64 + ".example", "nul\0"])
def test_an_impossible_host_name_is_reported_and_not_retried(host):
    told = failure(25, host=host, limits=TimeLimits(deadline=5.0, timeout=2.0, pauses=(60.0,)))
    assert told.startswith(f"the mail server {host}:25 did not take the mail for {OPS}: ")


def test_an_abandoned_attempt_sends_only_to_its_own_recipients():
    """Not to the recipients still waiting when its thread gets there, which may have been answered since."""
    box = Box()
    with mail_server(box) as port:
        delivery = _Delivery(MESSAGE, settings(port), [])
        delivery._converse((OPS,), 5.0)
    assert [letter.rcpt_tos for letter in box.letters] == [[OPS]]
