"""Spelling suggestions for unknown names."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean "x"?` for the nearest known name, or the empty string where none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - only needed for errors, and slow to import

    matches = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f'did you mean "{matches[0]}"?' if matches else ""
