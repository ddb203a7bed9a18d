"""Redaction is idempotent for any text or value."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.redact import Redactor
from tests.redact.planted import UUID

WORDS = st.sampled_from(
    [
        *(
            "password",
            "token",
            "secret",
            "authorization",
            "Bearer ",
            "=",
            ":",
            ": ",
            '"',
            "'",
            "\\",
            " ",
            "\n",
            "://",
            "@",
            "?",
            "&",
            ",",
            "}",
            "-",
        ),
        *("-----BEGIN A-----", "-----END A-----", "eyJaaaaaaaa.bbbbbbbb.c", "AKIAIOSFODNN7EXAMPLE", UUID, "abc"),
        *("<redacted:named:12ab>", "<redacted:", "<", ">", "\x1b[", "\x1e"),
    ]
)


@given(st.lists(WORDS | st.text(max_size=4), max_size=14).map("".join))
@settings(max_examples=300)
def test_redacting_is_idempotent(text: str) -> None:
    redactor = Redactor(["abcpassword"], ["a(b)c"])
    once = redactor.text(text)
    assert redactor.text(once) == once


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.lists(WORDS).map("".join),
    lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
)


@given(JSON)
def test_data_keeps_its_shape_and_is_idempotent(value: object) -> None:
    redactor = Redactor()
    once = redactor.data(value)
    assert redactor.data(once) == once
    json.dumps(once).encode()
