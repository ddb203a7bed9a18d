"""Users' own patterns: matches are removed, and their cost is limited."""

from __future__ import annotations

import pytest

from collector.redact import Redactor, placeholder


def test_the_users_patterns_take_out_their_group_or_all_of_the_match() -> None:
    redactor = Redactor(patterns=[r"card=(\d+)", r"user-\w+"])
    assert redactor.text("card=1234 user-jane") == f"card={placeholder('custom', '1234')} {placeholder('custom', 'user-jane')}"
    assert redactor.counted("card=1 card=2")[1] == {"custom": 2}


def test_the_users_patterns_cannot_break_a_placeholder() -> None:
    redactor = Redactor(["my-secret"], [r"[a-z]+", r"\d", r"x*"])
    once = redactor.text("my-secret 12")
    assert placeholder("own", "my-secret") in once
    assert redactor.text(once) == once


@pytest.mark.parametrize("pattern", ["(my-secret", "[my-secret", "*", "(?P<n>my-secret)(?P<n>b)", "my-secret{99999999999}"])
def test_a_pattern_that_is_none_is_refused_and_not_quoted(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"^is not a regular expression: ") as refused:
        Redactor(patterns=[pattern])
    assert "my-secret" not in str(refused.value)


def test_a_pattern_that_takes_for_ever_costs_that_text_and_no_other() -> None:
    redactor = Redactor(patterns=[r"card=(\d+)", "(a+)+$"])
    slow = "a" * 60 + "!"
    data, counts = redactor.counted({"lines": [slow, "card=12 a", slow + "?", slow], "name": "odroid7"})
    withheld, other = placeholder("unchecked", slow), placeholder("unchecked", slow + "?")
    assert data["lines"] == [withheld, f"card={placeholder('custom', '12')} {placeholder('custom', 'a')}", other, withheld]
    assert data["name"] == "odroid7"
    assert counts["unchecked"] == 3
    assert dict(redactor.withheld) == {1: 3}
    assert redactor.data(data) == data
