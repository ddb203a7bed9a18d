"""The search itself works; otherwise it would prove nothing."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from tests.secrets.plant import SHAPES, Planter
from tests.secrets.search import Haystack


@pytest.mark.parametrize("shape", SHAPES)
def test_a_planted_secret_is_found_in_every_shape(shape: str) -> None:
    planter = Planter()
    pieces = [planter.piece("here") for _ in SHAPES]
    hay = Haystack()
    hay.add("stdout", pieces[list(SHAPES).index(shape)])
    assert hay.found(planter.planted)


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_a_secret_is_found_in_base64_wherever_it_begins_and_in_urls_and_backwards(before: str) -> None:
    own = {"smtp/pass+word&42": "own"}
    for secret in ("Zq000001xK9wVb3T", *own):
        for form in (
            base64.b64encode((before + secret + before).encode()).decode(),
            quote(before + secret, safe=""),
            (before + secret)[::-1],
        ):
            hay = Haystack()
            hay.add("bundle", f"x{form}x")
            assert hay.found(own), form
