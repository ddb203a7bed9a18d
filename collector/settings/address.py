"""Parses addresses in environment variables."""

import ipaddress
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from collector.errors import SettingsError
from collector.model import host_port
from collector.recipients import may_be_a_host

HTTP_PORTS: Mapping[str, int] = {"http": 80, "https": 443}


class Address(NamedTuple):
    """A parsed address. `host` is without brackets; `prefix` is empty, or starts with a slash and does not end with one."""

    scheme: str
    host: str
    port: int
    prefix: str = ""
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        """Return a representation without user and password."""
        return f"Address({self.url!r})"

    @property
    def url(self) -> str:
        """Scheme, host, port and prefix, without user and password."""
        return f"{self.scheme}://{self._netloc}{self.prefix}"

    @property
    def url_with_auth(self) -> str:
        """The complete address: a secret if it contains a password."""
        if not self.user and not self.password:
            return self.url
        return f"{self.scheme}://{quote(self.user, safe='')}:{quote(self.password, safe='')}@{self._netloc}{self.prefix}"

    @property
    def auth(self) -> tuple[str, str] | None:
        """User and password for HTTP Basic authentication, or None."""
        return (self.user, self.password) if self.user or self.password else None

    @property
    def _netloc(self) -> str:
        return host_port(self.host, self.port)


def parse_address(variable: str, text: str, *, bare: str = "", bare_port: int = 0, schemes: Mapping[str, int] = HTTP_PORTS) -> Address:
    """Parse `scheme://[user[:password]@]host[:port][/prefix]`.

    `bare` and `bare_port` are the scheme and port of an address without a scheme; if `bare` is empty, that is an error. `schemes` are the
    known schemes with their ports. Raises `SettingsError` that names the variable and never quotes the text, which may contain a password.
    """
    port = bare_port
    if "://" in text:
        scheme, _, rest = text.partition("://")
        port = _known(variable, scheme.lower(), schemes)
        scheme = scheme.lower()
    elif bare:
        scheme, rest = bare, _in_brackets(text)
    else:
        raise SettingsError(f"{variable}: must start with {_choices(schemes)}")
    try:
        return _address(scheme, rest, port)
    except ValueError as error:
        raise SettingsError(f"{variable}: {error}; it must look like {scheme}://host:port") from None


def _known(variable: str, scheme: str, schemes: Mapping[str, int]) -> int:
    if scheme == "unix":
        raise SettingsError(f"{variable}: unix sockets are not supported; give the agent's {_choices(schemes)} address")
    if scheme not in schemes:
        raise SettingsError(f"{variable}: must start with {_choices(schemes)}, not with {scheme!r}")
    return schemes[scheme]


def _choices(schemes: Mapping[str, int]) -> str:
    return " or ".join(f"{scheme}://" for scheme in schemes)


def _in_brackets(text: str) -> str:
    """Put a bare IPv6 address in brackets, as in a URL."""
    try:
        return f"[{text}]" if ipaddress.ip_address(text).version == 6 else text  # noqa: PLR2004 - IPv6
    except ValueError:
        return text


def _address(scheme: str, rest: str, default_port: int) -> Address:
    """Parse the address; ValueError with a clause that says what is wrong."""
    if any(character.isspace() or not character.isprintable() for character in rest):
        raise ValueError("has a space or a control character in it")
    try:
        parts = urlsplit(f"//{rest}")
    except ValueError:  # its message would quote user and password
        raise ValueError("is no URL: `[` and `]` are for an IPv6 address; in user and password write such marks as %5B, %5D") from None
    if parts.query or parts.fragment:
        raise ValueError("has a query or a fragment")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("its port is not a number from 0 to 65535") from None
    if not parts.hostname:
        raise ValueError("has no host")
    if not may_be_a_host(parts.hostname):
        raise ValueError("its host is no name that can be looked up")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Address(scheme, parts.hostname, default_port if port is None else port, parts.path.rstrip("/"), user, password)
