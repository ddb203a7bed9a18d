"""Replaces secrets by stable placeholders. Applied where results are made, so that nothing unredacted exists afterwards.

A secret becomes `<redacted:RULE:hash4>`. The hash is a digest with a fixed key, so equal secrets stay equal within and between reports and
in later analyses: one can see that two nodes have different passwords, but not the passwords. The hash reveals 16 bits: someone with a list
of candidates can rule out most of them.

rules.py says what secrets look like; known.py finds those known by value, lines.py those below their name, patterns.py those of the user's
own patterns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property, lru_cache, partial
from hashlib import blake2b

from collector.model import JSON
from collector.redact.known import KnownValues
from collector.redact.lines import OPENING, without_values_below
from collector.redact.patterns import UNCHECKED, Patterns, replaced
from collector.redact.rules import NAMED_KEY, PLACEHOLDER, RULES, Rule
from collector.text import clean

__all__ = ["UNCHECKED", "Redactor", "placeholder"]

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

    `secret_values` are known secrets, found in any spelling. `patterns` are the user's regular expressions (ValueError for an invalid one).
    They are cut off in the main thread only, so a `Redactor` used in other threads must not have any.
    """

    def __init__(self, secret_values: Iterable[str] = (), patterns: Iterable[str] = ()) -> None:
        self._secret_values = tuple(secret_values)
        self._patterns = Patterns(patterns)
        self._harmless: dict[str, str] = {}

    @cached_property
    def _known(self) -> KnownValues:
        """Built on first use: it takes a while, and can be done while the first request is in progress."""
        return KnownValues(self._secret_values)

    @property
    def withheld(self) -> Mapping[int, int]:
        """The number of texts withheld because of each of the user's patterns, by its index."""
        return self._patterns.withheld

    def text(self, text: str) -> str:
        """Return the cleaned and redacted text."""
        with self._patterns.watched():
            return self._redaction().text(text)

    def data(self, value: JSON) -> JSON:
        """Return the value with every string in it, including keys, cleaned and redacted, and values of secret-named keys replaced."""
        return self.counted(value)[0]

    def counted(self, value: JSON) -> tuple[JSON, dict[str, int]]:
        """Like `data`, with the number of redactions by rule."""
        redaction = self._redaction()
        with self._patterns.watched():
            return redaction.data(value, MAX_DEPTH), dict(sorted(redaction.counts.items()))

    def _redaction(self) -> _Redaction:
        return _Redaction(self._known, self._patterns, self._harmless)


class _Redaction:
    """The redaction of one value, which counts its secrets by rule. `harmless` are texts known to contain none, shared by all."""

    def __init__(self, known: KnownValues, patterns: Patterns, harmless: dict[str, str]) -> None:
        self._known = known
        self._patterns = patterns
        self._harmless = harmless
        self.counts: Counter[str] = Counter()

    def data(self, value: JSON, depth: int) -> JSON:
        """Redact the value, down to this many levels."""
        if isinstance(value, str):
            return self.text(value)
        if not isinstance(value, dict | list | tuple):
            return value
        if not depth:
            return "nested too deep to be shown"
        if isinstance(value, dict):
            return {self.text(str(key)): self._member(str(key), part, depth - 1) for key, part in value.items()}
        return [self.data(part, depth - 1) for part in self._without_spanning(value)]

    def _member(self, key: str, value: JSON, depth: int) -> JSON:
        return self._secret(value, depth) if value and _names_a_secret(key) else self.data(value, depth)

    def _secret(self, value: JSON, depth: int) -> JSON:
        """Replace all strings and numbers in the value of a secret-named key."""
        if value is None or isinstance(value, bool) or value == "":
            return value
        if isinstance(value, dict) and depth:
            return {self.text(str(key)): self._secret(part, depth - 1) for key, part in value.items()}
        if isinstance(value, list | tuple) and depth:
            return [self._secret(part, depth - 1) for part in value]
        if isinstance(value, dict | list | tuple):
            return self.data(value, depth)
        return value if isinstance(value, str) and _PLACEHOLDER.fullmatch(value) else self._hide("named", str(value))

    def _without_spanning(self, values: Sequence[JSON]) -> Sequence[JSON]:
        """Remove secrets that span several lines of a log; other lists are returned unchanged."""
        if len(values) < 2 or not all(isinstance(value, str) for value in values):  # noqa: PLR2004 - a single line has no continuation
            return values
        if any("-----" in value for value in values):
            values = self._without_pem(values)
        if any(value.endswith(OPENING) or value.startswith("-") for value in values):
            values = without_values_below(list(map(clean, values)), partial(self._hide, "named"))
        return self._known.over_lines(partial(self._hide, "own"), values) if self._known else values

    def _without_pem(self, lines: Sequence[str]) -> Sequence[str]:
        """Remove PEM blocks that span several lines."""
        joined = _BETWEEN_LINES.join(map(clean, lines))
        for rule in RULES:
            if rule.name == "pem":
                joined = _compiled(rule.pattern)(partial(self._replace, rule.name), joined)
        return joined.split(_BETWEEN_LINES)

    def text(self, text: str) -> str:
        """Redact the text. Equal texts without secrets share one object in memory."""
        known = self._harmless.get(text)
        if known is not None:
            return known
        redacted = self._redacted(text)
        if redacted == text and len(text) <= LONGEST_REMEMBERED and len(self._harmless) < REMEMBERED:
            self._harmless[text] = redacted
        return redacted

    def _redacted(self, text: str) -> str:
        """Apply the rules until nothing changes, since a replacement may join text into something that another rule finds."""
        text = clean(text)
        if "\n" in text and self._known:
            text = "\n".join(self._known.over_lines(partial(self._hide, "own"), text.split("\n")))
        for _ in range(MAX_PASSES):
            before = text
            text = self._pass(text)
            if text == before:
                break
        return text

    def _pass(self, text: str) -> str:
        if self._known:
            text = self._known.sub(partial(self._hide, "own"), text)
        for name, replace in _rules_for(text.lower()):
            text = replace(partial(self._replace, name), text)
        return self._patterns.sub(self._hide, text)

    def _replace(self, rule: str, found: re.Match[str]) -> str:
        return replaced(found, "v", partial(self._hide, rule))

    def _hide(self, rule: str, secret: str) -> str:
        self.counts[rule] += 1
        return placeholder(rule, secret)


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
