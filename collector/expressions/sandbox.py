"""Jinja2 as a sandbox for a spec's expressions; the only module that imports it for them."""

from __future__ import annotations

from collections.abc import Callable, Collection, ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any

from jinja2 import StrictUndefined
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from collector.model import JSON

METHODS = frozenset({"endswith", "get", "items", "keys", "lower", "split", "startswith", "strip", "upper", "values"})
"""Allowed methods of strings and mappings: none modifies its object or produces more than its content."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, further restricted: no operators that amplify memory use, and only a few methods."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply numbers only: a repeated string or a power can exhaust memory."""
        if operator == "**" or not (isinstance(left, (int, float)) and isinstance(right, (int, float))):
            raise SecurityError(f"{operator} is for numbers only" if operator != "**" else "** is not allowed")
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call only methods and functions that are allowed."""
        if not self.is_safe_callable(called):
            raise SecurityError(f"{getattr(called, '__name__', type(called).__name__)} cannot be called in a spec")
        return super().call(context, called, *args, **kwargs)

    def is_safe_callable(self, obj: Any) -> bool:
        """True if an expression may call this."""
        if isinstance(getattr(obj, "__self__", None), (str, dict)):
            return getattr(obj, "__name__", "") in METHODS
        return obj in self.globals.values()

    def getattr(self, obj: Any, attribute: str) -> Any | Undefined:
        """Prefer a mapping's key to its method: `alloc.items` is the key if there is one."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


def compiler(
    filters: Collection[str], tests: Collection[str], functions: Collection[str], selections: Mapping[str, Callable[..., JSON]]
) -> Callable[[str], Callable[[Mapping[str, JSON]], JSON]]:
    """Return a compiler of expressions with these Jinja2 filters, tests and functions, and the collector's selections as filters.

    A compiled expression returns plain JSON data or raises: nothing lazy, nothing undefined.
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
    """Convert a value to JSON data. Only one level deep, since anything deeper was plain data before."""
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
        str(value)  # raises Jinja2's error, which names what is undefined
    if value is None or isinstance(value, (str, int, float, bool, list, dict)):
        return value
    raise TypeError(f"comes to a {type(value).__name__}, which is not data")
