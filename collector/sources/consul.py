"""Consul through python-consul2's HTTP client.

Only the client, not its `Consul` object, whose arguments are overridden by the environment, which takes `CONSUL_HTTP_SSL_VERIFY=1` as off,
and whose endpoints drop headers and the bodies of errors.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import consul
import consul.std
import requests

from collector.errors import CollectorError
from collector.model import Http
from collector.settings import Api
from collector.sources.answer import Answer, basic, trusted
from collector.sources.session import Session

VERSION = "0.1.5"
"""The version of python-consul2. Another distribution, py-consul, silently installs over the same directory."""


class Consul:
    """Consul's HTTP API: the configured agent, or any other of its cluster. Thread-safe."""

    def __init__(self, api: Api, session: Session) -> None:
        """Raise `CollectorError` if the installed `consul` is another distribution."""
        installed = getattr(consul, "__version__", "unknown")
        if installed != VERSION:
            raise CollectorError(
                f"the Python package `consul` is version {installed}, not python-consul2 {VERSION}: "
                "another distribution (py-consul?) has overwritten it; uninstall that one and install python-consul2 again"
            )
        self._api = api
        self._session = session

    def get(self, request: Http) -> Answer:
        """Make one request, within `session.exchange`. Raises the exceptions that `translate` knows."""
        base = request.base or self._api.address
        client = _Client(base.rstrip("/"), self._session)
        # The client quotes the path.
        response = client.get(_as_it_is, unquote(request.path), params=dict(request.query), headers=self._credentials(request))
        return Answer(response.code, response.headers, response.content)

    def _credentials(self, request: Http) -> dict[str, str]:
        api = self._api
        if not trusted(api, request):
            return {}
        headers = {"X-Consul-Token": api.token} if api.token else {}
        return headers | basic(api.auth)


class _Client(consul.std.HTTPClient):  # type: ignore[misc]  # the SDK has no types
    """python-consul2's client on our session; its own constructor would create a session without limits per address."""

    def __init__(self, address: str, session: Session) -> None:
        parts = urlsplit(address)
        super(consul.std.HTTPClient, self).__init__(parts.hostname, parts.port, parts.scheme)
        self.base_uri = address
        self.session = session

    @staticmethod
    def response(response: requests.Response) -> consul.base.Response:
        """Return the response without the body as text: for a large body the SDK's version takes four times the memory."""
        return consul.base.Response(response.status_code, response.headers, "", response.content)


def _as_it_is(response: consul.base.Response) -> consul.base.Response:
    """Replaces the SDK's callbacks, which keep either the index or the body, and no other header."""
    return response
