"""Where a report goes: what the spec's `report` and the command line say, as plain values.

All that can be wrong is found here, before the first request leaves.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from collector.errors import CollectorError, Problem, SettingsError, SpecError, UsageError
from collector.model import JSON, Mark, Spec
from collector.settings import MailSettings
from collector.settings.address import may_be_a_host

When = Literal["always", "problem", "change"]

PRIVATE, SHARED = 0o600, 0o644
PREFIX = "[collector]"

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?P<domain>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?)")


class Stdout(NamedTuple):
    """The report in one format on standard output."""

    format: str


class File(NamedTuple):
    """The report in one format in a file, replaced whole. `mode` are its permissions: its owner's only, unless others must read it."""

    path: Path
    format: str
    mode: int = PRIVATE


class Mail(NamedTuple):
    """The report as a mail. `when`: always, only when the verdict is not ok, or only when something changed (needs kept runs)."""

    to: tuple[str, ...]
    sender: str | None = None
    when: When = "always"
    prefix: str = PREFIX


class Ping(NamedTuple):
    """A dead-man service's URL, told when a run starts and ends.

    That a run ended is success, whatever it found; with a verdict in `fail_on` the ping says failure instead.
    """

    url: str
    method: Literal["GET", "POST"] = "POST"
    fail_on: frozenset[str] = frozenset()


Destination = Stdout | File | Mail | Ping


class Wishes(NamedTuple):
    """What the command line says about delivery; None and () where it says nothing."""

    output: str | None = None
    out: Path | None = None
    mail_to: tuple[str, ...] = ()
    mail_when: When | None = None


def destinations(spec: Spec, wishes: Wishes, *, mail: MailSettings | None, keeps_runs: bool) -> tuple[Destination, ...]:
    """Return every destination; the command line wins over the spec.

    `--output` and `--out` replace what the spec sends to standard output, `--mail-to` its recipients.
    SpecError, UsageError or SettingsError when a destination cannot work: a bad address or URL, no directory, no mail server, no kept runs.
    """
    places = [_from_spec(spec, entry, f"$.report[{index}]") for index, entry in enumerate(spec.report)]
    places = _overridden(places, wishes)
    for place in places:
        _check(place, mail, keeps_runs=keeps_runs)
    return tuple(places)


def _from_spec(spec: Spec, entry: JSON, path: str) -> Destination:
    """One entry of `report`: a format, or a mapping of one name to its settings (schemas/spec.schema.json)."""
    if isinstance(entry, str):
        return Stdout(entry)
    ((name, options),) = entry.items()
    try:
        return _READERS[name](options)
    except CollectorError as error:
        raise SpecError([Problem(Mark(spec.path, 1, 1, f"{path}.{name}"), str(error))]) from error


def objection(entry: JSON) -> str | None:
    """What is wrong with one entry of `report` whatever the command line and the environment say; None for what can work. For `lint`."""
    try:
        for name, options in {} if isinstance(entry, str) else entry.items():
            _READERS[name](options)
    except CollectorError as error:
        return str(error)
    return None


def _mail(options: Mapping[str, JSON]) -> Mail:
    to = options["to"]
    return Mail(
        to=_addresses([to] if isinstance(to, str) else to),
        sender=address(options["from"]) if options.get("from") else None,
        when=options.get("when", "always"),
        prefix=options.get("subject_prefix", PREFIX),
    )


def _file(options: Mapping[str, JSON]) -> File:
    return _to_file(Path(options["path"]), options.get("format", "text"), options.get("mode"))


def _to_file(path: Path, output: str, mode: str | None = None) -> File:
    """Private by default, but for the metrics: node_exporter, who reads them, is another user, and they name no evidence."""
    return File(path, output, int(mode, 8) if mode else SHARED if output == "prometheus" else PRIVATE)


def _ping(options: Mapping[str, JSON]) -> Ping:
    url = options["url"]
    if not _may_be_pinged(url):
        raise UsageError("the ping URL is not of the form https://host/path")
    fail_on = options.get("fail_on", ())
    verdicts = frozenset([fail_on] if isinstance(fail_on, str) else fail_on)
    return Ping(url.rstrip("/"), options.get("method", "POST"), verdicts)


def _may_be_pinged(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port  # a port that is none raises ValueError, as a bracket without its pair does
    except ValueError:
        return False
    clean = not (parts.query or parts.fragment or re.search(r"[^!-~]", url))
    return clean and parts.scheme in ("http", "https") and may_be_a_host(host)


_READERS: dict[str, Callable[[Mapping[str, JSON]], Destination]] = {"email": _mail, "file": _file, "ping": _ping}


def _addresses(texts: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return tuple(address(text) for text in texts)


def address(text: str) -> str:
    """Return one mail address, checked: `name@host` in ASCII and nothing else; UsageError says what it is not."""
    match = _ADDRESS.fullmatch(text)
    if not match or ".." in text:
        raise UsageError(f"{text!r} is not a mail address of the form name@example.org")
    return text


def _overridden(places: list[Destination], wishes: Wishes) -> list[Destination]:
    if wishes.output or wishes.out:
        places = _redirected(places, wishes)
    if wishes.mail_to:
        model = next((place for place in places if isinstance(place, Mail)), Mail(()))
        others = [place for place in places if not isinstance(place, Mail)]
        places = [*others, model._replace(to=_addresses(wishes.mail_to))]
    if wishes.mail_when:
        places = [place._replace(when=wishes.mail_when) if isinstance(place, Mail) else place for place in places]
    return places


def _redirected(places: list[Destination], wishes: Wishes) -> list[Destination]:
    spoken = next((place.format for place in places if isinstance(place, Stdout)), "text")
    output = wishes.output or spoken
    first: Destination = _to_file(wishes.out, output) if wishes.out else Stdout(output)
    return [first, *(place for place in places if not isinstance(place, Stdout))]


def _check(place: Destination, mail: MailSettings | None, *, keeps_runs: bool) -> None:
    if isinstance(place, File) and not place.path.absolute().parent.is_dir():
        raise UsageError(f"cannot write {place.path}: there is no directory {place.path.absolute().parent}")
    if not isinstance(place, Mail):
        return
    if mail is None:
        raise SettingsError("a mail is to be sent, but COLLECTOR_SMTP_URL does not say through which server (smtp+starttls://user@host)")
    if place.when == "change" and not keeps_runs:
        raise UsageError("--mail-when change compares with the run before: say with --state DIR where runs are kept")
    _check_server(mail)


def _check_server(mail: MailSettings) -> None:
    if mail.sender:
        address(mail.sender)
    if not (mail.user + mail.password).isascii():
        raise SettingsError("the mail server's user and password can only be sent when they are ASCII")
    if mail.password and mail.security == "plain" and not _on_this_machine(mail.host):
        raise SettingsError(
            f"COLLECTOR_SMTP_URL: smtp:// would send the password to {mail.host} in the clear; use smtp+starttls:// or smtps://"
        )


def _on_this_machine(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
