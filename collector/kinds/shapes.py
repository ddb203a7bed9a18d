"""Safe access to what servers answer: bytes to JSON, and typed fields of it.

All functions are total: whatever the bytes, they return a value of the promised type or raise `Unanswered(INVALID)` with a reason that
names the field and never quotes its value. A missing field and a JSON null mean the same: unknown.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from collector.errors import Unanswered
from collector.model import JSON, Status

Obj = Mapping[str, JSON]
"""A JSON object."""

MAX_DIGITS = 20
"""A whole number of more digits than an unsigned 64-bit one has is none that Nomad, Consul or LiteFS would send."""

MANY_DIGITS = re.compile(rb"\d{%d}" % MAX_DIGITS)
LONE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
NANOSECONDS = 1_000_000_000
END_OF_TIME = 253_402_300_799
"""The last second of the year 9999, after which no calendar of ours goes on."""
GO_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
GO_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def invalid(reason: str) -> Unanswered:
    """An answer that came but makes no sense."""
    return Unanswered(Status.INVALID, reason)


# --- bytes to JSON ---


def decode(body: bytes) -> JSON:
    """Strict JSON: UTF-8, no NaN or Infinity, no key twice, no absurd number, no bottomless nesting."""
    try:
        data = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_constant, parse_int=_reader(body), parse_float=_finite
        )
        return _printable(data) if LONE_SURROGATE.search(body) else data
    except RecursionError:
        raise invalid("the answer is nested too deeply to be read") from None
    except ValueError as why:
        raise invalid(_why_no_json(body, why)) from None


def document(body: bytes) -> Obj:
    """A JSON object."""
    data = decode(body)
    if not isinstance(data, dict):
        raise invalid(f"the answer is {_kind(data)}, not an object")
    return data


def listing(body: bytes) -> list[Obj]:
    """A JSON list of objects; null is the empty list, as Go writes it."""
    return _objects(decode(body), "the answer")


def _why_no_json(body: bytes, why: ValueError) -> str:
    if body.lstrip()[:1] == b"<":
        return "the answer is an HTML or XML page, not JSON: something else answers at this address"
    place = f" (line {why.lineno}, column {why.colno}: {why.msg})" if isinstance(why, json.JSONDecodeError) else ""
    return f"the answer is not JSON{place}" if place or isinstance(why, UnicodeDecodeError) else f"the answer is not sound JSON: {why}"


def _unique(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    obj = dict(pairs)
    if len(obj) != len(pairs):
        raise ValueError("an object has the same key twice")
    return obj


def _constant(name: str) -> JSON:
    raise ValueError(f"{name} is not a JSON number")


def _reader(body: bytes) -> Callable[[str], int] | None:
    """How to read whole numbers; None is json's own way, which is enough, and ten times as fast, where no number can be too long."""
    return _whole if MANY_DIGITS.search(body) else None


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number too large to be one")
    return value


def _printable(data: JSON) -> JSON:
    """Replace halves of surrogate pairs, which JSON's escapes can spell and UTF-8 cannot."""
    return json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))


# --- fields of an object ---


def text(obj: Obj, key: str) -> str:
    """A string; the empty one when it is unknown."""
    value = obj.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(key, value, "text")
    return value


def maybe_text(obj: Obj, key: str) -> str | None:
    """A string; None when it is unknown or empty."""
    return text(obj, key) or None


def maybe_flag(obj: Obj, key: str) -> bool | None:
    """True, False or unknown."""
    value = obj.get(key)
    if value is not None and not isinstance(value, bool):
        raise _wrong(key, value, "true or false")
    return value


def flag(obj: Obj, key: str) -> bool:
    """True or False; unknown is False, as Go leaves it out."""
    return maybe_flag(obj, key) is True


def maybe_whole(obj: Obj, key: str) -> int | None:
    """A whole number or unknown."""
    value = maybe_number(obj, key)
    if value is None:
        return None
    if value != int(value):
        raise _wrong(key, value, "a whole number")
    return int(value)


