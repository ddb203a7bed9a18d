"""Performs `Http` requests. Importing this imports the SDKs and requests, so import it late."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlencode

from collector.model import Http, Reply, Status, pairs
from collector.redact import Redactor
from collector.settings import Settings, Tls
from collector.sources import translate
from collector.sources.allowed import objection, objection_to_base
from collector.sources.answer import Answer, where_of
from collector.sources.consul import Consul
from collector.sources.litefs import Litefs
from collector.sources.memory import make_room_for
from collector.sources.nomad import Nomad
from collector.sources.session import Session, exchange
from collector.text import LONGEST, clean, snippet

DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
PLAIN = Tls("COLLECTOR")
UNVERIFIED = Tls("COLLECTOR", verify=False)
VARIABLES = {"nomad": "NOMAD_ADDR", "consul": "CONSUL_HTTP_ADDR"}


class Source(Protocol):
    """A client for nomad, consul or litefs."""

    def get(self, request: Http) -> Answer:
        """Make one request; raises the exceptions that `translate` knows."""


class Web:
    """The three HTTP sources, each with a session of its own. Thread-safe."""

    def __init__(self, settings: Settings, redactor: Redactor) -> None:
        self._settings = settings
        self._redactor = redactor
        sessions = {"nomad": settings.nomad.tls, "consul": settings.consul.tls, "litefs": PLAIN, "unverified": UNVERIFIED}
        self._sessions = {source: Session(tls, settings) for source, tls in sessions.items()}
        self._sources: Mapping[str, Source] = {
            "nomad": Nomad(settings.nomad, self._sessions["nomad"]),
            "consul": Consul(settings.consul, self._sessions["consul"]),
            "litefs": Litefs(self._sessions["litefs"], self._sessions["unverified"]),
        }

    def get(self, request: Http, deadline: float) -> Reply:
        """Make one request. Raises ValueError for a Nomad or Consul path that is not a known read, which is a bug of the caller."""
        endpoint = self._endpoint(request)
        refusal = objection(request.source, request.path) or objection_to_base(self._base(request))
        if refusal:
            return Reply(endpoint, Status.FAILED, cause="protocol", reason=self._sentence(refusal))
        with exchange(deadline, request.limit) as current:
            try:
                answer = self._sources[request.source].get(request)
            except translate.EXPECTED as error:
                return self._failed(request, endpoint, error)
        make_room_for(answer.body)
        return self._answered(request, endpoint, answer, truncated=current.truncated)

    def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            session.close()

    def _base(self, request: Http) -> str:
        return request.base or {"nomad": self._settings.nomad.address, "consul": self._settings.consul.address}.get(request.source, "")

    def _endpoint(self, request: Http) -> str:
        query = f"?{urlencode(pairs(request.query))}" if request.query else ""
        return self._sentence(f"GET {self._base(request)}{request.path}{query}")

    def _sentence(self, text: str) -> str:
        return self._redactor.text(clean(text))

    def _failed(self, request: Http, endpoint: str, error: Exception) -> Reply:
        """Return the failure; an unexpected exception is a bug and is raised again."""
        failure = translate.failure(error)
        if failure is None:
            raise error
        where = f"the proxy {where_of(self._settings.proxy)}" if translate.is_of_proxy(error) else where_of(self._base(request))
        plain = translate.is_without_tls(error)
        detail = f"the server speaks plain HTTP; is it http://{_from(request)}?" if plain else translate.detail(error)
        return self._reply_of(endpoint, failure, detail, where)

    def _reply_of(self, endpoint: str, failure: translate.Failure, detail: str, where: str) -> Reply:
        reason = failure.sentence.format(where=where, detail=detail)
        return Reply(endpoint, failure.status, cause=failure.cause, reason=self._sentence(reason))

    def _answered(self, request: Http, endpoint: str, answer: Answer, *, truncated: bool) -> Reply:
        reported = translate.proxy_failure(answer.headers.get("Proxy-Status", "")) if self._settings.proxy else None
        if reported:
            return self._reply_of(endpoint, *reported, where_of(self._base(request)))
        status, cause, reason = self._judged(request, answer)
        return Reply(
            endpoint,
            status,
            code=answer.code,
            body=answer.body,
            headers=answer.headers,
            cause=cause or ("capped" if truncated else ""),
            reason=self._sentence(reason),
            date=_date(answer.headers.get("Date", "")),
            truncated=truncated,
        )

    def _judged(self, request: Http, answer: Answer) -> tuple[Status, str, str]:
        """Return status, cause and reason of an answer."""
        where, code = where_of(self._base(request)), answer.code
        if HTTPStatus.OK <= code < HTTPStatus.MULTIPLE_CHOICES:
            return Status.OK, "", ""
        if HTTPStatus.MULTIPLE_CHOICES <= code < HTTPStatus.BAD_REQUEST:
            location = answer.headers.get("Location", "nowhere")
            return Status.FAILED, translate.REDIRECT.cause, translate.REDIRECT.sentence.format(where=where, detail=location[:LONGEST])
        detail = f": {words}" if (words := snippet(answer.body)) else ""
        mend = f" Is it https://{_from(request)}?" if translate.wants_tls(code, answer.body) else ""
        return Status.DENIED if code in DENIED else Status.FAILED, "", f"{where} answers HTTP {code}{detail}{mend}"


def _from(request: Http) -> str:
    """Return where the address was configured; empty if it is not from the settings."""
    return f" in {VARIABLES[request.source]}" if request.base is None and request.source in VARIABLES else ""


def _date(text: str) -> float | None:
    """Parse HTTP's Date into Unix seconds; without a zone, or with -0000, it is UTC."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
