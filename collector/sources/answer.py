"""What an HTTP server answered, before it is classified; and which server that was."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from collector.model import Http
from collector.settings import Api

SAFE = "/%:@!$&'()*+,;=~-._"


class Answer(NamedTuple):
    """Status, headers (looked up in any case) and the decoded, capped body."""

    code: int
    headers: Mapping[str, str]
    body: bytes


def quoted(path: str) -> str:
    """A path as it goes on the wire. What is percent-encoded stays so; `?` and `#` of an unquoted name do not end the path."""
    return quote(path, safe=SAFE)


def where_of(address: str) -> str:
    """Host and port of an address, without user and password."""
    try:
        parts = urlsplit(address)
        return parts.netloc.rpartition("@")[2] or address
    except ValueError:
        return address


def trusted(api: Api, request: Http) -> bool:
    """May the token of `api` go with this request?

    The configured server gets it in any case. Agents of one cluster share their ACL tokens, and only the node's own agent knows some
    things; but an address that nobody vouches for gets none, a token that belongs on https does not leave on http, and where it would
    go with TLS it goes with the same TLS settings.
    """
    if request.base is None:
        return True
    return request.token and urlsplit(request.base).scheme == urlsplit(api.address).scheme


def basic(auth: tuple[str, str] | None) -> dict[str, str]:
    """The header of HTTP's Basic authentication, none without user and password."""
    return {"Authorization": f"Basic {b64encode(':'.join(auth).encode()).decode()}"} if auth else {}
