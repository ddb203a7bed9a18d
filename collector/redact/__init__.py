"""Replaces secrets by stable placeholders. Applied where results are made, so that nothing unredacted exists afterwards.

A secret becomes `<redacted:RULE:hash4>`. The hash is a digest with a fixed key, so equal secrets stay equal within and between reports and
in later analyses: one can see that two nodes have different passwords, but not the passwords. The hash reveals 16 bits: someone with a list
of candidates can rule out most of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache, cached_property, lru_cache, partial
from hashlib import blake2b

from collector.cutoff import Allowance, TooSlow, compiled
from collector.model import JSON
from collector.redact.known import KnownValues
from collector.redact.lines import OPENING, without_values_below
from collector.redact.rules import NAMED_KEY, PLACEHOLDER, RULES, Rule
from collector.text import clean

__all__ = ["UNCHECKED", "Redactor", "placeholder"]

LONGEST_LINE = 8192
"""Maximum characters that a user's pattern sees at once: slow patterns cannot be recognised, but their input can be limited."""
UNCHECKED = "unchecked"
"""The placeholder for a text on which a pattern took too long."""
MAX_PASSES = 4
REMEMBERED = 20_000
LONGEST_REMEMBERED = 100
"""Cache size and maximum length of texts known to contain no secret; most texts about one node recur for every node."""
MAX_DEPTH = 100
_BETWEEN_LINES = "\x1e"

_FLAGS = re.IGNORECASE | re.MULTILINE
_STEMS = ("key", "pass", "auth", "-----", "hv", "pat", "k_", "@", "signature")


def _by_stem(rules: Iterable[Rule]) -> Mapping[str, tuple[str, ...]]:
    """A quick pre-check, and the needles to search if it matches; most texts contain none."""
    needles = sorted({needle for rule in rules for needle in rule.needles})
    return {
        **{stem: tuple(needle for needle in needles if stem in needle) for stem in _STEMS},
        **{needle: (needle,) for needle in needles if not any(stem in needle for stem in _STEMS)},
    }


_BY_STEM = _by_stem(RULES)
_PLACEHOLDER = re.compile(PLACEHOLDER)
_NAMED_KEY = re.compile(NAMED_KEY, re.IGNORECASE)


def placeholder(rule: str, secret: str) -> str:
    """Return the replacement for a secret; the same for the same rule and secret."""
    return f"<redacted:{rule}:{blake2b(secret.encode('utf-8', 'surrogatepass'), key=b'collector', digest_size=2).hexdigest()}>"


class Redactor:
    """Removes secrets and control characters from texts and JSON values. Thread-safe and idempotent.

    `secret_values` are known secrets, found in any spelling (collector/redact/known.py). `patterns` are the user's regular expressions: the
    first group, or the whole match, is a secret; ValueError for an invalid one. One that takes too long on a text is cut off, in the main
    thread only (collector/cutoff.py), and the whole text is withheld. So a `Redactor` used in other threads must not have patterns.
    """

    def __init__(self, secret_values: Iterable[str] = (), patterns: Iterable[str] = ()) -> None:
        self._secret_values = tuple(secret_values)
        self._patterns = [compiled(pattern, re.MULTILINE) for pattern in patterns]
        self._allowance = Allowance()
        self._withheld: Counter[int] = Counter()
        self._slow: set[int] = set()
        self._harmless: dict[str, str] = {}

    @cached_property
    def _known(self) -> KnownValues:
        """Built on first use: it takes a while, and can be done while the first request is in progress."""
        return KnownValues(self._secret_values)

    @property
    def withheld(self) -> Mapping[int, int]:
        """The number of texts withheld because of each of the user's patterns, by its index."""
        return self._withheld

    def text(self, text: str) -> str:
        """Return the cleaned and redacted text."""
        with self._watched():
            return self._text(text, Counter())

    def data(self, value: JSON) -> JSON:
        """Return the value with every string in it, including keys, cleaned and redacted, and values of secret-named keys replaced."""
        with self._watched():
            return self._data(value, Counter(), MAX_DEPTH)

    def counted(self, value: JSON) -> tuple[JSON, dict[str, int]]:
        """Like `data`, with the number of redactions by rule."""
        counts: Counter[str] = Counter()
        with self._watched():
            return self._data(value, counts, MAX_DEPTH), dict(sorted(counts.items()))

    def _watched(self) -> AbstractContextManager[None]:
        return self._allowance.watched() if self._patterns else nullcontext()

    def _data(self, value: JSON, counts: Counter[str], depth: int) -> JSON:
        if isinstance(value, str):
            return self._text(value, counts)
        if not isinstance(value, dict | list | tuple):
            return value
        if not depth:
            return "nested too deep to be shown"
        if isinstance(value, dict):
            return {self._text(str(key), counts): self._member(str(key), part, counts, depth - 1) for key, part in value.items()}
        return [self._data(part, counts, depth - 1) for part in self._without_spanning(value, counts)]

    def _member(self, key: str, value: JSON, counts: Counter[str], depth: int) -> JSON:
        return self._secret(value, counts, depth) if value and _names_a_secret(key) else self._data(value, counts, depth)

    def _secret(self, value: JSON, counts: Counter[str], depth: int) -> JSON:
        """Replace all strings and numbers in the value of a secret-named key."""
        if value is None or isinstance(value, bool) or value == "":
            return value
        if isinstance(value, dict) and depth:
            return {self._text(str(key), counts): self._secret(part, counts, depth - 1) for key, part in value.items()}
        if isinstance(value, list | tuple) and depth:
            return [self._secret(part, counts, depth - 1) for part in value]
        if isinstance(value, dict | list | tuple):
            return self._data(value, counts, depth)
        return value if isinstance(value, str) and _PLACEHOLDER.fullmatch(value) else _counted("named", str(value), counts)

    def _without_spanning(self, values: Sequence[JSON], counts: Counter[str]) -> Sequence[JSON]:
        """Remove secrets that span several lines of a log; other lists are returned unchanged."""
        if len(values) < 2 or not all(isinstance(value, str) for value in values):  # noqa: PLR2004 - a single line has no continuation
            return values
        if any("-----" in value for value in values):
            values = _without_pem(values, counts)
        if any(value.endswith(OPENING) or value.startswith("-") for value in values):
            values = without_values_below(list(map(clean, values)), partial(_counted, "named", counts=counts))
        return self._known.over_lines(partial(_counted, "own", counts=counts), values) if self._known else values

    def _text(self, text: str, counts: Counter[str]) -> str:
        """Return the redacted text. Equal texts without secrets share one object in memory."""
        known = self._harmless.get(text)
        if known is not None:
            return known
        redacted = self._redacted(text, counts)
        if redacted == text and len(text) <= LONGEST_REMEMBERED and len(self._harmless) < REMEMBERED:
            self._harmless[text] = redacted
        return redacted

    def _redacted(self, text: str, counts: Counter[str]) -> str:
        """Apply the rules until nothing changes, since a replacement may join text into something that another rule finds."""
        text = clean(text)
        if "\n" in text and self._known:
            text = "\n".join(self._known.over_lines(partial(_counted, "own", counts=counts), text.split("\n")))
        for _ in range(MAX_PASSES):
            before = text
            text = self._pass(text, counts)
            if text == before:
                break
        return text

    def _pass(self, text: str, counts: Counter[str]) -> str:
        if self._known:
            text = self._known.sub(partial(_counted, "own", counts=counts), text)
        for name, replace in _rules_for(text.lower()):
            text = replace(partial(_replaced, name, counts), text)
        return self._user_pass(text, counts) if self._patterns else text

    def _user_pass(self, text: str, counts: Counter[str]) -> str:
        for number, pattern in enumerate(self._patterns):
            checked = self._checked(pattern, text, counts)
            if checked is None:
                self._withheld[number] += 1
                return _counted(UNCHECKED, text, counts)
            text = checked
        return text

    def _checked(self, pattern: re.Pattern[str], text: str, counts: Counter[str]) -> str | None:
        """Apply a pattern; None if it was cut off, on this text or on the same one before."""
        which = hash((pattern, text))
        if which in self._slow:
            return None
        try:
            return self._allowance.bounded(partial(_custom, pattern, text, counts))
        except TooSlow:
            self._slow.add(which)
            return None


