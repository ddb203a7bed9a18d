"""Sends a message to a mail server: encrypted as configured, retried if that can help, within a deadline."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial

from collector.deliver.deadline import TimeLimits, within
from collector.errors import DeliveryError
from collector.settings import MailSettings

TRANSIENT, PERMANENT = 400, 500
"""SMTP replies from 400 on are temporary failures, from 500 on permanent ones (RFC 5321, 4.2.1)."""

Answers = Mapping[str, tuple[int, bytes]]
"""smtplib's result for rejected recipients: recipient to reply code and text."""


def send(message: EmailMessage, to: Sequence[str], server: MailSettings, limits: TimeLimits) -> None:
    """Send the message to every recipient; raise `DeliveryError` that says for whom it failed, and why.

    Only temporary failures are retried (no connection, 4xx replies), and only for the remaining recipients. The Message-ID stays the same,
    so that a server that accepted the mail but failed to confirm it delivers it once.
    """
    delivery = _Delivery(message, server, list(to))
    ends_at = time.monotonic() + limits.deadline
    for pause in (0.0, *limits.pauses):
        if ends_at - time.monotonic() <= pause:
            break
        time.sleep(pause)
        delivery.attempt(limits.timeout, ends_at - time.monotonic())
        if not delivery.waiting:
            break
    delivery.complain()


@dataclass(slots=True)
class _Delivery:
    """The state of one message: remaining recipients, rejected ones, and why the last attempt failed."""

    message: EmailMessage
    server: MailSettings
    waiting: list[str]
    refused: dict[str, str] = field(default_factory=dict)
    reason: str = "no time was left for it"

    def attempt(self, timeout: float, left: float) -> None:
        """Hold one conversation with the server, of at most `left` seconds."""
        try:
            answers = within(left, partial(self._converse, tuple(self.waiting), min(timeout, left)))
        except smtplib.SMTPRecipientsRefused as error:
            closed = (TRANSIENT, b"the server closed the connection")  # before it answered for this recipient
            self._settle({recipient: error.recipients.get(recipient, closed) for recipient in self.waiting})
        except (OSError, ValueError, smtplib.SMTPException) as error:  # ValueError: a name that is invalid in IDNA or not ASCII
            self.reason = _reason(error)
            if not _may_pass(error):
                self.refused |= dict.fromkeys(self.waiting, self.reason)
                self.waiting = []
        else:
            self._settle(answers)

    def _settle(self, answers: Answers) -> None:
        """Apply the server's replies: temporary refusals keep waiting, permanent ones are rejected, all others have the mail."""
        words = {recipient: _reply_text(code, text) for recipient, (code, text) in answers.items()}
        self.waiting = [recipient for recipient, (code, _) in answers.items() if TRANSIENT <= code < PERMANENT]
        self.refused |= {recipient: why for recipient, why in words.items() if recipient not in self.waiting}
        self.reason = "; ".join(words[recipient] for recipient in self.waiting)

    def _converse(self, to: Sequence[str], timeout: float) -> Answers:
        """Send over one connection; return the replies for recipients refused while others were accepted.

        The recipients are an argument because an abandoned thread may still get here after `waiting` has changed.
        """
        smtp = _connect(self.server, timeout)
        try:
            if self.server.user:
                smtp.login(self.server.user, self.server.password)
            return smtp.send_message(self.message, from_addr=self.message["From"], to_addrs=to)
        finally:
            with suppress(OSError, smtplib.SMTPException):
                smtp.quit()
            smtp.close()

    def complain(self) -> None:
        """Raise `DeliveryError` if any recipient did not get the message."""
        failures = {**self.refused, **dict.fromkeys(self.waiting, self.reason)}
        if failures:
            details = "; ".join(f"{recipient}: {why}" for recipient, why in failures.items())
            raise DeliveryError(f"the mail server {self.server.host}:{self.server.port} did not take the mail for {details}")


def _connect(server: MailSettings, timeout: float) -> smtplib.SMTP:
    """Connect, verifying certificate and name. Passes our own host name, since smtplib's DNS lookup for it may hang."""
    name = socket.gethostname() or "localhost"
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, local_hostname=name, timeout=timeout, context=ssl.create_default_context())
    smtp = smtplib.SMTP(server.host, server.port, local_hostname=name, timeout=timeout)
    if server.security == "starttls":
        try:
            smtp.starttls(context=ssl.create_default_context())
        except BaseException:
            smtp.close()
            raise
    return smtp


def _may_pass(error: Exception) -> bool:
    """True if the error may be temporary."""
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code < PERMANENT
    if isinstance(error, ssl.SSLError | smtplib.SMTPNotSupportedError):
        return False
    return isinstance(error, OSError)  # includes smtplib's own "connection closed"


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _reply_text(error.smtp_code, error.smtp_error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _reply_text(code: int, text: bytes | str) -> str:
    reply = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(reply.split())[:200]}"
