"""Evaluates a spec's expressions, the text between `{{` and `}}`, over plain data in a sandbox.

A string that is exactly one expression keeps the type of its value (a list stays a list); expressions within a longer text become part of
it. There are no statements and no mutating methods, and results are never evaluated again. Simple names such as `{{ item.id }}` are looked
up without Jinja2, whose import takes 60 ms and is not needed before a run's first request.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import ClassVar

from collector.errors import CollectorError
from collector.expressions.names import Segment, bare, path_of, segments
from collector.expressions.selections import load_selections
from collector.model import JSON

Compiled = Callable[[Mapping[str, JSON]], JSON]
"""A compiled expression, to be evaluated with variables."""

MAX_TEXT = 1 << 20
"""Maximum length of a rendered text."""

FILTERS = frozenset({
    "abs", "batch", "count", "d", "default", "dictsort", "first", "float", "groupby", "int", "items", "join", "last", "length", "list",
    "lower", "map", "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "select", "selectattr", "slice", "sort",
    "string", "sum", "title", "tojson", "trim", "unique", "upper", "urlencode",
})  # fmt: skip
"""Jinja2 filters available to specs: those that select and convert. Mere formatting, and filters that can produce huge output, are
excluded."""

FUNCTIONS = frozenset({"range"})
"""Jinja2 functions available to specs."""

NOW = "now"
"""The name of the only constant: the Unix time at which the run began."""

TESTS = frozenset({
    "!=", "<", "<=", "==", ">", ">=", "boolean", "defined", "divisibleby", "eq", "equalto", "even", "false", "float", "ge", "greaterthan",
    "gt", "in", "integer", "iterable", "le", "lessthan", "lower", "lt", "mapping", "ne", "none", "number", "odd", "sameas", "sequence",
    "string", "true", "undefined", "upper",
})  # fmt: skip
"""Jinja2 tests available to specs."""


class ExpressionError(CollectorError):
    """An expression cannot be evaluated with the available data; the message quotes it."""

    exit_code: ClassVar[int] = 78

    def __init__(self, expression: str, reason: str) -> None:
        quoted = expression.strip()
        super().__init__(f"{quoted if '{{' in quoted else f'{{{{ {quoted} }}}}'}: {reason}")
        self.expression = expression
        self.reason = reason


class Expressions:
    """Evaluates expressions and caches the compiled ones. Every method raises only `ExpressionError`."""

    def __init__(self, now: float | None = None) -> None:
        self._constants = {NOW: time.time() if now is None else now}
        self._compiled: dict[str, Compiled] = {}

    def render(self, value: JSON, variables: Mapping[str, JSON]) -> JSON:
        """Return the value with every expression in it, at any depth, evaluated."""
        if isinstance(value, str):
            return self._render_text(value, variables)
        if isinstance(value, Mapping):
            return {key: self.render(member, variables) for key, member in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.render(member, variables) for member in value]
        return value

    def test(self, expression: str, variables: Mapping[str, JSON]) -> bool:
        """Evaluate a condition, with or without braces."""
        return bool(self.evaluate(expression, variables))

    def evaluate(self, expression: str, variables: Mapping[str, JSON]) -> JSON:
        """Evaluate an expression, with or without braces."""
        inner = _bare(expression)
        scope = {**self._constants, **variables}
        path = path_of(inner)
        return _look_up(inner, path, scope) if path else self._run(inner, scope)

    def check(self, expression: str) -> None:
        """Raise `ExpressionError` if Jinja2 cannot compile the expression (given without braces)."""
        self._compile(expression)

    def _render_text(self, text: str, variables: Mapping[str, JSON]) -> JSON:
        parts = _segments(text)
        expressions = [part for part in parts if part.expression]
        if not expressions:
            return text
        if len(expressions) == 1 and not any(part.text.strip() for part in parts if not part.expression):
            return self.evaluate(expressions[0].text, variables)
        rendered = "".join(_as_text(part.text, self.evaluate(part.text, variables)) if part.expression else part.text for part in parts)
        return _bounded(text, rendered)

    def _run(self, expression: str, variables: Mapping[str, JSON]) -> JSON:
        compiled = self._compile(expression)
        try:
            return _bounded(expression, compiled(variables))
        except (ExpressionError, OSError):
            raise
        except Exception as error:  # the expression is the user's code: its exceptions are not bugs of ours
            raise ExpressionError(expression, _error_message(error)) from error

    def _compile(self, expression: str) -> Compiled:
        if expression not in self._compiled:
            try:
                self._compiled[expression] = self._compiler(expression)
            except OSError:  # e.g. too many open files: Jinja2 is imported here
                raise
            except Exception as error:  # a syntax error, or an error while Jinja2's optimizer folds constants
                raise ExpressionError(expression, _error_message(error)) from error
        return self._compiled[expression]

    @cached_property
    def _compiler(self) -> Callable[[str], Compiled]:
        from collector.expressions.sandbox import compiler  # noqa: PLC0415 - Jinja2 costs 60 ms and is not needed before the first request

        return compiler(FILTERS, TESTS, FUNCTIONS, load_selections())


def _bare(expression: str) -> str:
    try:
        return bare(expression)
    except ValueError as error:
        raise ExpressionError(expression, str(error)) from error


def _segments(text: str) -> list[Segment]:
    try:
        return segments(text)
    except ValueError as error:
        raise ExpressionError(text, str(error)) from error


def _look_up(expression: str, path: tuple[str, ...], variables: Mapping[str, JSON]) -> JSON:
    value: JSON = variables
    for depth, name in enumerate(path):
        if not isinstance(value, Mapping) or name not in value:
            owner = ".".join(path[:depth])
            what = f"{owner} is null, so it" if value is None else owner
            raise ExpressionError(expression, f"{what} has no {name!r}" if owner else f"{name!r} is undefined")
        value = value[name]
    return value


def _error_message(error: Exception) -> str:
    """Rephrase Jinja2's error in a spec's terms: an undefined value comes from a task that registered null."""
    message = str(error) or type(error).__name__
    if "end of template" in message:
        return "ends where something more is expected"
    return message.replace("'None' has no attribute", "null has no")


def _as_text(expression: str, value: JSON) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        raise ExpressionError(expression, "is null, and cannot be part of a text")
    return json.dumps(value)


def _bounded(expression: str, value: JSON) -> JSON:
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise ExpressionError(expression[:80], f"comes to a text of more than {MAX_TEXT} characters")
    return value
