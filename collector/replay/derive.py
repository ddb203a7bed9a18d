"""Answers that follow from a recording without being in it.

- An address where every recorded request failed to connect also fails for other paths: a refused connection does not depend on the path.
- A recorded `?recurse` answer of Consul's KV has every key below a prefix, so it also shows which keys do not exist (404).
- Consul answers `[]`, not 404, for an unknown service, and `/v1/catalog/services` lists all known ones.

For everything else the result is None.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import unquote

from collector.model import JSON, Query
from collector.replay.match import Index, normal
from collector.replay.recording import HttpExchange

KV = "/v1/kv/"
SERVICES = "/v1/catalog/services"
OF_SERVICE = ("/v1/health/service/", "/v1/health/checks/", "/v1/catalog/service/")
OK = 200
NOT_FOUND = 404


def derive(index: Index, netloc: str, path: str, query: Query) -> HttpExchange | None:
    """Return the answer implied by the recording for a GET that it does not contain."""
    recorded = index.at(netloc)
    path = unquote(path)
    if path.startswith(KV):
        return _key(recorded, path, dict(normal(query)))
    if path.startswith(OF_SERVICE):
        return _unknown_service(recorded, path)
    return unreachable(recorded)


def unreachable(recorded: Sequence[HttpExchange]) -> HttpExchange | None:
    """Return the failure common to all requests to an address; None if one was answered, or none was recorded."""
    return recorded[0] if recorded and all(exchange.status is None for exchange in recorded) else None


def _key(recorded: Sequence[HttpExchange], path: str, query: Query) -> HttpExchange | None:
    covering = next((e for e in recorded if _covers(e, path)), None)
    if covering is None or "keys" in query:
        return unreachable(recorded)
    rows = _rows(covering)
    if rows is None:
        return None
    key = path.removeprefix(KV)
    entries = [row for row in rows if row["Key"] == key or ("recurse" in query and row["Key"].startswith(key))]
    if not entries:
        return replace(covering, status=NOT_FOUND, body="")
    return replace(covering, status=OK, body=_value(entries[0]) if "raw" in query else json.dumps(entries))


def _covers(exchange: HttpExchange, path: str) -> bool:
    return (
        exchange.status in {OK, NOT_FOUND}
        and exchange.path.startswith(KV)
        and "recurse" in dict(normal(exchange.query))
        and path.startswith(unquote(exchange.path))
    )


def _rows(exchange: HttpExchange) -> list[dict[str, JSON]] | None:
    rows = _json(exchange) if exchange.status == OK else []
    understood = isinstance(rows, list) and all(isinstance(row, dict) and isinstance(row.get("Key"), str) for row in rows)
    return rows if understood else None


def _value(entry: Mapping[str, JSON]) -> str:
    try:
        return base64.b64decode(str(entry.get("Value") or "")).decode("utf-8", "replace")
    except ValueError:
        return ""


def _unknown_service(recorded: Sequence[HttpExchange], path: str) -> HttpExchange | None:
    catalog = next((e for e in recorded if e.path == SERVICES and e.status == OK), None)
    known = _json(catalog) if catalog else None
    if catalog is None or not isinstance(known, dict) or path.rsplit("/", 1)[1] in known:
        return unreachable(recorded)
    return replace(catalog, path=path, body="[]")


def _json(exchange: HttpExchange) -> JSON:
    try:
        return json.loads(exchange.body)
    except (ValueError, RecursionError):
        return None
