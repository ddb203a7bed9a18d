"""Records a live cluster's answers, redacted, in the format that collector/replay serves.

A `Recorder` wraps the sources: it passes each request on and keeps the reply, so a recording contains exactly what `diagnose` would see.
`crawl` makes further requests, so that the recording can also serve rules not yet written.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import unquote, urlsplit

from collector.model import JSON, Dial, Exec, Http, Performer, Query, Reply, Request, Status, by_name, host_port, pairs
from collector.replay.recording import ExecExchange, HttpExchange, Recording, netloc

HEADERS = frozenset({"content-type", "date"})
HEADER_FAMILIES = ("litefs-", "x-nomad-", "x-consul-")
"""The headers kept, those that parsers read. All others are dropped, including cookies."""

WIDER: tuple[Http, ...] = (
    Http("nomad", "/v1/agent/self"),
    Http("nomad", "/v1/agent/members"),
    Http("nomad", "/v1/status/leader"),
    Http("nomad", "/v1/status/peers"),
    Http("nomad", "/v1/nodes", {"resources": "true", "os": "true"}),
    Http("nomad", "/v1/jobs", {"namespace": "*"}),
    Http("nomad", "/v1/evaluations", {"namespace": "*", "per_page": 100, "reverse": "true"}),
    Http("nomad", "/v1/deployments", {"namespace": "*", "per_page": 100, "reverse": "true"}),
    Http("nomad", "/v1/operator/raft/configuration"),
    Http("nomad", "/v1/operator/autopilot/health"),
    Http("consul", "/v1/agent/self"),
    Http("consul", "/v1/agent/members"),
    Http("consul", "/v1/status/leader"),
    Http("consul", "/v1/status/peers"),
    Http("consul", "/v1/catalog/nodes"),
    Http("consul", "/v1/catalog/services"),
    Http("consul", "/v1/health/state/any"),
    Http("consul", "/v1/session/list"),
    Http("consul", "/v1/operator/autopilot/health"),
)
"""What `crawl` requests beyond a spec: the clusters' own lists. No KV store and no variables, which hold users' secrets."""


class Redaction(Protocol):
    """The part of redact.Redactor that recording needs."""

    def data(self, value: JSON) -> JSON:
        """Return the value, redacted throughout."""

    def text(self, value: str) -> str:
        """Return the redacted text."""


@dataclass(slots=True)
class Recorder:
    """Performs requests through `performer` and keeps every exchange. Thread-safe.

    `redaction` is used in the performing threads, so it must not have the user's patterns (collector/cutoff.py). `endpoints` are the
    configured Nomad and Consul servers, for requests without a `base`. Requests are redacted too: they are made from answers, and equal
    secrets stay equal, so a replay receives requests that match its own answers.
    """

    performer: Performer
    redaction: Redaction
    endpoints: Mapping[str, str]
    _http: list[HttpExchange] = field(default_factory=list)
    _execs: list[ExecExchange] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def perform(self, request: Request, *, deadline: float) -> Reply:
        """Perform one request; the performer's reply is returned unchanged."""
        reply = self.performer.perform(request, deadline=deadline)
        with self._lock:
            self._keep(request, reply)
        return reply

    def recording(self, meta: Mapping[str, JSON], redaction: Redaction | None = None) -> Recording:
        """Return the recording so far, redacted again by the main thread's `redaction`."""
        with self._lock:
            endpoints = {name: without_user(base) for name, base in self.endpoints.items()}
            found = Recording({"endpoints": endpoints, **meta}, tuple(self._http), tuple(self._execs))
        return _redacted(found, redaction) if redaction else found

    def _keep(self, request: Request, reply: Reply) -> None:
        """Keep an exchange, except for an invalid address: that request was never sent, and cannot be replayed."""
        if isinstance(request, Http):
            base = self._address(request.base or self.endpoints.get(request.source, ""))
            self._http += [self._http_exchange(base, request, reply)] if base else []
        elif isinstance(request, Dial):
            base = self._address(f"http://{host_port(request.host, request.port)}")
            self._http += [_dial_exchange(base, reply)] if base else []
        elif (
            reply.code is not None or reply.status is Status.TIMEOUT
        ):  # otherwise `nomad` could not be run here, which says nothing about the cluster
            self._execs.append(self._exec_exchange(request, reply))

    def _address(self, base: str) -> str:
        return _without_secrets(base, self.redaction)

    def _http_exchange(self, base: str, request: Http, reply: Reply) -> HttpExchange:
        return HttpExchange(
            source=request.source,
            base=base,
            path=self.redaction.text(unquote(request.path)),
            query=_query(request.query, self.redaction),
            status=reply.code,
            headers={name: self.redaction.text(value) for name, value in _kept_headers(reply.headers).items()},
            body=redacted_body(reply.body, self.redaction) if reply.code is not None else "",
            error=_failure(reply, self.redaction),
            seconds=round(reply.seconds, 4),
        )

    def _exec_exchange(self, request: Exec, reply: Reply) -> ExecExchange:
        return ExecExchange(
            alloc=self.redaction.text(request.alloc),
            task=self.redaction.text(request.task),
            argv=tuple(map(self.redaction.text, request.argv)),
            rc=reply.code,
            stdout=redacted_body(reply.body, self.redaction),
            stderr=redacted_body(reply.stderr, self.redaction),
            seconds=round(reply.seconds, 4),
        )


