"""Detects regular expressions that backtrack excessively, by timing them on texts derived from the pattern itself.

For each repetition, a text is built that leads up to it, repeats what it matches, and then does not match. With nested repetitions
such as `(a+)+` every further character doubles the time; with consecutive ones such as `.*.*.*` time grows with the cube of the length.
Quadratic growth is accepted, since a line has at most 8,192 characters.
"""

from __future__ import annotations

import importlib
import re
import string
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from collector.cutoff import Allowance, TooSlow

SHORT, LONG = 40, 1500
"""Text lengths. At 40 characters exponential growth never ends; at 1,500 quadratic growth takes hundredths of a second, cubic seconds."""
MISFIT = "\x00\n\n"
"""A character that hardly any pattern matches, not even `.`."""
MOST = 30
"""Maximum number of repetitions tried per pattern."""
ALPHABET = string.ascii_lowercase + string.digits + " /.:=-_\"'" + string.printable
SPENT = 2.0
"""CPU seconds for all texts of one pattern; a quarter of that counts as slow in any case."""

Parsed = Any
"""The output of Python's own pattern parser: a list of (opcode, argument)."""


def slow_on(pattern: str, flags: int = 0, *, length: int = LONG, between: Sequence[str] = (), spent: float = SPENT) -> str | None:
    """Describe the text on which the pattern was cut off after half a second; None if there is none. Only in the main thread.

    `between` adds texts that repeat the lead-in of a repetition, separated by these strings: the search restarts at each lead-in, so that
    what is linear at one position becomes quadratic. Used for our own patterns only, which see longer texts than a user's.
    """
    regex = re.compile(pattern, flags)
    allowance = Allowance(spent)
    with allowance.watched():
        for text in _texts(pattern, flags, length, between):
            try:
                allowance.bounded(partial(regex.sub, "", text) if between else partial(regex.search, text))
            except TooSlow:
                return f"{len(text)} characters like {text[:12]!r}"
    return None


def _texts(pattern: str, flags: int, length: int, between: Sequence[str]) -> Iterator[str]:
    parsed = importlib.import_module("re._parser").parse(pattern, flags)  # formerly `sre_parse`
    for before, body in islice(_repeated(parsed, ""), MOST):
        for characters in (SHORT, length):
            yield before + body * (characters // len(body)) + MISFIT
        for unit in (before + body + joint for joint in between):
            yield unit * (length // len(unit)) + MISFIT


def _repeated(parsed: Parsed, before: str) -> Iterator[tuple[str, str]]:
    """For each repetition, return a text that leads up to it and a text that it matches."""
    for opcode, argument in parsed:
        name = str(opcode)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            for body in _samples(argument[2]):
                if body:
                    yield before, body
        for inner in _inner(name, argument):
            yield from _repeated(inner, before)
        before = (before + next(_samples([(opcode, argument)])))[-LONG:]


def _inner(name: str, argument: Parsed) -> list[Parsed]:
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return [argument[2]]
    if name == "SUBPATTERN":
        return [argument[-1]]
    if name == "ATOMIC_GROUP":
        return [argument]
    if name in ("ASSERT", "ASSERT_NOT"):
        return [argument[1]]
    return list(argument[1]) if name == "BRANCH" else []


def _samples(parsed: Parsed) -> Iterator[str]:
    """Return texts that roughly match the pattern; one for each alternative if the pattern is a single group."""
    items = list(parsed)
    if len(items) == 1 and str(items[0][0]) == "SUBPATTERN":
        yield from _samples(items[0][1][-1])
    elif len(items) == 1 and str(items[0][0]) == "BRANCH":
        for branch in items[0][1][1]:
            yield from _samples(branch)
    else:
        yield "".join(_sample(str(opcode), argument) for opcode, argument in items)


def _sample(name: str, argument: Parsed) -> str:
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least: int = argument[0]
        return (next(_samples(argument[2])) * min(max(1, least), SHORT))[:LONG]
    looks_back = name == "ASSERT" and argument[0] < 0
    if looks_back or name in ("SUBPATTERN", "BRANCH", "ATOMIC_GROUP"):
        inner = _inner(name, argument)
        return next(_samples(inner[0])) if inner else ""
    if name == "LITERAL":
        return chr(argument)
    return _character(name, argument)


def _character(name: str, argument: Parsed) -> str:
    """Return one matching character; empty if the node consumes none."""
    if name == "NOT_LITERAL":
        return next(character for character in ALPHABET if ord(character) != argument)
    if name == "IN":
        return next((character for character in ALPHABET if _fits(character, argument)), "")
    return ALPHABET[0] if name == "ANY" else ""


CATEGORIES = {"DIGIT": string.digits, "SPACE": string.whitespace, "WORD": string.ascii_letters + string.digits + "_"}


def _fits(character: str, members: Parsed) -> bool:
    negated = str(members[0][0]) == "NEGATE"
    return any(_is_one(character, str(opcode), argument) for opcode, argument in members) != negated


def _is_one(character: str, name: str, argument: Parsed) -> bool:
    if name == "LITERAL":
        return bool(ord(character) == argument)
    if name == "RANGE":
        return bool(argument[0] <= ord(character) <= argument[1])
    if name == "CATEGORY":
        _, _, kind = str(argument).rpartition("_")
        return (character in CATEGORIES[kind]) != ("_NOT_" in str(argument))
    return False
