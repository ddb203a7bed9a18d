"""A fast partial JSON Schema validator: answers either "certainly valid" or "unknown".

jsonschema takes 1.7 ms for the data of one node: for thousands of nodes that is longer than the servers take to answer. So each schema is
compiled once into plain functions for the keywords in the table below. Schemas with other keywords, and values that are not certainly
valid, are left to jsonschema, which also explains what is wrong.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence, Sized
from datetime import datetime
from typing import Final

from collector.model import JSON

Test = Callable[[JSON], bool]
Schema = Mapping[str, JSON]

SILENT: Final = frozenset({"$schema", "$id", "$defs", "title", "description"})
"""Keywords without constraints."""
LOCAL: Final = "#/$defs/"
TYPES: Final[Mapping[str, frozenset[type]]] = {
    "null": frozenset({type(None)}),
    "boolean": frozenset({bool}),
    "integer": frozenset({int}),  # 1.0 is an integer too: left to jsonschema
    "number": frozenset({int, float}),
    "string": frozenset({str}),
    "array": frozenset({list}),
    "object": frozenset({dict}),
}
"""The exact Python types for JSON types; `True` is not an integer."""
COMPARED: Final[Mapping[str, Callable[[JSON, JSON], bool]]] = {
    "minimum": operator.ge,
    "maximum": operator.le,
    "exclusiveMinimum": operator.gt,
    "exclusiveMaximum": operator.lt,
}
MEASURED: Final[Mapping[str, tuple[type[Sized], Callable[[JSON, JSON], bool]]]] = {
    "minLength": (str, operator.ge),
    "minItems": (list, operator.ge),
    "maxItems": (list, operator.le),
}
"""Limits on the length of values of one type."""


class _Unknown(Exception):  # noqa: N818 - control flow, not an error
    """The schema uses a keyword that is not implemented here."""


def fits(schema: Schema) -> Test:
    """Return a test that is true only for values that fit the schema; always false if the schema cannot be compiled."""
    try:
        return _Compiler(schema).test(schema)
    except _Unknown:
        return lambda _value: False


class _Compiler:
    """Compiles one schema document. As in JSON Schema, a keyword about one type accepts values of any other type."""

    def __init__(self, document: Schema) -> None:
        self._definitions: Mapping[str, JSON] = document.get("$defs", {})
        self._known: dict[str, Test] = {}
        self._makers: Mapping[str, Callable[[JSON], Test]] = {
            "type": _type,
            "enum": _enum,
            "const": lambda constraint: _enum([constraint]),
            "format": _format,
            "uniqueItems": _unique_items,
            "pattern": _pattern,
            "required": _required,
            "prefixItems": self._prefix_items,
            "properties": self._properties,
            "anyOf": self._any_of,
            "$ref": self._ref,
        }

    def test(self, schema: JSON) -> Test:
        """Return one test for all keywords of a schema."""
        if isinstance(schema, bool):
            return lambda _value: schema
        return _all([self._keyword(name, schema) for name in schema if name not in SILENT])

    def _keyword(self, name: str, schema: Schema) -> Test:
        constraint = schema[name]
        if name == "additionalProperties":
            return self._additional(frozenset(schema.get("properties", {})), constraint)
        if name == "items":
            return self._items(len(schema.get("prefixItems", ())), constraint)
        if name in COMPARED:
            return _compared(COMPARED[name], constraint)
        if name in MEASURED:
            return _measured(*MEASURED[name], constraint)
        if name not in self._makers:
            raise _Unknown(name)
        return self._makers[name](constraint)

    def _prefix_items(self, constraint: JSON) -> Test:
        tests = [self.test(one) for one in constraint]

        def prefix_items(value: JSON) -> bool:
            if type(value) is list:
                for test, one in zip(tests, value, strict=False):
                    if not test(one):
                        return False
            return True

        return prefix_items

    def _items(self, named: int, constraint: JSON) -> Test:
        """Test the elements after those covered by `prefixItems`."""
        test = self.test(constraint)
        return lambda value: type(value) is not list or all(map(test, value[named:] if named else value))

    def _properties(self, constraint: JSON) -> Test:
        tests = {name: self.test(one) for name, one in constraint.items()}

        def properties(value: JSON) -> bool:
            if type(value) is dict:
                for name, test in tests.items():
                    if name in value and not test(value[name]):
                        return False
            return True

        return properties

    def _additional(self, named: frozenset[str], constraint: JSON) -> Test:
        test = self.test(constraint)
        return lambda value: type(value) is not dict or all(test(value[name]) for name in value.keys() - named)

    def _any_of(self, constraint: JSON) -> Test:
        tests = [self.test(one) for one in constraint]
        return lambda value: any(test(value) for test in tests)

    def _ref(self, constraint: JSON) -> Test:
        """Resolve the reference when a value is tested, since definitions may be recursive."""
        name = str(constraint).removeprefix(LOCAL)
        if name not in self._definitions:
            raise _Unknown(constraint)
        known = self._known
        if name not in known:
            known[name] = lambda _value: False
            known[name] = self.test(self._definitions[name])

        def defined(value: JSON) -> bool:
            return known[name](value)

        return defined


def _all(tests: Sequence[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def every(value: JSON) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would take longer than the tests
            if not test(value):
                return False
        return True

    return every


def _type(constraint: JSON) -> Test:
    allowed = frozenset[type]().union(*(TYPES[name] for name in ([constraint] if isinstance(constraint, str) else constraint)))
    return lambda value: type(value) in allowed


def _enum(constraint: JSON) -> Test:
    """Only for strings, integers and null: in Python 1 equals true, in JSON it does not."""
    kinds = frozenset(map(type, constraint))
    if not kinds <= {str, int, type(None)}:
        raise _Unknown("enum")
    allowed = frozenset(constraint)
    return lambda value: type(value) in kinds and value in allowed


def _format(constraint: JSON) -> Test:
    if constraint != "date-time":
        raise _Unknown("format")
    return lambda value: type(value) is not str or is_moment(value)


def is_moment(text: str) -> bool:
    """True for a valid `date-time` with a time zone; a pattern cannot check the calendar."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _compared(compare: Callable[[JSON, JSON], bool], bound: JSON) -> Test:
    numbers = TYPES["number"]
    return lambda value: type(value) not in numbers or compare(value, bound)


def _measured(kind: type[Sized], compare: Callable[[JSON, JSON], bool], bound: JSON) -> Test:
    return lambda value: type(value) is not kind or compare(len(value), bound)


def _unique_items(constraint: JSON) -> Test:
    if constraint is not True:
        raise _Unknown("uniqueItems")
    return lambda value: type(value) is not list or (all(type(one) is str for one in value) and len(set(value)) == len(value))


def _pattern(constraint: JSON) -> Test:
    search = re.compile(constraint).search
    return lambda value: type(value) is not str or search(value) is not None


def _required(constraint: JSON) -> Test:
    names = frozenset(constraint)
    return lambda value: type(value) is not dict or names <= value.keys()
