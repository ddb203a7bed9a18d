"""Converts a checked entry of `collect` to a Task."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from collector.durations import seconds_of
from collector.expressions.names import bare
from collector.model import JSON, Mark, Task
from collector.spec.places import kind_of, names_from_outside, task_name


def duration(value: float | str) -> float:
    """Return the seconds of a duration that fits the schema: a number, or text such as `500ms` and `1h30m`."""
    seconds = seconds_of(value) if isinstance(value, str) else value
    return float(seconds or 0.0)


def task(raw: Mapping[str, JSON], mark: Mark, kinds: Collection[str], registers: Collection[str]) -> Task:
    """Convert a valid entry; `after` are the registered names that it uses."""
    kind = kind_of(raw, kinds)
    return Task(
        name=task_name(raw, kinds),
        kind=kind,
        args=raw[kind],
        mark=mark,
        register=raw.get("register"),
        when=_condition(raw.get("when")),
        loop=_loop(raw.get("loop")),
        vars=raw.get("vars", {}),
        tags=_words(raw.get("tags", [])),
        timeout=duration(raw["timeout"]) if "timeout" in raw else None,
        retries=int(raw.get("retries", 0)),
        delay=duration(raw.get("delay", 0.0)),
        until=_condition(raw.get("until")),
        ignore_errors=raw.get("ignore_errors", False),
        no_log=raw.get("no_log", False),
        ladder=tuple(rung_of(rung) for rung in raw.get("try", [])),
        after=names_from_outside(raw) & frozenset(registers),
    )


def _condition(value: JSON) -> str | None:
    """Return one expression; a list means that all must be true."""
    if value is None:
        return None
    if isinstance(value, list):
        return " and ".join(f"({bare(one).strip()})" for one in value)
    return str(value).lower() if isinstance(value, bool) else bare(value).strip()


def _loop(value: JSON) -> JSON:
    """Return a list unchanged, or an expression in braces whether or not it was written with them."""
    return f"{{{{ {bare(value).strip()} }}}}" if isinstance(value, str) else value


def _words(value: str | list[str]) -> tuple[str, ...]:
    """Split comma-separated words; a list is returned unchanged."""
    return tuple(word.strip() for word in value.split(",")) if isinstance(value, str) else tuple(value)


def rung_of(value: str | Mapping[str, JSON]) -> tuple[str, JSON]:
    """Return a rung's name and value, from `api` or `{http: URL}`."""
    return (value, None) if isinstance(value, str) else next(iter(value.items()))
