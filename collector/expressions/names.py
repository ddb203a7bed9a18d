"""Finds the expressions in a text and the names they use, without Jinja2.

A spec has expressions but no statements, so nothing binds a name, and tokens alone show which names are free (a test compares this with
Jinja2's own analysis). So the order of a run is known before Jinja2 is imported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from collector.model import JSON

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<string>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|(?P<number>\d[\w.]*)|(?P<name>[^\W\d]\w*)|(?P<operator>[=!<>]=|.)""",
    re.DOTALL | re.VERBOSE,
)
_PATH = re.compile(r"\s*([^\W\d]\w*(?:\.[^\W\d]\w*)*)\s*")
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
KEYWORDS = frozenset({"and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False", "None"})
"""Words that are not names."""


class Segment(NamedTuple):
    """A part of a text: literal text, or an expression without its braces."""

    text: str
    expression: bool


class Uses(NamedTuple):
    """The names that an expression uses: variables and functions, filters (`x | name`) and tests (`x is name`)."""

    variables: frozenset[str]
    filters: frozenset[str]
    tests: frozenset[str]


def segments(text: str) -> list[Segment]:
    """Split a text into its parts. Raises `ValueError` for unbalanced braces and for Jinja2 statements."""
    parts = []
    at = 0
    while (start := text.find("{{", at)) >= 0:
        end = _end(text, start + 2)
        parts += [Segment(text[at:start], expression=False), Segment(text[start + 2 : end], expression=True)]
        at = end + 2
    parts.append(Segment(text[at:], expression=False))
    if any("{%" in part.text for part in parts if not part.expression):
        raise ValueError("statements such as {% if %} are not part of a spec: write {{ a if condition else b }}")
    return [part for part in parts if part.text or part.expression]


def _end(text: str, start: int) -> int:
    """Return the position of the `}}` that closes the expression at `start`, skipping nested braces and quotes."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        if depth == 0 and text.startswith("}}", token.start()):
            return token.start()
        depth += (token.group() in _OPENING) - (token.group() in _CLOSING)
    raise ValueError("an expression begins with {{ and is never closed with }}")


def bare(expression: str) -> str:
    """Return an expression without braces: `{{ x }}` and `x` both give `x`. Raises `ValueError` if there is other text around it."""
    parts = segments(expression)
    inner = [part for part in parts if part.expression]
    if not inner:
        return expression
    if len(inner) > 1 or any(part.text.strip() for part in parts if not part.expression):
        raise ValueError("is text with expressions in it, where one expression is needed")
    return inner[0].text


def names(value: JSON) -> frozenset[str]:
    """Return the variables used by all expressions in a value, at any depth. Raises `ValueError` as `segments` does."""
    if isinstance(value, str):
        return frozenset().union(*(uses(part.text).variables for part in segments(value) if part.expression))
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return frozenset().union(*map(names, members))


def path_of(expression: str) -> tuple[str, ...]:
    """Split an expression that is only a dotted name, such as `item.id`; empty for any other."""
    match = _PATH.fullmatch(expression)
    path = tuple(match.group(1).split(".")) if match else ()
    return () if set(path[:1]) & KEYWORDS else path


def uses(expression: str) -> Uses:
    """Return the names used by an expression (without braces)."""
    tokens = [match for match in _TOKEN.finditer(expression) if match.lastgroup != "space"]
    words = ["", "", *(token.group() for token in tokens), ""]
    found: dict[str, set[str]] = {role: set() for role in ("variable", "filter", "test", "member", "keyword", "argument")}
    for index, token in enumerate(tokens):
        if token.lastgroup == "name":
            found[_role(words[index : index + 2], token.group(), words[index + 3])].add(token.group())
    return Uses(frozenset(found["variable"]), frozenset(found["filter"]), frozenset(found["test"]))


def _role(before: list[str], name: str, after: str) -> str:
    """Return a name's role, determined by the two preceding tokens and the following one."""
    last = before[-1]
    if last == ".":
        return "member"
    if last == "|":
        return "filter"
    if (last == "is" and name != "not") or before == ["is", "not"]:
        return "test"
    if name in KEYWORDS:
        return "keyword"
    return "argument" if after == "=" and last in ("(", ",") else "variable"
