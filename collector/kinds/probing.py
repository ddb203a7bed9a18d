"""Repeats a check from here: which request it makes, and what its reply means to Consul."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from collector.kinds import bodies
from collector.kinds.shapes import Obj
from collector.model import JSON, Dial, Http, Reply, Status, by_name, host_port

LIMIT = 4096
TOO_MANY_REQUESTS = 429


class Probe(NamedTuple):
    """A check's request, and its description."""

    request: Http | Dial
    name: str


def probe_of(check: Obj, endpoints: Sequence[Obj]) -> Probe | None:
    """Return how to repeat a check, using the endpoint of the same name; None for a check that must not or cannot be repeated.

    Only GET and TCP connect are safe to repeat; a script runs on the node only, TTL and alias checks make no request.
    """
    endpoint = next((row for row in endpoints if row.get("name") == check.get("name") and _same_service(row, check)), None)
    kind = (endpoint or {}).get("type") or check.get("type")
    if endpoint is None or kind not in ("http", "https", "tcp"):
        return None
    return _dial(endpoint) if kind == "tcp" else _get(endpoint)


def outcome(probe: Probe, reply: Reply) -> dict[str, JSON]:
    """Return status and output as Consul reports them: 2xx passes, 429 warns, anything else is critical.

    Source: Consul's documentation, "Health checks", "HTTP checks".
    """
    if reply.code is None or isinstance(probe.request, Dial):
        passing = reply.status == Status.OK
        return {"status": "passing" if passing else "critical", "output": f"{probe.name}: {'connected' if passing else reply.reason}"}
    status = "passing" if reply.status == Status.OK else "warning" if reply.code == TOO_MANY_REQUESTS else "critical"
    body = bodies.plain(reply.body[:LIMIT])
    return {"status": status, "output": f"{probe.name}: {reply.code} Output: {body}"}


def _same_service(endpoint: Obj, check: Obj) -> bool:
    return endpoint.get("service") in (None, check.get("service"))


def _get(endpoint: Obj) -> Probe | None:
    if str(endpoint.get("method") or "GET").upper() != "GET":
        return None
    url = endpoint.get("url")
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        where = f"{parts.scheme}://{parts.netloc}" if parts.hostname and (parts.port is None or parts.port > 0) else ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not where:
        return None
    query = by_name(parse_qsl(parts.query, keep_blank_values=True))
    verify = not endpoint.get("tls_skip_verify")
    return Probe(Http("litefs", parts.path or "/", query, base=where, limit=LIMIT, verify=verify), f"GET {url}")


def _dial(endpoint: Obj) -> Probe | None:
    host, port = endpoint.get("host"), endpoint.get("port")
    if not isinstance(host, str) or not host or not isinstance(port, int):
        return None
    return Probe(Dial(host, port), f"TCP connect {host_port(host, port)}")
