"""Secrets out, stable placeholders in. Applied where a result is made, so that nothing unredacted exists after it.

A secret becomes `<redacted:RULE:hash4>`. The hash is a keyed digest with a fixed key, so that equal secrets stay equal within a report,
between reports and in an analysis made again: one can see that two nodes hold different passwords, not what they are. What it gives away is
16 bits: who already has a list of candidates can rule out most of them.
"""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from hashlib import blake2b
from json import dumps
from urllib.parse import quote, quote_plus

from collector.cutoff import Allowance, TooSlow, compiled
from collector.model import JSON
from collector.redact.clean import clean
from collector.redact.rules import NAMED_KEY, PLACEHOLDER, RULES, Rule

__all__ = ["UNCHECKED", "Redactor", "clean", "placeholder"]

SHORTEST_VALUE = 6
"""A secret value shorter than this is not looked for: it would blank out words that only happen to be the same."""
LONGEST_LINE = 8192
"""A user's own pattern sees at most so many characters at once: nobody can tell a slow pattern from a fast one, but its food can be cut."""
UNCHECKED = "unchecked"
"""What stands in the place of a text that a pattern was too slow for."""
MAX_PASSES = 4
REMEMBERED = 20_000
LONGEST_REMEMBERED = 100
"""So many texts without a secret are remembered, and none longer: most of what is said of one node is said of every node."""
MAX_DEPTH = 100
_BETWEEN_LINES = "\x1e"

_FLAGS = re.IGNORECASE | re.MULTILINE
_NEEDLES = tuple({needle for rule in RULES for needle in rule.needles})
_PLACEHOLDER = re.compile(PLACEHOLDER)
_NAMED_KEY = re.compile(NAMED_KEY, re.IGNORECASE)


def placeholder(rule: str, secret: str) -> str:
    """What stands in a report in place of a secret; the same secret found by the same rule gives the same text."""
    return f"<redacted:{rule}:{blake2b(secret.encode('utf-8', 'surrogatepass'), key=b'collector', digest_size=2).hexdigest()}>"


class Redactor:
    """Takes secrets and control characters out of texts and JSON values. Safe to share between threads; idempotent.

    `secret_values` are secrets that are known, looked for as they are, URL-encoded, base64-encoded and as JSON writes them.
    `patterns` are regular expressions of the user: their first group, or all of the match, is a secret. A pattern that is none raises
    `ValueError`. One that takes too long on a text is cut off, in the main thread at least (collector/cutoff.py): that text is withheld as
    a whole, since nobody knows what it holds. A `Redactor` for other threads has no patterns.
    """

    def __init__(self, secret_values: Iterable[str] = (), patterns: Iterable[str] = ()) -> None:
        self._known = {form: value for value in secret_values if len(value) >= SHORTEST_VALUE for form in _forms(value)}
        longest_first = sorted(self._known, key=len, reverse=True)
        self._known_pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self._patterns = [compiled(pattern, re.MULTILINE) for pattern in patterns]
        self._allowance = Allowance()
        self._withheld: Counter[int] = Counter()
        self._slow: set[int] = set()
        self._harmless: dict[str, str] = {}

    @property
    def withheld(self) -> Mapping[int, int]:
        """How many texts were withheld so far because of each of the user's patterns, by its place among them."""
        return self._withheld

    def text(self, text: str) -> str:
        """The text, cleaned and redacted."""
        with self._watched():
            return self._text(text, Counter())

    def data(self, value: JSON) -> JSON:
        """The value with every text in it, keys too, cleaned and redacted. The value of a key that names a secret is one."""
        with self._watched():
            return self._data(value, Counter(), MAX_DEPTH)

    def counted(self, value: JSON) -> tuple[JSON, dict[str, int]]:
        """Like `data`, with how many secrets each rule took out."""
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
        return [self._data(part, counts, depth - 1) for part in _without_pem_over_lines(value, counts)]

    def _member(self, key: str, value: JSON, counts: Counter[str], depth: int) -> JSON:
        if isinstance(value, str) and value and _NAMED_KEY.search(key) and not _PLACEHOLDER.fullmatch(value):
            counts["named"] += 1
            return placeholder("named", value)
        return self._data(value, counts, depth)

    def _text(self, text: str, counts: Counter[str]) -> str:
        """The text, redacted. Equal texts without a secret become one text in memory."""
        known = self._harmless.get(text)
        if known is not None:
            return known
        redacted = self._redacted(text, counts)
        if redacted == text and len(text) <= LONGEST_REMEMBERED and len(self._harmless) < REMEMBERED:
            self._harmless[text] = redacted
        return redacted

    def _redacted(self, text: str, counts: Counter[str]) -> str:
        """What a rule takes out can bring together what another one looks for, so the rules run until nothing changes."""
        text = clean(text)
        for _ in range(MAX_PASSES):
            before = text
            text = self._pass(text, counts)
            if text == before:
                break
        return text

    def _pass(self, text: str, counts: Counter[str]) -> str:
        if self._known_pattern:
            text = self._known_pattern.sub(lambda found: _counted("own", self._known[found[0]], counts), text)
        lower = text.lower()
        present = {needle for needle in _NEEDLES if needle in lower}
        for rule, pattern in _compiled_rules() if present else ():
            if not present.isdisjoint(rule.needles):
                text = pattern.sub(partial(_replaced, rule.name, counts), text)
        return self._pass_of_the_users(text, counts) if self._patterns else text

    def _pass_of_the_users(self, text: str, counts: Counter[str]) -> str:
        for number, pattern in enumerate(self._patterns):
            checked = self._checked(pattern, text, counts)
            if checked is None:
                self._withheld[number] += 1
                return _counted(UNCHECKED, text, counts)
            text = checked
        return text

    def _checked(self, pattern: re.Pattern[str], text: str, counts: Counter[str]) -> str | None:
        """The text without what the pattern finds; None where it was cut off, on this text or on the same one before."""
        which = hash((pattern, text))
        if which in self._slow:
            return None
        try:
            return self._allowance.bounded(partial(_custom, pattern, text, counts))
        except TooSlow:
            self._slow.add(which)
            return None


