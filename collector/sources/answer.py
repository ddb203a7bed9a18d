"""An HTTP server's answer before it is classified, and the trust in servers."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from collector.model import Http
from collector.settings import Api

SAFE = "/%:@!$&'()*+,;=~-._"


class Answer(NamedTuple):
    """Status, headers (case-insensitive) and the decoded body, limited in size."""

    code: int
    headers: Mapping[str, str]
    body: bytes


def quoted(path: str) -> str:
    """Quote a path for a request, keeping existing percent-encoding; an unquoted `?` or `#` does not end the path."""
    return quote(path, safe=SAFE)


def where_of(address: str) -> str:
    """Return host and port of an address, without user and password."""
    try:
        parts = urlsplit(address)
        return parts.netloc.rpartition("@")[2] or address
    except ValueError:
        return address


def trusted(api: Api, request: Http) -> bool:
    """True if the token of `api` may be sent with this request.

    The configured server always gets it. Agents of one cluster share their ACL tokens, and only the node's own agent knows some things; but
    an untrusted address gets none, a token for https is not sent over http, and https requires the same TLS settings.
    """
    if request.base is None:
        return True
    return request.token and urlsplit(request.base).scheme == urlsplit(api.address).scheme


def basic(auth: tuple[str, str] | None) -> dict[str, str]:
    """Return the header of HTTP Basic authentication; none without a user."""
    return {"Authorization": f"Basic {b64encode(':'.join(auth).encode()).decode()}"} if auth else {}
