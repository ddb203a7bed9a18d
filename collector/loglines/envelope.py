"""The envelope that loggers add to a message (logfmt, JSON, glog, PHP-FPM's pool), and the time stamp."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

LONGEST = 2000
"""Maximum characters of a line that are examined: the start is decisive, and patterns must not run on a megabyte."""
_PAIR = re.compile(r'(?:^|\s)(\w[\w.-]*)=("(?:[^"\\]|\\.)*"|\S*)')
_STAMP = re.compile(
    r"""^(\d{4}-\d\d-\d\dT\S+)|(?:\b(?:[Tt]ime|ts|[Tt]imestamp)|@t)"?[=:]\s?"?(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d))"""
)
_PHP = re.compile(
    r"^(?:\[[^\]]*\] )?(?:NOTICE|WARNING): (?:PHP message: "
    r"|\[pool [^\]]+\] child \d+ said into std(?:err|out): \"(?:NOTICE: PHP message: )?)"
)
"""PHP-FPM's envelope, in which every line of an application is a notice or warning of the pool."""
_GLOG = re.compile(r"^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ [^\]]+\] (.*)")
_LEVEL_KEYS = ("level", "lvl", "severity", "levelname", "log.level", "@l", "Level", "level_name")
_NUMBERED = {10: "trace", 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal"}
"""The numeric levels of pino and bunyan (Node)."""
_MESSAGE_KEYS = ("msg", "message", "@m", "@mt", "RenderedMessage", "MessageTemplate", "event", "error")
"""Includes the keys of Elastic's common schema (ECS) and of Serilog (its compact form, CLEF, has an @)."""


def opened(text: str) -> tuple[str, str]:
    """Return message and level from a line's envelope; the line itself and no level if it has no known envelope."""
    text = without_pool(text)
    found = _opened_object(_object(text)) if text.startswith("{") else None
    if found:
        return found
    glog = _GLOG.match(text)
    if glog:
        return glog[2], glog[1]
    pairs = _pairs(text)
    return (pairs.get("msg", pairs.get("message", "")), _level(pairs)) if pairs else (text, "")


def fields_of(text: str) -> tuple[dict[str, str] | None, str]:
    """Return the fields and level of a line in logfmt or JSON; None if it has neither."""
    if text.startswith("{"):
        value = _object(text)
        if value is None:
            return None, ""
        return {key: one if isinstance(one, str) else json.dumps(one) for key, one in value.items()}, _level(value)
    pairs = _pairs(text)
    return pairs, _level(pairs or {})


def without_pool(text: str) -> str:
    """Remove the prefix that PHP-FPM adds to a pool's output."""
    return _PHP.sub("", text)


def moment_of(text: str) -> float | None:
    """Return when a line was written (Unix seconds), by its time stamp; None if it has none, or none with a time zone.

    Formats: logfmt and JSON with `time`, `ts` or `timestamp`, and text that begins with a time stamp; all RFC 3339.
    """
    found = _STAMP.search(text[:LONGEST])
    return moment(next(filter(None, found.groups()))) if found else None


def moment(stamp: str) -> float | None:
    """Return the moment of an RFC 3339 time stamp; None if it is none, or has no time zone."""
    try:
        moment = datetime.fromisoformat(stamp)
        return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _object(text: str) -> Mapping[str, object] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _flattened(value) if isinstance(value, dict) else None


def _flattened(value: Mapping[str, object]) -> Mapping[str, object]:
    """Return the fields, nested in Rust's tracing; CLEF omits its most frequent level."""
    nested = value.get("fields")
    if isinstance(nested, dict) and "message" in nested:
        return {**{key: one for key, one in value.items() if key != "fields"}, **nested}
    return {"@l": "Information", **value} if "@t" in value else value


def _opened_object(value: Mapping[str, object] | None) -> tuple[str, str] | None:
    message = _first(value or {}, _MESSAGE_KEYS)
    return None if message is None else (message, _level(value or {}))


def _pairs(text: str) -> dict[str, str] | None:
    """Return the fields of a logfmt line that has a message."""
    if "msg=" not in text and "message=" not in text:
        return None
    pairs = {key: _unquote(value) for key, value in _PAIR.findall(text)}
    return pairs if "msg" in pairs or "message" in pairs else None


def _level(fields: Mapping[str, object]) -> str:
    number = fields.get("level")
    return _first(fields, _LEVEL_KEYS) or (_NUMBERED.get(number, "") if isinstance(number, int) else "")


def _first(fields: Mapping[str, object], keys: Iterable[str]) -> str | None:
    return next((value for key in keys if isinstance(value := fields.get(key), str)), None)


def _unquote(value: str) -> str:
    if len(value) > 1 and value.startswith('"') and value.endswith('"'):
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value
