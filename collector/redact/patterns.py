"""The user's own patterns. They cannot be trusted to be fast, so each is cut off, in the main thread (collector/cutoff.py)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from collector.cutoff import Allowance, TooSlow, compiled
from collector.redact.rules import PLACEHOLDER

LONGEST_LINE = 8192
"""Maximum characters that a pattern sees at once: slow ones cannot be recognised, but their input can be limited."""
UNCHECKED = "unchecked"
"""The placeholder for a text on which a pattern took too long."""

Hide = Callable[[str, str], str]
"""Returns the placeholder for a rule and a secret."""
_PLACEHOLDER = re.compile(PLACEHOLDER)


class Patterns:
    """Regular expressions whose first group, or else whole match, is a secret. A text on which one takes too long is withheld.

    `withheld` counts these texts by the pattern's index.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        """Compile; ValueError for an invalid one."""
        self._patterns = [compiled(pattern, re.MULTILINE) for pattern in patterns]
        self._allowance = Allowance()
        self._slow: set[int] = set()
        self.withheld: Counter[int] = Counter()

    def watched(self) -> AbstractContextManager[None]:
        """Patterns are cut off only within this block."""
        return self._allowance.watched() if self._patterns else nullcontext()

    def sub(self, hide: Hide, text: str) -> str:
        """Return the text without what the patterns match."""
        for number, pattern in enumerate(self._patterns):
            checked = self._checked(pattern, text, hide)
            if checked is None:
                self.withheld[number] += 1
                return hide(UNCHECKED, text)
            text = checked
        return text

    def _checked(self, pattern: re.Pattern[str], text: str, hide: Hide) -> str | None:
        """Apply a pattern; None if it was cut off, on this text or on the same one before."""
        which = hash((pattern, text))
        if which in self._slow:
            return None
        try:
            return self._allowance.bounded(partial(_beside_placeholders, pattern, text, hide))
        except TooSlow:
            self._slow.add(which)
            return None


def replaced(found: re.Match[str], group: int | str, hide: Callable[[str], str]) -> str:
    """Return the match with its secret, which is a group of it, replaced."""
    start, end = found.start(group) - found.start(), found.end(group) - found.start()
    return found[0][:start] + hide(found[group]) + found[0][end:]


def _beside_placeholders(pattern: re.Pattern[str], text: str, hide: Hide) -> str:
    """Apply a pattern to the text outside placeholders, which it could damage."""
    parts, last = [], 0
    for kept in _PLACEHOLDER.finditer(text):
        parts += [_applied(pattern, text[last : kept.start()], hide), kept[0]]
        last = kept.end()
    return "".join([*parts, _applied(pattern, text[last:], hide)])


def _applied(pattern: re.Pattern[str], text: str, hide: Hide) -> str:
    def replace(found: re.Match[str]) -> str:
        group = 1 if pattern.groups and found[1] is not None else 0
        return replaced(found, group, partial(hide, "custom")) if found[group] else found[0]

    pieces = (line[at : at + LONGEST_LINE] for line in text.splitlines(keepends=True) for at in range(0, len(line), LONGEST_LINE))
    return "".join(pattern.sub(replace, piece) for piece in pieces)