@cache
def _compiled_rules() -> tuple[tuple[Rule, re.Pattern[str]], ...]:
    """Not at import: it takes longer than to send the first request, and can be done while that is on its way."""
    return tuple((rule, re.compile(rule.pattern, _FLAGS)) for rule in RULES)


def _forms(value: str) -> Iterator[str]:
    """The ways in which a secret may be written."""
    yield value
    yield quote(value, safe="")
    yield quote_plus(value)
    yield dumps(value)[1:-1]
    yield from _base64_forms(value.encode())


def _base64_forms(value: bytes) -> Iterator[str]:
    """The part of a base64 text that the value alone decides, for each of the three places where it can start in a group of bytes."""
    for shift, undecided in ((0, 0), (1, 2), (2, 3)):
        for encode in (b64encode, urlsafe_b64encode):
            text = encode(bytes(shift) + value).decode()
            decided = text.rstrip("=")[: len(text.rstrip("=")) - bool((shift + len(value)) % 3)]
            yield decided[undecided:]


def _counted(rule: str, secret: str, counts: Counter[str]) -> str:
    counts[rule] += 1
    return placeholder(rule, secret)


def _replaced(rule: str, counts: Counter[str], found: re.Match[str], group: int | str = "v") -> str:
    """A match with its secret replaced."""
    start, end = found.start(group) - found.start(), found.end(group) - found.start()
    return found[0][:start] + _counted(rule, found[group], counts) + found[0][end:]


def _custom(pattern: re.Pattern[str], text: str, counts: Counter[str]) -> str:
    """A user's pattern, kept away from placeholders, which it could break."""
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


def _without_pem_over_lines(values: list[JSON] | tuple[JSON, ...], counts: Counter[str]) -> list[JSON] | tuple[JSON, ...]:
    """The lines of a log with a PEM block that spans several of them taken out; any other list as it is."""
    if not any(isinstance(value, str) and "-----" in value for value in values) or not all(isinstance(value, str) for value in values):
        return values
    joined = _BETWEEN_LINES.join(clean(value) for value in values)
    for rule, pattern in _compiled_rules():
        if rule.name == "pem":
            joined = pattern.sub(partial(_replaced, rule.name, counts), joined)
    return joined.split(_BETWEEN_LINES)
