"""External text cannot control a terminal, hide, or break an encoder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.text import clean

CASES = {
    "plain text, \ttabs\nand lines": "plain text, \ttabs\nand lines",
    "\x1b[31mred\x1b[0m": "red",
    "\x1b[2J\x1b[1;1Hgone": "gone",
    "\x1b]0;title\x07text": "text",
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\": "link",
    "\x1b]52;c;cGFzdGU=\x07pasted": "pasted",
    "\x9b31mred\x9d0;title\x9ctext": "redtext",
    "\x1bPdevice\x1b\\text": "text",
    "\x1b]0;no end": "",
    "\x1b]0;no end\nnext line": "\nnext line",
    "\x1b": "",
    "\x1b[": "",
    "\x1b(Btext": "text",
    "a\rb\r\nc": "ab\nc",
    "nul\0bell\x07back\x08": "nulbellback",
    "\u202eevil\u202c \u2066x\u2069 \u200fy": "evil x y",
    "a\u2028b\u2029c": "abc",
    "\U000e0041tag": "tag",
    "half \ud83d pair": "half \ufffd pair",
    "h\u00e9llo \u2603 \u6f22\u5b57 \U0001f600": "h\u00e9llo \u2603 \u6f22\u5b57 \U0001f600",
}


@pytest.mark.parametrize("text", CASES, ids=ascii)
def test_cleaning(text: str) -> None:
    assert clean(text) == CASES[text]


@given(st.text(alphabet=st.characters() | st.sampled_from("\x1b\x9b[]m;\x07\\")))
def test_what_is_clean_stays_and_can_be_written_down(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    once.encode()
    assert not set(once) & {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160))}


@given(st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_ordinary_text_is_not_touched(text: str) -> None:
    assert clean(text) == text
