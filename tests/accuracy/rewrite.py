"""Changes a recording throughout: names, addresses, IDs and times, in bodies, paths, queries, arguments and Consul's base64."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from collector.model import by_name, pairs
from collector.replay.recording import ExecExchange, HttpExchange, Recording

Rewrite = Callable[[str], str]

UUID_TEXT = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
NANOSECONDS = re.compile(r"\b1[78]\d{17}\b")
ISO = re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
METRIC_TIME = re.compile(r"\b1\.[78]\d+e\+09\b")


def everywhere(recording: Recording, rewrite: Rewrite) -> Recording:
    """Rewrite every text of a recording."""
    return Recording(
        recording.meta,
        tuple(http(exchange, rewrite) for exchange in recording.http),
        tuple(command(exchange, rewrite) for exchange in recording.execs),
    )


def http(exchange: HttpExchange, rewrite: Rewrite) -> HttpExchange:
    body = exchange.body
    if exchange.path.startswith("/v1/kv/") and body.startswith("["):
        body = json.dumps([_entry(row, rewrite) for row in json.loads(body)])
    return replace(
        exchange,
        base=rewrite(exchange.base),
        path=rewrite(exchange.path),
        query=by_name((name, rewrite(value)) for name, value in pairs(exchange.query)),
        body=rewrite(body),
        error=rewrite(exchange.error),
        headers={name: rewrite(value) for name, value in exchange.headers.items()},
    )


def command(exchange: ExecExchange, rewrite: Rewrite) -> ExecExchange:
    return replace(
        exchange,
        alloc=rewrite(exchange.alloc),
        task=rewrite(exchange.task),
        argv=tuple(rewrite(word) for word in exchange.argv),
        stdout=rewrite(exchange.stdout),
        stderr=rewrite(exchange.stderr),
    )


def _entry(row: dict[str, Any], rewrite: Rewrite) -> dict[str, Any]:
    value = base64.b64decode(row.get("Value") or "").decode()
    return {**row, "Value": base64.b64encode(rewrite(value).encode()).decode()}


def words(pairs: dict[str, str]) -> Rewrite:
    """Return a function that replaces all these texts at once, the longest first, so that no replacement is replaced again."""
    if not pairs:
        return lambda text: text
    pattern = re.compile("|".join(re.escape(word) for word in sorted(pairs, key=len, reverse=True)))
    return lambda text: pattern.sub(lambda found: pairs[found[0]], text)


def fresh_ids(salt: str) -> Rewrite:
    """Replace every UUID, consistently."""
    return lambda text: UUID_TEXT.sub(lambda found: str(UUID(sha256(f"{salt}{found[0]}".encode()).hexdigest()[:32])), text)


def shifted(seconds: float) -> Rewrite:
    """Shift every time: Nomad's nanoseconds and RFC 3339, HTTP dates, process start times."""

    def rewrite(text: str) -> str:
        text = NANOSECONDS.sub(lambda found: str(int(found[0]) + int(seconds * 1e9)), text)
        text = ISO.sub(lambda found: _moved(found[0], seconds), text)
        text = METRIC_TIME.sub(lambda found: f"{float(found[0]) + seconds:.12e}".replace("e+09", "e+09"), text)
        return _moved_date(text, seconds)

    return rewrite


def _moved(text: str, seconds: float) -> str:
    whole, _, rest = text.removesuffix("Z").partition(".")
    moved = datetime.fromisoformat(whole + "+00:00") + timedelta(seconds=round(seconds))
    return moved.strftime("%Y-%m-%dT%H:%M:%S") + (f".{rest}" if rest else "") + "Z"


def _moved_date(text: str, seconds: float) -> str:
    if not text.endswith(" GMT") or len(text) > len("Tue, 24 Nov 2026 07:09:46 GMT"):
        return text
    return format_datetime(parsedate_to_datetime(text) + timedelta(seconds=round(seconds)), usegmt=True)


def both(*rewrites: Rewrite) -> Rewrite:
    """Compose two changes."""

    def rewrite(text: str) -> str:
        for one in rewrites:
            text = one(text)
        return text

    return rewrite
