"""Nomad through python-nomad's Requester.

Only the Requester, not its `Nomad` object, whose arguments are overridden by the environment, and whose endpoints drop headers and bytes
(pagination tokens, the index, logs in UTF-8).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests
from nomad.api.base import Requester
from nomad.api.exceptions import BaseNomadException

from collector.model import Http
from collector.settings import Api
from collector.sources.answer import Answer, basic, quoted, trusted
from collector.sources.session import Session


class Nomad:
    """Nomad's HTTP API: the configured server, or any agent of its cluster. Thread-safe."""

    def __init__(self, api: Api, session: Session) -> None:
        self._api = api
        self._session = session

    def get(self, request: Http) -> Answer:
        """Make one request, within `session.exchange`. Raises the exceptions that `translate` knows.

        Every request names namespace and region: the SDK omits the namespace where it considers it irrelevant.
        """
        base = request.base or self._api.address
        first, _, rest = quoted(request.path).removeprefix("/v1/").partition("/")
        scope = {"namespace": self._api.namespace, "region": self._api.region}
        params = {name: value for name, value in scope.items() if value} | dict(request.query)
        known = trusted(self._api, request)
        headers = basic(self._api.auth) if known else {}
        requester = self._requester(base, first, self._api.token if known else None)
        response = _response(lambda: requester.request(*([rest] if rest else []), method="get", params=params, headers=headers))
        return Answer(response.status_code, response.headers, response.content)

    def _requester(self, base: str, endpoint: str, token: str | None) -> Any:
        """Build a Requester, which only holds these values; namespace and region are in the request instead."""
        requester = Requester(address=base.rstrip("/"), token=token, verify=True, session=self._session)
        requester.ENDPOINT = endpoint
        return requester


def _response(ask: Callable[[], requests.Response]) -> requests.Response:
    """Return the response, even if python-nomad turned it into an exception; if there was none, raise the wrapped exception.

    It is raised without the SDK's exception as context, whose message would otherwise be reported instead.
    """
    try:
        return ask()
    except BaseNomadException as error:
        response = error.nomad_resp
    if isinstance(response, requests.Response):
        return response
    raise response
