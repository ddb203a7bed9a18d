"""Plain data back to what it was made of, each value of the type that its field names: nobody knows who had the file in hand since."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints

from collector.model import JSON

Stamp = Annotated[str, "RFC 3339"]
"""A text that names a moment of the calendar, with its zone."""

Reader = Callable[[JSON], Any]
_PLAIN: Mapping[Any, frozenset[type]] = {
    str: frozenset({str}),
    int: frozenset({int}),
    float: frozenset({int, float}),
    bool: frozenset({bool}),
    NoneType: frozenset({NoneType}),
}
"""Exact types of what JSON is read into; `True` is no number."""


@cache
def reader(wanted: Any) -> Reader:
    """What makes a value of this type of plain data, or raises ValueError.

    Known are texts, numbers, true and false, `Stamp`, `Literal` and unions of them; mappings by text, sequences, sets, pairs and the like;
    dataclasses from mappings, and named tuples from rows of their values.
    """
    origin, parts = get_origin(wanted), get_args(wanted)
    if wanted is Stamp:
        return _stamp
    if wanted in _PLAIN or origin in (Union, UnionType):
        return _plain(parts or (wanted,))
    if origin is Literal:
        return lambda value: value if isinstance(value, str) and value in parts else _refuse(value, " or ".join(parts))
    if is_dataclass(wanted):
        return _record(wanted)
    if hasattr(wanted, "_fields"):
        return _row(wanted)
    return _CONTAINERS[origin](*map(reader, parts))


def _refuse(value: JSON, wanted: str) -> NoReturn:
    raise ValueError(f"{str(value)[:40]!r} is not {wanted}")


def _plain(parts: Sequence[Any]) -> Reader:
    """One of several types, of which all but one at most are plain."""
    kinds = frozenset[type]().union(*(_PLAIN.get(part, ()) for part in parts))
    names = " or ".join(kind.__name__ for kind in sorted(kinds, key=lambda kind: kind.__name__))
    other = next((reader(part) for part in parts if part not in _PLAIN), lambda value: _refuse(value, names))
    return lambda value: value if type(value) in kinds else other(value)


def _stamp(value: JSON) -> str:
    if not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is None:
        _refuse(value, "a moment with its zone")
    return value


def _mapping(_key: Reader, read: Reader) -> Reader:
    return lambda value: {name: read(one) for name, one in value.items()} if isinstance(value, dict) else _refuse(value, "an object")


def _sequence(read: Reader) -> Reader:
    return lambda value: [read(one) for one in value] if isinstance(value, list) else _refuse(value, "a list")


def _frozenset(read: Reader) -> Reader:
    listed = _sequence(read)
    return lambda value: frozenset(listed(value))


def _tuple(*readers: Reader) -> Reader:
    def values(value: JSON) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) != len(readers):
            _refuse(value, f"a list of {len(readers)}")
        return tuple([read(one) for read, one in zip(readers, value, strict=True)])

    return values


_CONTAINERS: Mapping[Any, Callable[..., Reader]] = {Mapping: _mapping, Sequence: _sequence, frozenset: _frozenset, tuple: _tuple}


def _hints(wanted: Any) -> dict[str, Reader]:
    return {name: reader(hint) for name, hint in get_type_hints(wanted, include_extras=True).items()}


def _record(wanted: Any) -> Reader:
    """Of a dataclass: what it has a default for may be left out, and what it does not know is refused."""
    readers = _hints(wanted)
    needed = {one.name for one in fields(wanted) if one.default is MISSING and one.default_factory is MISSING}

    def record(value: JSON) -> Any:
        if not isinstance(value, dict) or not needed <= value.keys() <= readers.keys():
            _refuse(value, f"a {wanted.__name__}")
        return wanted(**{name: readers[name](one) for name, one in value.items()})

    return record


def _row(wanted: Any) -> Reader:
    values = _tuple(*_hints(wanted).values())
    return lambda value: wanted(*values(value))