def crawl(recorder: Recorder, *, deadline: float) -> None:
    """Also request the servers' own lists, until the monotonic deadline."""
    for request in WIDER:
        recorder.perform(request, deadline=deadline)


def _without_secrets(base: str, redaction: Redaction) -> str:
    """Return the address without user, password and secrets; empty if nothing is left."""
    try:
        return without_user(redaction.text(without_user(base)))
    except ValueError:
        return ""


def _query(query: Query, redaction: Redaction) -> Query:
    return by_name((name, redaction.text(value)) for name, value in pairs(query))


def _redacted(recording: Recording, redaction: Redaction) -> Recording:
    """Return the exchanges with every text redacted again, dropping those whose address has nothing left."""
    text = redaction.text
    http = [
        replace(
            one,
            base=_without_secrets(one.base, redaction),
            path=text(one.path),
            query=_query(one.query, redaction),
            headers={name: text(value) for name, value in one.headers.items()},
            body=redacted_body(one.body.encode(), redaction),
            error=text(one.error),
        )
        for one in recording.http
    ]
    execs = [
        replace(
            one,
            alloc=text(one.alloc),
            task=text(one.task),
            argv=tuple(map(text, one.argv)),
            stdout=redacted_body(one.stdout.encode(), redaction),
            stderr=redacted_body(one.stderr.encode(), redaction),
        )
        for one in recording.execs
    ]
    return replace(recording, http=tuple(one for one in http if one.base), execs=tuple(execs))


def redacted_body(body: bytes, redaction: Redaction) -> str:
    """Redact a response body: JSON by field, so that it stays JSON; values of Consul's KV are decoded first."""
    text = body.decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return redaction.text(text)
    if not isinstance(value, dict | list):
        return redaction.text(text)
    return json.dumps(redaction.data(_in_key_values(value, redaction)))


def without_user(base: str) -> str:
    """Return an address without user and password, which an advertised URL may contain."""
    parts = urlsplit(base)
    return f"{parts.scheme}://{netloc(base)}{parts.path}"


def _in_key_values(value: JSON, redaction: Redaction) -> JSON:
    """Redact Consul's KV answers, whose values are in base64, where patterns would not find secrets."""
    if not isinstance(value, list):
        return value
    return [{**row, "Value": _redacted_base64(row["Value"], redaction)} if _is_key_value(row) else row for row in value]


def _is_key_value(row: JSON) -> bool:
    return isinstance(row, dict) and "Key" in row and "LockIndex" in row and isinstance(row.get("Value"), str)


def _redacted_base64(value: str, redaction: Redaction) -> str:
    try:
        plain = base64.b64decode(value, validate=True)
    except ValueError:
        return redaction.text(value)
    return base64.b64encode(redacted_body(plain, redaction).encode()).decode()


def _dial_exchange(base: str, reply: Reply) -> HttpExchange:
    """Keep a TCP connect as the CONNECT request that a replay receives."""
    status = 200 if reply.status is Status.OK else None
    return HttpExchange(source="dial", base=base, method="CONNECT", path="", status=status, error=_cause(reply))


def _kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    lowered = {name.lower(): value for name, value in headers.items()}
    return {name: value for name, value in lowered.items() if name in HEADERS or name.startswith(HEADER_FAMILIES)}


def _failure(reply: Reply, redaction: Redaction) -> str:
    return f"{_cause(reply)}: {redaction.text(reply.reason)}" if reply.code is None else ""


def _cause(reply: Reply) -> str:
    return "" if reply.status is Status.OK else reply.cause or str(reply.status)
