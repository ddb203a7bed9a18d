"""Who a report can be sent to: what a mail address, a host and a dead-man service's URL look like."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from collector.errors import UsageError

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?P<domain>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?)")

LONGEST_LABEL = 63
"""Characters between two dots of a name (RFC 1035, 2.3.4)."""


def address(text: str) -> str:
    """Return one mail address, checked: `name@host` in ASCII and nothing else; UsageError says what it is not."""
    match = _ADDRESS.fullmatch(text)
    if not match or ".." in text:
        raise UsageError(f"{text!r} is not a mail address of the form name@example.org")
    return text


def ping_url(url: str) -> str:
    """Return the URL of a dead-man service, without a slash at its end; UsageError where a run's ID and state cannot be put behind it."""
    if not _may_be_pinged(url):
        raise UsageError("the ping URL is not of the form https://host/path")
    return url.rstrip("/")


def _may_be_pinged(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port  # a port that is none raises ValueError, as a bracket without its pair does
    except ValueError:
        return False
    clean = not (parts.query or parts.fragment or re.search(r"[^!-~]", url))
    return clean and parts.scheme in ("http", "https") and may_be_a_host(host)


def may_be_a_host(host: str) -> bool:
    """Whether a host can be looked up at all: of an empty label, or one that is too long, `socket` raises UnicodeError and no OSError."""
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            return False
    return all(0 < len(label) <= LONGEST_LABEL for label in host.removesuffix(".").split("."))
