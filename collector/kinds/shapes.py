"""Reads typed fields from servers' answers.

All functions are total: for any object they return a value of the declared type or raise `Unanswered(INVALID)` with a reason that names the
field and never quotes its value. A missing field and null both mean unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from collector.errors import Unanswered
from collector.model import JSON, Status

Obj = Mapping[str, JSON]
"""A JSON object."""
NANOSECONDS = 1_000_000_000
END_OF_TIME = 253_402_300_799
"""The last second of the year 9999, the limit of Python's calendar."""


def invalid(reason: str) -> Unanswered:
    """Return the error for an answer of the wrong form."""
    return Unanswered(Status.INVALID, reason)


# --- fields of an object ---


def text(obj: Obj, key: str) -> str:
    """Return a string; empty if unknown."""
    value = obj.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(key, value, "text")
    return value


def maybe_text(obj: Obj, key: str) -> str | None:
    """Return a string; None if unknown or empty."""
    return text(obj, key) or None


def maybe_flag(obj: Obj, key: str) -> bool | None:
    """Return a boolean; None if unknown."""
    value = obj.get(key)
    if value is not None and not isinstance(value, bool):
        raise _wrong(key, value, "true or false")
    return value


def flag(obj: Obj, key: str) -> bool:
    """Return a boolean; False if missing, since Go omits false values."""
    return maybe_flag(obj, key) is True


def maybe_whole(obj: Obj, key: str) -> int | None:
    """Return an integer; None if unknown."""
    value = maybe_number(obj, key)
    if value is None:
        return None
    if value != int(value):
        raise _wrong(key, value, "a whole number")
    return int(value)


def whole(obj: Obj, key: str) -> int:
    """Return an integer; 0 if missing, since Go omits zero values."""
    return maybe_whole(obj, key) or 0


def maybe_number(obj: Obj, key: str) -> float | int | None:
    """Return a number; None if unknown."""
    value = obj.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(key, value, "a number")
    return value


def mapping(obj: Obj, key: str) -> Obj:
    """Return an object; empty if unknown."""
    value = obj.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(key, value, "an object")
    return value


def objects(obj: Obj, key: str) -> list[Obj]:
    """Return a list of objects; empty if unknown."""
    return as_objects(obj.get(key), f'"{key}"')


def texts(obj: Obj, key: str) -> list[str]:
    """Return a list of strings; empty if unknown."""
    value = obj.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise invalid(f'"{key}" is not a list of texts')
    return value


def named(obj: Obj, key: str) -> list[tuple[str, Obj]]:
    """Return the entries of an object of objects."""
    entries = mapping(obj, key)
    return [(name, mapping(entries, name)) for name in sorted(entries)]


def counts(obj: Obj, key: str) -> dict[str, int]:
    """Return an object of integers, such as {"memory": 2}."""
    entries = mapping(obj, key)
    return {name: whole(entries, name) for name in sorted(entries)}


def identity(obj: Obj, key: str) -> str:
    """Return a required string, which identifies the object."""
    value = text(obj, key)
    if not value:
        raise invalid(f'"{key}" is missing or empty')
    return value


# --- times ---


def nanoseconds(obj: Obj, key: str) -> float | None:
    """Convert Go's nanoseconds (a time since 1970, or a duration) to seconds; 0 is unknown."""
    value = maybe_number(obj, key)
    if value and value > END_OF_TIME * NANOSECONDS:
        raise invalid(f'"{key}" is not a time')
    return value / NANOSECONDS if value and value > 0 else None


def timestamp(obj: Obj, key: str) -> float | None:
    """Convert RFC 3339 to Unix seconds; Go's zero time (year 1) is unknown."""
    value = text(obj, key)
    if not value:
        return None
    try:
        when = datetime.fromisoformat(value)
        seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise invalid(f'"{key}" is not a time') from None
    return seconds if seconds > 0 else None


def as_objects(value: JSON, what: str) -> list[Obj]:
    """Return a list of objects; null is empty. `what` names it in the error."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise invalid(f"{what} is {kind_of(value)}, not a list of objects")
    return value


def _wrong(key: str, value: JSON, wanted: str) -> Unanswered:
    return invalid(f'"{key}" is {kind_of(value)}, not {wanted}')


def kind_of(value: JSON) -> str:
    """Name the type of a JSON value."""
    names = ((bool, "a boolean"), (str, "text"), (int, "a number"), (float, "a number"), (list, "a list"), (dict, "an object"))
    return next((name for kind, name in names if isinstance(value, kind)), "null")
