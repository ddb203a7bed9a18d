"""Jinja2 as a sandbox for a spec's expressions: the one place that imports it for them."""

from __future__ import annotations

from collections.abc import Callable, Collection, ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any

from jinja2 import StrictUndefined
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from collector.model import JSON

METHODS = frozenset({"endswith", "get", "items", "keys", "lower", "split", "startswith", "strip", "upper", "values"})
"""Methods of text and mappings that an expression may call: none changes its object, none makes more out of it than it holds."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """Besides what Jinja2 refuses: operators that make much out of little, and every method but a few."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiplies numbers only: a text times a number, or a power, can take all memory."""
        if operator == "**" or not (isinstance(left, (int, float)) and isinstance(right, (int, float))):
            raise SecurityError(f"{operator} is for numbers only" if operator != "**" else "** is not allowed")
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Calls the few methods and functions that are allowed."""
        if not self.is_safe_callable(called):
            raise SecurityError(f"{getattr(called, '__name__', type(called).__name__)} cannot be called in a spec")
        return super().call(context, called, *args, **kwargs)

    def is_safe_callable(self, obj: Any) -> bool:
        """May an expression call this?"""
        if isinstance(getattr(obj, "__self__", None), (str, dict)):
            return getattr(obj, "__name__", "") in METHODS
        return obj in self.globals.values()

    def getattr(self, obj: Any, attribute: str) -> Any | Undefined:
        """A key of a mapping comes before its methods: `alloc.items` is the key where there is one."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


def compiler(
    filters: Collection[str], tests: Collection[str], functions: Collection[str], selections: Mapping[str, Callable[..., JSON]]
) -> Callable[[str], Callable[[Mapping[str, JSON]], JSON]]:
    """Compiles expressions that may use these of Jinja2's own filters, tests and functions, and the collector's selections as filters.

    What an expression comes to is JSON, or it raises: nothing lazy, nothing undefined.
    """
    sandbox = _Sandbox(undefined=StrictUndefined, autoescape=False, cache_size=0)
    sandbox.filters = {name: sandbox.filters[name] for name in filters} | dict(selections)
    sandbox.tests = {name: sandbox.tests[name] for name in tests}
    sandbox.globals = {name: sandbox.globals[name] for name in functions}

    def compiled(expression: str) -> Callable[[Mapping[str, JSON]], JSON]:
        evaluate = sandbox.compile_expression(expression, undefined_to_none=False)
        return lambda variables: _data(evaluate(variables))

    return compiled


def _data(value: Any) -> JSON:
    """A value as JSON. Looks one level deep: deeper there is only what was plain before."""
    if isinstance(value, (Iterator, tuple, range, KeysView, ValuesView, ItemsView)):
        value = list(value)
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    return _plain(value)


def _plain(value: Any) -> JSON:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Undefined):
        str(value)  # a strict undefined says in the error that it raises here what was missing
    if value is None or isinstance(value, (str, int, float, bool, list, dict)):
        return value
    raise TypeError(f"comes to a {type(value).__name__}, which is not data")
