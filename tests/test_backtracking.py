"""Patterns with excessive backtracking are detected, and others are never accused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import loglines
from collector.loglines import envelope, litefs, multiline
from collector.observe import logs
from collector.redact.rules import OPEN_FLAG, OPEN_KEY, RULES
from collector.resources import joins_file, rule_files
from collector.spec.backtracking import slow_on
from collector.yamlio import read

SLOW = [
    r"(a+)+$",
    r"(.*.*)*=(.*.*)*#$",
    r"(\w+\s?)*$",
    r"(a|a)*$",
    r"password=(x+x+)+y",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"(.*)(.*)(.*)(.*)[0-9]$",
    r"((b{1,30}){1,30})x",
    r"key=(?:\d+,?)*;",
    r"(?<=secret )(\w+)+!",
]
FAST = [
    r"card=(\d+)",
    r"user-\w+",
    r".*foo.*bar",
    r"\w+@\w+\.\w+",
    r"secret: (\S+)",
    r"(\d{4}-){3}\d{4}",
    r"(?i)bearer\s+(\S+)",
    r"x*",
    r"",
    r"\s+$",
    r'(?:[^"\\]|\\.)*"',
    r"(?P<q>['\"])(.*?)(?P=q)",
    r"(?>a+)+$",
    r"(a++)+$",
    r"((((a{40}){40}){40}){40}){40}",
    "(?:" * 80 + "a" + ")*" * 80,
]


@pytest.mark.parametrize("pattern", SLOW)
def test_a_pattern_that_backtracks_without_end_is_found(pattern: str) -> None:
    assert slow_on(pattern)


@pytest.mark.parametrize("pattern", FAST)
def test_a_pattern_that_ends_is_not_accused(pattern: str) -> None:
    assert slow_on(pattern) is None


def _patterns(data: object) -> list[str]:
    if isinstance(data, list):
        return [found for part in data for found in _patterns(part)]
    if not isinstance(data, dict):
        return []
    own = [data["matches"]] if isinstance(data.get("matches"), str) else []
    return own + [found for part in data.values() for found in _patterns(part)]


JOINTS = ("-", " ", "=", ":", '"', "\n")
REDACTION = {f"{number} {rule.name}": rule.pattern for number, rule in enumerate(RULES)} | {"open key": OPEN_KEY, "open flag": OPEN_FLAG}
"""Built-in patterns of the redaction: they see a log whole, 64 kB of it, and no allowance ends them."""


def square_on(pattern: str) -> str | None:
    return slow_on(pattern, re.IGNORECASE | re.MULTILINE, length=65536, between=JOINTS, spent=1.2)


@pytest.mark.parametrize("pattern", REDACTION.values(), ids=REDACTION)
def test_redaction_does_not_take_the_square_of_a_logs_length(pattern: str) -> None:
    assert square_on(pattern) is None


@pytest.mark.parametrize("pattern", [r"\beyJ[\w-]{8,}\.[\w-]{8,}", r"x[x-]*;", r"a.*b"])
def test_a_pattern_that_restarts_along_a_line_is_found(pattern: str) -> None:
    assert square_on(pattern)


def test_our_own_patterns_end() -> None:
    files = [*rule_files(), joins_file()]
    texts = "\n".join(path.read_text("utf-8") for path in files)
    own = [pattern for path in files for pattern in _patterns(read(path).data)]
    assert len(own) == len(re.findall(r"\bmatches:", texts))
    assert not [pattern for pattern in own if slow_on(pattern)]
    assert not [rule.pattern for rule in RULES if slow_on(rule.pattern, re.IGNORECASE | re.MULTILINE)]


LOGLINES = {
    name: pattern.pattern
    for module in (loglines, envelope, litefs, multiline, logs)
    for name, pattern in vars(module).items()
    if isinstance(pattern, re.Pattern)
}
RULES_OF_FILES = {
    f"{path.stem} {number}": one for path in [*rule_files(), joins_file()] for number, one in enumerate(_patterns(read(path).data))
}


@pytest.mark.parametrize("pattern", (LOGLINES | RULES_OF_FILES).values(), ids=LOGLINES | RULES_OF_FILES)
def test_no_log_line_slows_down_a_pattern_of_the_analysis(pattern: str) -> None:
    """At three times its maximum length of 2,000, so that cubic growth stands out from quadratic."""
    assert slow_on(pattern, length=6000, between=("", "x ", ' "\\'), spent=0.4) is None


PIECES = ["a", "b*", "(", "(?:", ")", "[a-z]", "[^x]", "+", "*", "?", "{2,3}", "|", ".", r"\w", r"\d+", "^", "$", "(?=", "(?!", "(?P<n>",
          "(?P=n)", r"\b", "(?i)", r"[\w.-]", "(?(1)a|b)", "++", "(?>", r"\1", "é", r"[^\W\d]"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_every_pattern_can_be_tried(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error:
        return
    slow_on(pattern)
