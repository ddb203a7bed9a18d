"""Generates single mutations of redaction patterns, and runs the tests that must notice them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

import pytest

from collector import redact
from collector.redact import rules as patterns
from collector.redact.rules import NAMED_KEY, RULES, Rule
from tests.redact import test_known, test_redact, test_settings, test_users_patterns, test_vocabulary

FLAGS = re.IGNORECASE | re.MULTILINE
TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[{]\d+(?:,\d*)?[}]|.", re.DOTALL)
SHARED = {
    name: getattr(patterns, name) for name in ("_PASS_IS", "_NO_COUNT", "_WORD", "_IS", "_BARE", "_REAL", "_NOT_NEXT", "_QUOTE", "_UUID")
}
"""Parts of patterns, those that hold others first."""
MARK = {name: chr(0xE000 + number) for number, name in enumerate(SHARED)}
NAMES = {ord(mark): name for name, mark in MARK.items()}
LOOKS = ("(?=", "(?!", "(?<=", "(?<!")


@dataclass(frozen=True, slots=True)
class Mutant:
    """The redaction rules with a single mutation; `named_key` is the pattern of keys."""

    about: str
    what: str
    rules: tuple[Rule, ...] = RULES
    named_key: str = NAMED_KEY


def mutants() -> Iterator[Mutant]:
    """Return all mutants: rule by rule, then shared parts, then the needles."""
    for index, rule in enumerate(RULES):
        before, after = RULES[:index], RULES[index + 1 :]
        yield Mutant(f"{rule.name} ({index + 1})", "without the rule", (*before, *after))
        for what, pattern in _broken(_folded(rule.pattern)):
            yield Mutant(f"{rule.name} ({index + 1})", what, (*before, rule._replace(pattern=_unfolded(pattern)), *after))
    for name, part in SHARED.items():
        for what, broken in _broken(_folded(part, but=name)):
            with_it = partial(_with_part, name, _unfolded(broken))
            yield Mutant(f"all ({name})", what, tuple(rule._replace(pattern=with_it(rule.pattern)) for rule in RULES), with_it(NAMED_KEY))
    for needle in sorted({needle for rule in RULES for needle in rule.needles}):
        rules = tuple(rule._replace(needles=tuple(one for one in rule.needles if one != needle)) for rule in RULES)
        yield Mutant("all", f"without the needle `{needle}`", rules)


def _folded(pattern: str, but: str = "") -> str:
    """Replace shared parts by a single character each, so that they are not mutated here."""
    for name, part in SHARED.items():
        pattern = pattern.replace(part, MARK[name]) if name != but else pattern
    return pattern


def _unfolded(pattern: str) -> str:
    for name, part in reversed(SHARED.items()):
        pattern = pattern.replace(MARK[name], part)
    return pattern


def _with_part(name: str, broken: str, pattern: str) -> str:
    return pattern.replace(SHARED[name], broken)


def _broken(pattern: str) -> Iterator[tuple[str, str]]:
    """Return the pattern without one of its alternatives or look-arounds, or with an optional part made mandatory."""
    tokens = TOKEN.findall(pattern)
    for start, end in sorted({*_alternatives(tokens), *_looks(tokens), *_optional(tokens)}):
        rest = "".join([*tokens[:start], *tokens[end:]])
        if _compiles(_unfolded(rest)):
            yield f"without `{''.join(tokens[start:end]).translate(NAMES)}` at {len(''.join(tokens[:start]))}", rest


def _groups(tokens: list[str]) -> Iterator[tuple[int, int]]:
    """Return the bounds of each group, the whole pattern first."""
    yield -1, len(tokens)
    opened: list[int] = []
    for at, token in enumerate(tokens):
        if token == "(":
            opened.append(at)
        elif token == ")":
            yield opened.pop(), at


def _alternatives(tokens: list[str]) -> Iterator[tuple[int, int]]:
    """Return each alternative of each group, with its adjacent bar."""
    for start, end in _groups(tokens):
        depth, bars = 0, []
        for at in range(start + 1, end):
            depth += (tokens[at] == "(") - (tokens[at] == ")")
            bars += [at] if tokens[at] == "|" and not depth else []
        if bars:
            yield _after_head(tokens, start), bars[0] + 1
            yield from itertools.pairwise([*bars, end])


def _after_head(tokens: list[str], start: int) -> int:
    """Return where a group's first alternative begins: after `(?:`, `(?P<v>`, `(?<!` and the like."""
    head = re.match(r"\((?:\?(?:[:=!>]|<[=!]|P<\w+>))?", "".join(tokens[start:])) if start >= 0 else None
    return start + len(head[0]) if head else 0


def _looks(tokens: list[str]) -> Iterator[tuple[int, int]]:
    for start, end in _groups(tokens):
        if start >= 0 and "".join(tokens[start:end]).startswith(LOOKS):
            yield start, end + 1


def _optional(tokens: list[str]) -> Iterator[tuple[int, int]]:
    """Return the quantifiers that make the preceding part optional."""
    for at, token in enumerate(tokens):
        before = tokens[at - 1] if at else "("
        if (token == "?" and before not in {"(", "+", "*", "?"} and not before.startswith("{")) or token.startswith("{0,"):
            yield at, at + 1


def _compiles(pattern: str) -> bool:
    try:
        return "v" in re.compile(pattern, FLAGS).groupindex or "(?P<v>" not in pattern
    except re.error:
        return False


def survives(mutant: Mutant) -> bool:
    """True if no example in the tests of redaction notices."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redact, "RULES", mutant.rules)
        patch.setattr(redact, "_BY_STEM", redact._by_stem(mutant.rules))
        patch.setattr(redact, "_NAMED_KEY", re.compile(mutant.named_key, re.IGNORECASE))
        for remembered in (redact._rules_of, redact._names_a_secret):
            remembered.cache_clear()
        return all(map(_passes, _calls()))


def _passes(call: Callable[[], None]) -> bool:
    try:
        call()
    except (AssertionError, LookupError):  # without its group the secret has no position
        return False
    return True


@cache
def _calls() -> list[Callable[[], None]]:
    """Return every test of redaction with each of its examples, except property tests."""
    files = (test_redact, test_known, test_users_patterns, test_vocabulary, test_settings)
    tests = {name: test for file in files for name, test in vars(file).items()}
    found = [test for name, test in tests.items() if name.startswith("test_") and not hasattr(test, "hypothesis")]
    return [partial(test, **example) for test in found for example in _examples(test)]


def _examples(test: Callable[..., None]) -> Iterator[dict[str, object]]:
    """Return the arguments of a test from pytest's `parametrize`."""
    tables = []
    for mark in getattr(test, "pytestmark", []):
        names = mark.args[0] if isinstance(mark.args[0], str) else ",".join(mark.args[0])
        (name,) = names.split(",")
        tables.append([(name, value) for value in mark.args[1]])
    yield from map(dict, itertools.product(*tables))


def prepare() -> None:
    """Check that nothing fails without a mutation."""
    if not all(map(_passes, _calls())):
        raise AssertionError("the tests of redaction fail already")
