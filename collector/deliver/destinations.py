"""Where a report goes, from the spec's `report` and the command line, as plain values.

Everything that can be wrong with them is found here, before the first request.
"""

import os
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, NamedTuple

from collector.errors import CollectorError, Problem, SettingsError, SpecError, UsageError
from collector.model import JSON, Mark, Spec
from collector.recipients import address, ping_url
from collector.settings import MailSettings

When = Literal["always", "problem", "change"]

PRIVATE, SHARED = 0o600, 0o644
PREFIX = "[collector]"


class Stdout(NamedTuple):
    """One format of the report, on standard output."""

    format: str


class File(NamedTuple):
    """One format of the report, in a file that is replaced atomically with these permissions (`mode`)."""

    path: Path
    format: str
    mode: int = PRIVATE


class Mail(NamedTuple):
    """The report as a mail. `when`: always, only if the verdict is not ok, or only if something changed (needs kept runs)."""

    to: tuple[str, ...]
    sender: str | None = None
    when: When = "always"
    prefix: str = PREFIX


class Ping(NamedTuple):
    """The URL of a dead-man service, called when a run starts and ends.

    A run that reached any verdict counts as success, except for verdicts in `fail_on`.
    """

    url: str
    method: Literal["GET", "POST"] = "POST"
    fail_on: frozenset[str] = frozenset()


Destination = Stdout | File | Mail | Ping


class DeliveryOptions(NamedTuple):
    """The command line's delivery options; None and () if not given."""

    output: str | None = None
    out: Path | None = None
    mail_to: tuple[str, ...] = ()
    mail_when: When | None = None


def destinations(spec: Spec, options: DeliveryOptions, *, mail: MailSettings | None, keeps_runs: bool) -> tuple[Destination, ...]:
    """Return every destination; the command line overrides the spec.

    `--output` and `--out` replace what the spec sends to standard output, `--mail-to` its recipients.

    Raises:
        SpecError, UsageError, SettingsError: a destination is unusable (invalid address or URL, no directory, mail server or kept runs).
    """
    places = [_from_spec(spec, entry, f"$.report[{index}]") for index, entry in enumerate(spec.report)]
    places = _overridden(places, options)
    for place in places:
        _check(place, mail, keeps_runs=keeps_runs)
    return tuple(places)


def _from_spec(spec: Spec, entry: JSON, path: str) -> Destination:
    """Parse one entry of `report`: a format, or a mapping from one name to its settings (schemas/spec.schema.json)."""
    if isinstance(entry, str):
        return Stdout(entry)
    ((name, options),) = entry.items()
    try:
        return _READERS[name](options)
    except CollectorError as error:
        raise SpecError([Problem(Mark(spec.path, path=f"{path}.{name}"), str(error))]) from error


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
    """Files are private to their owner, except metrics: node_exporter reads them as another user, and they contain no evidence."""
    return File(path, output, int(mode, 8) if mode else SHARED if output == "prometheus" else PRIVATE)


def _ping(options: Mapping[str, JSON]) -> Ping:
    fail_on = options.get("fail_on", ())
    verdicts = frozenset([fail_on] if isinstance(fail_on, str) else fail_on)
    return Ping(ping_url(options["url"]), options.get("method", "POST"), verdicts)


_READERS: dict[str, Callable[[Mapping[str, JSON]], Destination]] = {"email": _mail, "file": _file, "ping": _ping}


def _addresses(texts: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return tuple(address(text) for text in texts)


def _overridden(places: list[Destination], options: DeliveryOptions) -> list[Destination]:
    if options.output or options.out:
        places = _redirected(places, options)
    if options.mail_to:
        model = next((place for place in places if isinstance(place, Mail)), Mail(()))
        others = [place for place in places if not isinstance(place, Mail)]
        places = [*others, model._replace(to=_addresses(options.mail_to))]
    if options.mail_when:
        _check_recipients(places)
        places = [place._replace(when=options.mail_when) if isinstance(place, Mail) else place for place in places]
    return places


def _check_recipients(places: list[Destination]) -> None:
    if not any(isinstance(place, Mail) for place in places):
        raise UsageError("--mail-when needs a recipient: use --mail-to, or `email` in the spec's `report`")


def _redirected(places: list[Destination], options: DeliveryOptions) -> list[Destination]:
    format_ = next((place.format for place in places if isinstance(place, Stdout)), "text")
    output = options.output or format_
    first: Destination = _to_file(options.out, output) if options.out else Stdout(output)
    return [first, *(place for place in places if not isinstance(place, Stdout))]


def _check(place: Destination, mail: MailSettings | None, *, keeps_runs: bool) -> None:
    if isinstance(place, File):
        check_directory(place.path)
    if not isinstance(place, Mail):
        return
    if mail is None:
        raise SettingsError("mail needs a server: set COLLECTOR_SMTP_URL (smtp+starttls://user@host)")
    if place.when == "change" and not keeps_runs:
        raise UsageError("--mail-when change compares with the previous run: name the directory for runs with --state DIR")
    _check_server(mail)


def check_directory(path: Path) -> None:
    """Raise `UsageError` if the parent directory of an output file does not exist, or the file is a directory or `-`."""
    if str(path) == "-":
        raise UsageError("cannot write -: it does not mean standard output here; name a file")
    if "\0" in str(path):
        raise UsageError(f"cannot write {str(path)!r}: no file's name has a NUL in it")
    directory = path.absolute().parent
    if os.path.isdir(path):  # noqa: PTH112 - as below
        raise UsageError(f"cannot write {path}: it is a directory; name a file in it")
    if not os.path.isdir(directory):  # noqa: PTH112 - pathlib raises for an overlong name
        raise UsageError(f"cannot write {path}: there is no directory {directory}")


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
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a host name, even if it begins like an address
        return False
