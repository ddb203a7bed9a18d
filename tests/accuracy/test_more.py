from __future__ import annotations

from functools import cache

import pytest

from tests.accuracy.grade import Grade, grade
from tests.accuracy.more import more

EVERY = {variant.name: variant for variant in more()}


@cache
def graded_once(name: str) -> Grade:
    return grade(EVERY[name])


@pytest.mark.parametrize("name", EVERY)
def test_on_another_cluster_the_first_root_cause_is_the_injected_one_and_nothing_else_is_accused(name: str) -> None:
    graded = graded_once(name)
    assert graded.right, f"{graded.first} instead of {graded.truth}"
    assert graded.extra == ()


@pytest.mark.parametrize("name", [name for name, variant in EVERY.items() if not variant.expected])
def test_a_recovered_cluster_is_ok(name: str) -> None:
    assert graded_once(name).verdict == "ok"


@pytest.mark.parametrize("name", [name for name, variant in EVERY.items() if "verdict" in variant.recording.meta])
def test_the_verdict_is_what_an_operator_expects(name: str) -> None:
    assert graded_once(name).verdict == EVERY[name].recording.meta["verdict"]
