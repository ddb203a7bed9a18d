"""LiteFS or any other endpoint of a workload: plain HTTP without a token."""

from __future__ import annotations

from collector.model import Http, pairs
from collector.sources.answer import Answer, quoted
from collector.sources.session import Session


class Litefs:
    """Any workload's HTTP endpoint. Our tokens are never sent here."""

    def __init__(self, session: Session, unverified: Session) -> None:
        self._session = session
        self._unverified = unverified

    def get(self, request: Http) -> Answer:
        """Make one request, within `session.exchange`. Raises the exceptions that `translate` knows.

        A health check's path may include a query.
        """
        path, mark, query = request.path.partition("?")
        url = f"{(request.base or '').rstrip('/')}/{quoted(path.removeprefix('/'))}{mark}{query}"
        session = self._session if request.verify else self._unverified
        response = session.get(url, params=pairs(request.query))
        return Answer(response.status_code, response.headers, response.content)
