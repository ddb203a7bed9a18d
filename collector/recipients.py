"""Syntax of mail addresses, host names and ping URLs."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from collector.errors import UsageError

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?P<domain>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?)")

LONGEST_LABEL = 63
"""Maximum length of a label between two dots (RFC 1035, 2.3.4)."""


def address(text: str) -> str:
    """Return a validated mail address (`name@host`, ASCII only); raise `UsageError` that says what is wrong."""
    match = _ADDRESS.fullmatch(text)
    if not match or ".." in text:
        raise UsageError(f"{text!r} is not a mail address of the form name@example.org")
    return text


def ping_url(url: str) -> str:
    """Return a dead-man service's URL without a trailing slash; raise `UsageError` if an ID and a state cannot be appended to it."""
    if not _may_be_pinged(url):
        raise UsageError("the ping URL is not of the form https://host/path")
    return url.rstrip("/")


def _may_be_pinged(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port  # ValueError for an invalid port or an unbalanced bracket
    except ValueError:
        return False
    clean = not (parts.query or parts.fragment or re.search(r"[^!-~]", url))
    return clean and parts.scheme in ("http", "https") and may_be_a_host(host)


def may_be_a_host(host: str) -> bool:
    """True if the name can be looked up; for an empty or overlong label `socket` would raise UnicodeError instead of OSError."""
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            return False
    return all(0 < len(label) <= LONGEST_LABEL for label in host.removesuffix(".").split("."))
