"""Who a report can be sent to: what a mail address and a dead-man service's URL look like."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from collector.errors import UsageError

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?P<domain>[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?)")


def address(text: str) -> str:
    """Return one mail address, checked: `name@host` in ASCII and nothing else; UsageError says what it is not."""
    match = _ADDRESS.fullmatch(text)
    if not match or ".." in text:
        raise UsageError(f"{text!r} is not a mail address of the form name@example.org")
    return text


def ping_url(url: str) -> str:
    """Return the URL of a dead-man service, without a slash at its end; UsageError where a run's ID and state cannot be put behind it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or re.search(r"[^!-~]", url):
        raise UsageError("the ping URL is not of the form https://host/path")
    return url.rstrip("/")