Sub = Callable[[Callable[[re.Match[str]], str], str], str]


@cache
def _compiled(pattern: str) -> Sub:
    """Compiled on first use: it takes longer than sending the first request, and can be done while that is in progress."""
    return re.compile(pattern, _FLAGS).sub


def _rules_for(lower: str) -> Sequence[tuple[str, Sub]]:
    """Return the rules that may match the text."""
    stems = tuple([stem for stem in _BY_STEM if stem in lower])
    return _rules_of(tuple([needle for stem in stems for needle in _BY_STEM[stem] if needle in lower])) if stems else ()


@lru_cache(1000)
def _rules_of(present: tuple[str, ...]) -> Sequence[tuple[str, Sub]]:
    return [(rule.name, _compiled(rule.pattern)) for rule in RULES if not set(present).isdisjoint(rule.needles)]


@lru_cache(1000)
def _names_a_secret(key: str) -> bool:
    return _NAMED_KEY.search(clean(key)) is not None


def _counted(rule: str, secret: str, counts: Counter[str]) -> str:
    counts[rule] += 1
    return placeholder(rule, secret)


def _replaced(rule: str, counts: Counter[str], found: re.Match[str], group: int | str = "v") -> str:
    """Return the match with its secret replaced."""
    start, end = found.start(group) - found.start(), found.end(group) - found.start()
    return found[0][:start] + _counted(rule, found[group], counts) + found[0][end:]


def _custom(pattern: re.Pattern[str], text: str, counts: Counter[str]) -> str:
    """Apply a user's pattern to the text outside placeholders, which it could damage."""
    parts, last = [], 0
    for kept in _PLACEHOLDER.finditer(text):
        parts += [_custom_part(pattern, text[last : kept.start()], counts), kept[0]]
        last = kept.end()
    return "".join([*parts, _custom_part(pattern, text[last:], counts)])


def _custom_part(pattern: re.Pattern[str], text: str, counts: Counter[str]) -> str:
    def replaced(found: re.Match[str]) -> str:
        group = 1 if pattern.groups and found[1] is not None else 0
        return _replaced("custom", counts, found, group) if found[group] else found[0]

    pieces = (line[at : at + LONGEST_LINE] for line in text.splitlines(keepends=True) for at in range(0, len(line), LONGEST_LINE))
    return "".join(pattern.sub(replaced, piece) for piece in pieces)


def _without_pem(lines: Sequence[str], counts: Counter[str]) -> Sequence[str]:
    """Remove PEM blocks that span several lines."""
    joined = _BETWEEN_LINES.join(map(clean, lines))
    for rule in RULES:
        if rule.name == "pem":
            joined = _compiled(rule.pattern)(partial(_replaced, rule.name, counts), joined)
    return joined.split(_BETWEEN_LINES)
