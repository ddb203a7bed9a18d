"""Finds secrets known by value in any spelling: escaped, encoded, or broken over two lines."""

from __future__ import annotations

import re
from base64 import b32encode, b64encode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from html.entities import codepoint2name
from itertools import accumulate

SHORTEST_VALUE = 6
"""Shorter secret values are not searched for: they would also match ordinary words."""
LONG_VALUE = 16
"""Values of at least this length are not words, so they are also searched for in other case."""

Hide = Callable[[str], str]
"""Returns the placeholder for a secret."""


class KnownValues:
    """Searches for values in each of their spellings. The placeholder is always that of the value itself."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = sorted({value for value in values if len(value) >= SHORTEST_VALUE}, key=len, reverse=True)
        self._coded = {form: value for value in self._values for form in _coded(value)}
        self._spelled = [(value, re.compile(spelled(value))) for value in self._values]
        self._odd = {form: value for value in self._values for form in _odd(value)}
        forms = [*((len(value), spelled(value)) for value in self._values), *((len(form), form) for form in map(re.escape, self._coded))]
        self._pattern = re.compile("|".join(form for _, form in sorted(forms, reverse=True)))

    def __bool__(self) -> bool:
        """True if there are any values."""
        return bool(self._values)

    def sub(self, hide: Hide, text: str) -> str:
        """Return the text without the values."""
        for form, value in self._odd.items():
            if form in text:
                text = text.replace(form, hide(value))
        return self._pattern.sub(lambda found: hide(self._value(found[0])), text)

    def _value(self, found: str) -> str:
        known = self._coded.get(found)
        return known or next(value for value, pattern in self._spelled if pattern.fullmatch(found))

    def over_lines(self, hide: Hide, lines: Sequence[str]) -> Sequence[str]:
        """Remove values that continue at the start of the next line, as terminals and logs wrap them."""
        while broken := self._broken([line.strip() for line in lines]):
            first, last, value, before, after = broken
            indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
            lines = [*lines[:first], indent + before + hide(value), *[""] * (last - first - 1), after, *lines[last + 1 :]]
        return lines

    def _broken(self, lines: Sequence[str]) -> tuple[int, int, str, str, str] | None:
        """Return for a broken value: its first and last line, the value, and the text before and after it."""
        joined = "".join(lines)
        for value in self._values:
            for at in _places(value, joined):
                starts = [0, *accumulate(map(len, lines))]
                end = at + len(value)
                first, last = bisect_right(starts, at) - 1, bisect_left(starts, end) - 1
                if first != last:
                    return first, last, value, lines[first][: at - starts[first]], lines[last][end - starts[last] :]
        return None


def _places(value: str, text: str) -> Iterator[int]:
    at = text.find(value)
    while at >= 0:
        yield at
        at = text.find(value, at + 1)


def spelled(value: str) -> str:
    """Return a pattern of the value in which each character may be escaped."""
    return "".join(map(_spelled, value))


def _spelled(character: str) -> str:
    """Return a character's spellings: percent-encoded, as JSON and Go escape it (also nested), and as in HTML.

    Letters and digits are unescaped.
    """
    if character.isascii() and character.isalnum():
        return character
    percent = "".join(f"%(?:25)?{_hexadecimal(f'{byte:02x}')}" for byte in character.encode("utf-8", "surrogateescape"))
    if character in "-._":
        return f"(?:{re.escape(character)}|{percent})"
    units = character.encode("utf-16-be", "surrogatepass").hex()
    escape = "".join(rf"\\{{1,7}}u{_hexadecimal(units[at : at + 4])}" for at in range(0, len(units), 4))
    return f"(?:{_plain(character)}|{percent}|{escape}|{_entity(character)})"


def _plain(character: str) -> str:
    """Return the character with the backslashes of nested JSON; in a query a space may be a plus."""
    if character in _LETTERS:
        return rf"{re.escape(character)}|\\{{1,7}}{_LETTERS[character]}"
    if character == "\\":
        return r"\\{1,8}"
    if character == " ":
        return "[ +]"
    return rf"\\{{0,7}}{re.escape(character)}" if character in "\"'/" else re.escape(character)


_LETTERS = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}


def _entity(character: str) -> str:
    code = ord(character)
    names = [f"|{codepoint2name[code]}" if code in codepoint2name else "", "|apos" if character == "'" else ""]
    return f"&(?:amp;)?(?:#0{{0,4}}{code}|#[xX]0{{0,4}}{_hexadecimal(f'{code:x}')}{''.join(names)});"


def _hexadecimal(digits: str) -> str:
    """Match hexadecimal digits in upper and lower case."""
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)


def _coded(value: str) -> Iterator[str]:
    """Return the value in hexadecimal, base64, and doubly encoded base64."""
    raw = value.encode("utf-8", "surrogateescape")
    yield raw.hex()
    yield raw.hex().upper()
    for form in set(_base64(raw)):
        yield form
        yield from _base64(form.encode())


def _odd(value: str) -> Iterator[str]:
    """Return unusual spellings: every character escaped, changed case, the forms of other systems."""
    raw = value.encode("utf-8", "surrogateescape")
    wide = value.encode("utf-16-be", "surrogatepass")
    units = [int.from_bytes(wide[at : at + 2], "big") for at in range(0, len(wide), 2)]
    letters = list(map(ord, value))
    for one, codes in (("%{:02x}", raw), (r"\x{:02x}", raw), (r"\u{:04x}", units), ("&#x{:x};", letters)):
        yield from ("".join(map(spell.format, codes)) for spell in (one, one.replace("x}", "X}")))
    yield "".join(map(r"\{:03o}".format, raw))
    yield "".join(map("&#{};".format, letters))
    yield from (raw.hex(":"), raw.hex(":").upper(), raw.hex(" "))
    yield b32encode(raw).decode().rstrip("=")
    narrow = value.encode("utf-16-le", "surrogatepass")
    yield from (narrow.hex(), narrow.hex().upper(), b64encode(narrow).decode().rstrip("="))
    if len(value) >= LONG_VALUE:
        yield from {value.upper(), value.lower()} - {value}


def _base64(value: bytes) -> Iterator[str]:
    """Return the part of a base64 text determined by the value alone, for each of its three alignments."""
    for shift, undecided in ((0, 0), (1, 2), (2, 3)):
        for encode in (b64encode, urlsafe_b64encode):
            text = encode(bytes(shift) + value).decode().rstrip("=")
            yield text[undecided : len(text) - bool((shift + len(value)) % 3)]
