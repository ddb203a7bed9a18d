"""Durations, times and lists in human-readable form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from collector.model import first_of

NOTHING = "-"
EPOCH = "1970-01-01T00:00:00Z"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_NEAR, _NEARLY = 2.0, 0.05


def rfc3339(seconds: float | None) -> str | None:
    """Convert Unix seconds to RFC 3339 in UTC with milliseconds; None for None and for an impossible date."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):  # which of them depends on the platform
        return None


def moment(text: str | None) -> datetime | None:
    """Parse an RFC 3339 text; None stays None."""
    return None if text is None else datetime.fromisoformat(text)


def seconds_between(earlier: str | None, later: str | None) -> float | None:
    """Return the seconds between two RFC 3339 texts; None if either is None."""
    start, end = moment(earlier), moment(later)
    return None if start is None or end is None else (end - start).total_seconds()


def clock(text: str | None) -> str:
    """Format an RFC 3339 text as `2026-11-24 06:23:41 UTC`."""
    at = moment(text)
    return NOTHING if at is None else at.strftime("%Y-%m-%d %H:%M:%S UTC")


def time_of_day(text: str | None) -> str:
    """Format an RFC 3339 text as `06:23:41`."""
    at = moment(text)
    return NOTHING if at is None else at.strftime("%H:%M:%S")


def day_or_time(text: str, before: float) -> str:
    """Format the moment `before` seconds before an RFC 3339 text: `06:23:41` within its last day, else `Nov 21`."""
    at = datetime.fromisoformat(text) - timedelta(seconds=before)
    return at.strftime("%H:%M:%S" if before < _DAY else "%b %d")


def duration(seconds: float | None) -> str:
    """Format a duration in at most two units: `0.4 s`, `42 s`, `4 min`, `3 h 12 min`, `2 d 4 h`."""
    if seconds is None:
        return NOTHING
    if seconds < 0:
        return "-" + duration(-seconds)
    if seconds < _HOUR:
        return short(seconds)
    big, small, names = (_HOUR, _MINUTE, ("h", "min")) if seconds < _DAY else (_DAY, _HOUR, ("d", "h"))
    whole, rest = divmod(int(seconds), big)
    return f"{whole} {names[0]} {rest // small} {names[1]}" if rest >= small else f"{whole} {names[0]}"


def short(seconds: float | None) -> str:
    """Format a duration in one unit for a table: `0.4 s`, `42 s`, `4 min`, `3 h`, `2 d`."""
    if seconds is None:
        return NOTHING
    if seconds < 0:
        return "-" + short(-seconds)
    if seconds < 10:  # noqa: PLR2004 - from ten seconds on, tenths do not matter
        return f"{round(seconds, 1):g} s"
    for unit, name, limit in ((1, "s", _MINUTE), (_MINUTE, "min", _HOUR), (_HOUR, "h", _DAY)):
        if seconds < limit:
            return f"{int(seconds // unit)} {name}"
    return f"{int(seconds // _DAY)} d"


def age(since: str | None, now: str) -> str:
    """Format how long ago `since` was, `4 min`; `-` if unknown, and never negative (clocks may be off)."""
    seconds = seconds_between(since, now)
    return NOTHING if seconds is None else duration(max(0.0, seconds))


def lasting(since: str | None, not_before: str | None, now: str) -> str:
    """Format how long a state has lasted that began after `not_before` and by `since`; empty if neither is known.

    `for 1 h to 2 h`; `for at least 1 h`; `for at most 25 s`; `for 3 h 12 min` if the bounds differ by less than a twentieth (or 2 s).
    """
    least, most = (None if bound is None else max(0.0, seconds_between(bound, now) or 0.0) for bound in (since, not_before))
    if least is None or most is None:
        return f"for at least {duration(least)}" if least is not None else f"for at most {duration(most)}" if most is not None else ""
    near = most - least <= max(_NEAR, most * _NEARLY) or duration(least) == duration(most)
    return f"for {duration(most)}" if near else f"for {duration(least)} to {duration(most)}"


def between(since: str | None, not_before: str | None) -> str:
    """Format the bounds of `lasting` as times: `since between A and B`, `since A`, `since A or before`, `since A at the earliest`."""
    if since is None or not_before is None:
        return f"since {clock(since)} or before" if since else f"since {clock(not_before)} at the earliest" if not_before else ""
    return f"since {clock(since)}" if clock(since) == clock(not_before) else f"since between {clock(not_before)} and {clock(since)}"


def on_the_day(text: str | None, now: str) -> str:
    """Format a time as `06:23:41` within a day of `now`, else as `Nov 21 06:23:41`."""
    seconds, at = seconds_between(text, now), moment(text)
    if seconds is None or at is None:
        return NOTHING
    return at.strftime("%H:%M:%S" if abs(seconds) < _DAY else "%b %d %H:%M:%S")


def listing(names: Sequence[str], most: int) -> str:
    """Join the first `most` names; a repeated one is listed once with its count."""
    shown = [name if number == 1 else f"{name} ({number} times)" for name, number in Counter(names).items()]
    return first_of(shown, most)
