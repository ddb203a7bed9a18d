"""Response bodies as JSON or text.

All functions are total: for any bytes they return a value of the declared type or raise `Unanswered(INVALID)` with a reason that never
quotes the body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from collector.kinds.shapes import Obj, as_objects, invalid, kind_of
from collector.model import JSON
from collector.strict_json import finite, no_constant

MAX_DIGITS = 20
"""The digits of an unsigned 64-bit integer; Nomad, Consul and LiteFS send no longer ones."""
MANY_DIGITS = re.compile(rb"\d{%d}" % MAX_DIGITS)
LARGE = 1 << 20
"""Responses of more bytes are measured before they are parsed."""
MANY_SIGNS = 1_500_000
"""Maximum number of commas, colons and brackets. Python takes up to 200 bytes for two bytes of JSON; this many fit into memory, and 13,000
instances of a service have as many."""
WIDE, MUCH_WIDE = re.compile(rb"[\xf0-\xf4]"), 16 << 20
"""A single character beyond the first 65,536 makes Python use four bytes for each character of its string."""
LONE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def decode(body: bytes) -> JSON:
    """Parse strict JSON: UTF-8, no NaN or Infinity, no duplicate keys, no oversized numbers, limited nesting."""
    if len(body) > LARGE:
        _measure(body)
    try:
        data = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=no_constant, parse_int=_reader(body), parse_float=finite
        )
        return _printable(data) if LONE_SURROGATE.search(body) else data
    except RecursionError:
        raise invalid("the answer is nested too deeply to be read") from None
    except ValueError as why:
        raise invalid(_why_no_json(body, why)) from None


def _measure(body: bytes) -> None:
    """Reject JSON that would take far more memory than its size."""
    if sum(map(body.count, (b",", b":", b"[", b"{"))) > MANY_SIGNS:
        raise invalid(f"the answer has more than {MANY_SIGNS:,} commas, colons and brackets, which is too much to be read")
    if len(body) > MUCH_WIDE and WIDE.search(body):
        raise invalid(
            f"the answer has more than {MUCH_WIDE >> 20} MiB with characters that take four bytes each, which is too much to be read"
        )


def document(body: bytes) -> Obj:
    """Parse a JSON object."""
    data = decode(body)
    if not isinstance(data, dict):
        raise invalid(f"the answer is {kind_of(data)}, not an object")
    return data


def listing(body: bytes) -> list[Obj]:
    """Parse a JSON list of objects; null is an empty list, as Go encodes it."""
    return as_objects(decode(body), "the answer")


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


def _reader(body: bytes) -> Callable[[str], int] | None:
    """Return how to parse integers: None (json's default, ten times as fast) if no number can be too long."""
    return _whole if MANY_DIGITS.search(body) else None


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _printable(data: JSON) -> JSON:
    """Replace lone surrogates, which JSON escapes can express and UTF-8 cannot."""
    return json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))


def plain(body: bytes) -> str:
    """Decode text of unknown encoding as UTF-8, with U+FFFD for invalid bytes."""
    return body.decode("utf-8", "replace")
