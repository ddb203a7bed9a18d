"""Delivers a report to standard output, files and mail. Every destination is tried, whatever happens to the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from collector.deliver.deadline import TimeLimits
from collector.deliver.destinations import Destination, File, Mail, Stdout
from collector.deliver.undelivered import keep_undelivered
from collector.errors import DeliveryError
from collector.files import write_atomic
from collector.model import JSON
from collector.settings import MailSettings
from collector.streams import encodable

Render = Callable[[str, str], str]
"""(format, reader) to text. Readers are `stdout`, `file` and `mail`; a mail's `html` has inline styles and no SVG."""


@dataclass(frozen=True, slots=True)
class Outlets:
    """The environment of a delivery.

    `keep_in` is the directory for undeliverable reports; `limits` returns the time limits for the next mail.
    """

    stdout: TextIO
    keep_in: Path
    mail: MailSettings | None = None
    limits: Callable[[], TimeLimits] = TimeLimits


@dataclass(frozen=True, slots=True)
class Delivered:
    """The outcome. `problems` are sentences for stderr; if there are any, the exit code is DeliveryError's, not the verdict's.

    `owed`: a mail with news failed; the kept run is marked so that the next run reports the news again.
    """

    problems: tuple[str, ...] = ()
    owed: bool = False


def deliver(document: Mapping[str, JSON], places: Sequence[Destination], render: Render, outlets: Outlets) -> Delivered:
    """Deliver the report to every destination that is due; `document` is the report's JSON with its `changes`."""
    problems: list[str] = []
    owed = False
    for place in places:
        try:
            _hand_over(document, place, render, outlets)
        except DeliveryError as error:
            problems.append(str(error))
            owed = owed or isinstance(place, Mail)
    return Delivered(tuple(problems), owed)


def _hand_over(document: Mapping[str, JSON], place: Destination, render: Render, outlets: Outlets) -> None:
    if isinstance(place, Stdout):
        _print(render(place.format, "stdout"), outlets)
    elif isinstance(place, File):
        _write(place, render(place.format, "file"), outlets)
    elif isinstance(place, Mail) and is_due(place, document):
        _mail(place, document, render, outlets)


def is_due(mail: Mail, document: Mapping[str, JSON]) -> bool:
    """True if this report is to be mailed; without kept runs every report counts as a change."""
    if mail.when == "problem":
        return bool(document["verdict"] != "ok")
    if mail.when == "change":
        changes = document.get("changes")
        return changes is None or bool(changes["mail_worthy"])
    return True


def _print(text: str, outlets: Outlets) -> None:
    """Write to standard output. A reader that has gone (`| head`) is not an error."""
    try:
        outlets.stdout.write(encodable(text, outlets.stdout))
        outlets.stdout.flush()
    except BrokenPipeError:
        return
    except OSError as error:
        raise DeliveryError(f"standard output: {error.strerror}; {_keep(text, 'txt', outlets)}") from error


def _write(place: File, text: str, outlets: Outlets) -> None:
    try:
        write_atomic(place.path, text.encode("utf-8", "replace"), place.mode)
    except OSError as error:
        raise DeliveryError(f"cannot write {place.path}: {error.strerror}; {_keep(text, place.format, outlets)}") from error


def _mail(place: Mail, document: Mapping[str, JSON], render: Render, outlets: Outlets) -> None:
    from collector.deliver.message import Content, compose, default_sender  # noqa: PLC0415 - most runs mail nothing
    from collector.deliver.smtp import send  # noqa: PLC0415 - most runs mail nothing

    if outlets.mail is None:
        raise AssertionError("destinations() lets no mail pass without a server")
    content = Content(text=render("text", "mail"), html=render("html", "mail"), page=render("html", "file"))
    sender = place.sender or outlets.mail.sender or default_sender()
    message = compose(place, document, content, sender=sender, now=time.time())
    try:
        send(message, place.to, outlets.mail, outlets.limits())
    except DeliveryError as error:
        raise DeliveryError(f"{error}; {keep_undelivered(outlets.keep_in, message.as_bytes(), 'eml')}") from error


def _keep(text: str, suffix: str, outlets: Outlets) -> str:
    return keep_undelivered(outlets.keep_in, text.encode("utf-8", "replace"), suffix)
