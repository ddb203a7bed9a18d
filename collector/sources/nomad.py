"""Nomad, asked through python-nomad's Requester.

The Requester alone, not its `Nomad` object: that one lets the environment overrule its arguments, and its endpoints drop headers and bytes
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
    """Nomad's HTTP API: the configured server, or any agent of its cluster. Safe to use from several threads."""

    def __init__(self, api: Api, session: Session) -> None:
        self._api = api
        self._session = session

    def get(self, request: Http) -> Answer:
        """Ask once, within `session.exchange`. Raises what `translate` knows.

        Namespace and region are named in every request: the SDK leaves the namespace out where it thinks it does not matter.
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
        """A Requester is only a bag of these; its namespace and region are left out, as the request names them."""
        requester = Requester(address=base.rstrip("/"), token=token, verify=True, session=self._session)
        requester.ENDPOINT = endpoint
        return requester


def _response(ask: Callable[[], requests.Response]) -> requests.Response:
    """The response, also where python-nomad turned it into an exception; where there was none, what it wrapped is raised.

    It is raised on its own: with the SDK's exception as its context, that one's words would be told in place of what is wrong.
    """
    try:
        return ask()
    except BaseNomadException as error:
        response = error.nomad_resp
    if isinstance(response, requests.Response):
        return response
    raise response