def whole(obj: Obj, key: str) -> int:
    """A whole number; unknown is 0, as Go leaves it out."""
    return maybe_whole(obj, key) or 0


def maybe_number(obj: Obj, key: str) -> float | int | None:
    """A number or unknown."""
    value = obj.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(key, value, "a number")
    return value


def mapping(obj: Obj, key: str) -> Obj:
    """An object; the empty one when it is unknown."""
    value = obj.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(key, value, "an object")
    return value


def objects(obj: Obj, key: str) -> list[Obj]:
    """A list of objects; the empty one when it is unknown."""
    return _objects(obj.get(key), f'"{key}"')


def texts(obj: Obj, key: str) -> list[str]:
    """A list of strings; the empty one when it is unknown."""
    value = obj.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise invalid(f'"{key}" is not a list of texts')
    return value


def named(obj: Obj, key: str) -> list[tuple[str, Obj]]:
    """The entries of an object of objects, by name."""
    entries = mapping(obj, key)
    return [(name, mapping(entries, name)) for name in sorted(entries)]


def counts(obj: Obj, key: str) -> dict[str, int]:
    """An object of whole numbers, such as {"memory": 2}."""
    entries = mapping(obj, key)
    return {name: whole(entries, name) for name in sorted(entries)}


def identity(obj: Obj, key: str) -> str:
    """A string that must be there: without it the rest cannot be told apart."""
    value = text(obj, key)
    if not value:
        raise invalid(f'"{key}" is missing or empty')
    return value


# --- times ---


def nanoseconds(obj: Obj, key: str) -> float | None:
    """Nomad's nanoseconds since 1970 as Unix seconds; zero is unknown."""
    value = maybe_number(obj, key)
    if value and value > END_OF_TIME * NANOSECONDS:
        raise invalid(f'"{key}" is not a time')
    return value / NANOSECONDS if value and value > 0 else None


def interval(obj: Obj, key: str) -> float | None:
    """Go's nanoseconds as seconds; zero is unknown."""
    return nanoseconds(obj, key)


def timestamp(obj: Obj, key: str) -> float | None:
    """RFC 3339 as Unix seconds; Go's zero time (year 1) is unknown."""
    value = text(obj, key)
    if not value:
        return None
    try:
        when = datetime.fromisoformat(value)
        seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise invalid(f'"{key}" is not a time') from None
    return seconds if seconds > 0 else None


def go_duration(value: str) -> float | None:
    """Go's duration text (`3s`, `1m30s`, `500ms`) as seconds; None when it is none."""
    parts = GO_DURATION.findall(value)
    if not parts or "".join(number + unit for number, unit in parts) != value:
        return None
    seconds = sum(float(number) * GO_UNITS[unit] for number, unit in parts)
    return seconds if math.isfinite(seconds) else None


# --- plain text ---


def plain(body: bytes) -> str:
    """Bytes of a text whose encoding nobody declared: UTF-8, with U+FFFD for what is not."""
    return body.decode("utf-8", "replace")


def first_line(body: bytes, limit: int = 200) -> str:
    """The first line that says something, cut to `limit` characters."""
    lines: Iterable[str] = (line.strip() for line in plain(body[:4096]).splitlines())
    return next((line[:limit] for line in lines if line), "")


def _objects(value: JSON, what: str) -> list[Obj]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise invalid(f"{what} is {_kind(value)}, not a list of objects")
    return value


def _wrong(key: str, value: JSON, wanted: str) -> Unanswered:
    return invalid(f'"{key}" is {_kind(value)}, not {wanted}')


def _kind(value: JSON) -> str:
    names = ((bool, "a boolean"), (str, "text"), (int, "a number"), (float, "a number"), (list, "a list"), (dict, "an object"))
    return next((name for kind, name in names if isinstance(value, kind)), "null")
