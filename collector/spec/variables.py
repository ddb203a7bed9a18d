"""`-e` on the command line: values that override a spec's variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from collector.errors import UsageError
from collector.model import JSON
from collector.suggest import did_you_mean
from collector.yamlio import load, scalar, text_of


def parse_extra_vars(values: Sequence[str]) -> dict[str, JSON]:
    """Parse `-e name=value` and `-e @file.yml` (or JSON); later ones take precedence.

    The text after `=` is not converted here. Raises `UsageError` for anything else, `SpecError` for an unusable file.
    """
    found: dict[str, JSON] = {}
    for value in values:
        found |= _from_file(value[1:]) if value.startswith("@") else _from_pair(value)
    return found


def override(variables: Mapping[str, JSON], extra: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the spec's variables with extra ones applied.

    Text becomes a number, boolean or null unless the spec's own value is text: `-e lines=50` is a number, `-e job=50` is not. Raises
    `UsageError` for a variable that the spec does not have, since it would have no effect.
    """
    for name in extra:
        if name not in variables:
            hint = did_you_mean(name, variables) or f"there are: {', '.join(variables) or 'none'}"
            raise UsageError(f"-e {name}: the spec has no such variable ({hint})")
    return {name: _like(value, extra[name]) if name in extra else value for name, value in variables.items()}


def _like(default: JSON, value: JSON) -> JSON:
    return scalar(value) if isinstance(value, str) and not isinstance(default, str) else value


def _from_pair(text: str) -> dict[str, JSON]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise UsageError(f"-e {text}: must be name=value or @FILE")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError(f"-e {name}: its value is not UTF-8 text") from None
    return {name: value}


def _from_file(name: str) -> dict[str, JSON]:
    try:
        data = load(text_of(Path(name)), name).data
    except OSError as error:
        raise UsageError(f"-e @{name}: cannot read the file: {error.strerror}") from error
    if not isinstance(data, dict):
        raise UsageError(f"-e @{name}: holds no mapping of names to values")
    return data
