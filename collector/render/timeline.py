"""The timeline picture: a lane per node, the last event on the right, on a logarithmic scale.

Shapes show the kind of event, colours the severity; an event known only to lie between two runs has a bar back to the first of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log1p

from collector.model import JSON, RANK, count
from collector.render.layout import cut
from collector.render.units import age, day_or_time, on_the_day, seconds_between, short, time_of_day

WIDTH = 400
_LEFT, _RIGHT, _TOP, _STEP = 96, 4, 34, 36
_LANES = 8
_NAME = 12
_NEAR = 15
"""Marks of one lane closer together than this are merged."""

_CIRCLE = "M-7 0a7 7 0 1 0 14 0a7 7 0 1 0-14 0z"
_DEPLOYMENT = "M0 8-8-6h16z"
SHAPES: Mapping[str, tuple[str, str]] = {
    "task_event": ("task event", _CIRCLE),
    "check": ("check change", "M-6.5-6.5h13v13h-13z"),
    "primary": ("primary change", "M0-9 9 0 0 9-9 0z"),
    "leader": ("leader change", "M0-8 8 6h-16z"),
    "node": ("node change", "M-8 0-4-7h8l4 7-4 7h-8z"),
    "deployment": ("deployment", _DEPLOYMENT),
    "evaluation": ("placement", _DEPLOYMENT),
    "onset": ("root cause", "M-3-9h11l-4 4.5 4 4.5h-8v9h-3z"),
}
"""The name of each kind of event, and its shape as SVG path data around the origin."""

_GROWN = 1.45
"""How much larger a shape with a number in it is."""

_TICKS = (0, 10, 60, 600, 3600, 6 * 3600, 86400, 7 * 86400, 30 * 86400)
_TICK_GAP, _FIRST_GAP = 62, 92
"""Minimum distances: the last moment's label ends at its tick, the others are centred on theirs."""

_NAMED = 6
_CLUSTER = "cluster"


def timeline_picture(document: Mapping[str, JSON]) -> dict[str, JSON] | None:
    """Return the picture as {width, height, lanes, ticks, marks, bars, onset, legend, text}; None if there is nothing to draw."""
    last = max((event["at"] for event in document["timeline"] if event["at"]), default=None)
    if last is None:
        return None
    events = [_placed(event, last, document) for event in document["timeline"] if event["at"]]
    lanes = _lanes(events)
    longest = max(event["reach"] for event in events)
    groups = [(_middle(index), group) for index, lane in enumerate(lanes) for group in _groups(lane, events, longest)]
    return {
        "width": WIDTH,
        "height": _TOP + len(lanes) * _STEP + 8,
        "top": _TOP,
        "lanes": [{"name": cut(lane, _NAME), "y": _middle(index)} for index, lane in enumerate(lanes)],
        "left": _LEFT,
        "right": WIDTH - _RIGHT,
        "ticks": _ticks(last, longest),
        "marks": [_mark(group, y, longest, document["now"]) for y, group in groups],
        "bars": [_bar(event, y, longest) for y, group in groups for event in group if event["reach"] > event["before"]],
        "legend": _legend([event for _, group in groups for event in group]),
        "onset": _onset(document, last, longest),
        "last": f"the last event was {age(last, document['now'])} before this report",
        "text": f"{_tally(events)} in {short(longest)}, the last one at {time_of_day(last)}. They are listed below.",
    }


def _placed(event: Mapping[str, JSON], last: str, document: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return an event with its distance in seconds `before` the last one, and the earliest it may `reach` back.

    An event without a severity has that of its node's root cause.
    """
    before = seconds_between(event["at"], last)
    severity = event.get("severity") or next((cause["severity"] for cause in document["root_causes"] if _begun(cause, event)), None)
    reach = seconds_between(event.get("not_before"), last)
    return {**event, "before": before, "reach": max(reach or 0.0, before or 0.0), "severity": severity}


def _begun(cause: Mapping[str, JSON], event: Mapping[str, JSON]) -> bool:
    return bool(cause["node"] and cause["node"] == event.get("node") and cause["since"] and cause["since"] <= event["at"])


def _lanes(events: Sequence[Mapping[str, JSON]]) -> list[str]:
    """Return the lanes to draw, the cluster's first; if there are too many nodes, those with the worst events."""
    worst: dict[str, int] = {}
    for event in events:
        lane = event.get("node") or _CLUSTER
        worst[lane] = min(worst.get(lane, len(RANK)), _rank(event))
    chosen = sorted(worst, key=lambda lane: (lane != _CLUSTER, worst[lane], lane))[:_LANES]
    return sorted(chosen, key=lambda lane: (lane != _CLUSTER, lane))


def _rank(event: Mapping[str, JSON]) -> int:
    return RANK.get(event.get("severity") or "", len(RANK))


def _middle(index: int) -> float:
    return _TOP + index * _STEP + _STEP / 2


def _x(before: float, longest: float) -> float:
    """Return the position of a time `before` the last event: logarithmic, so that recent events have more room."""
    share = log1p(before) / log1p(max(longest, 1.0))
    return round(WIDTH - _RIGHT - 10 - min(1.0, share) * (WIDTH - _RIGHT - _LEFT - 24), 1)


def _groups(lane: str, events: Sequence[Mapping[str, JSON]], longest: float) -> list[list[Mapping[str, JSON]]]:
    """Group the events of a lane that would overlap, oldest first."""
    groups: list[list[Mapping[str, JSON]]] = []
    for event in sorted((event for event in events if (event.get("node") or _CLUSTER) == lane), key=lambda event: -event["before"]):
        if groups and _x(event["before"], longest) - _x(groups[-1][0]["before"], longest) < _NEAR:
            groups[-1].append(event)
        else:
            groups.append([event])
    return groups


def _mark(group: Sequence[Mapping[str, JSON]], y: float, longest: float, now: str) -> dict[str, JSON]:
    """Return a group's mark: the shape of its most frequent kind, the colour of its worst severity, and the number of events."""
    worst = min(group, key=_rank)
    kind, _ = Counter(_kind(event) for event in group).most_common(1)[0]
    named = [f"{on_the_day(event['at'], now)} {event['text']}" for event in group[:_NAMED]]
    more = [f"and {len(group) - _NAMED} more"] if len(group) > _NAMED else []
    return {
        "x": _x(group[0]["before"], longest),
        "y": y,
        "state": worst.get("severity") or "plain",
        "shape": SHAPES[kind][1],
        "scale": _GROWN if len(group) > 1 else 1,
        "number": len(group) if len(group) > 1 else None,
        "title": "\n".join(named + more),
    }


def _kind(event: Mapping[str, JSON]) -> str:
    return next((kind for kind in SHAPES if kind == event.get("kind")), "task_event")


def _bar(event: Mapping[str, JSON], y: float, longest: float) -> dict[str, JSON]:
    """Return the line back to the moment before which an event did not happen."""
    state = event.get("severity") or "plain"
    return {"x1": _x(event["reach"], longest), "x2": _x(event["before"], longest), "y": y, "state": state}


def _legend(events: Sequence[Mapping[str, JSON]]) -> list[dict[str, JSON]]:
    """Return the meaning of each shape drawn."""
    drawn = {_kind(event) for event in events}
    words: dict[str, list[str]] = {}
    for kind, (name, shape) in SHAPES.items():
        if kind in drawn:
            words.setdefault(shape, []).append(name)
    return [{"shape": shape, "text": " or ".join(names)} for shape, names in words.items()]


def _tally(events: Sequence[Mapping[str, JSON]]) -> str:
    """Count the events by kind, in words: `3 task events, 1 check`."""
    number = Counter(_kind(event) for event in events)
    return ", ".join(count(number[kind], name) for kind, (name, _) in SHAPES.items() if number[kind])


def _ticks(last: str, longest: float) -> list[dict[str, JSON]]:
    """Return the axis' ticks: round times before the last event, as many as fit."""
    ticks: list[dict[str, JSON]] = []
    for before in _TICKS:
        x = _x(before, longest)
        if before <= longest and (not ticks or ticks[-1]["x"] - x >= (_TICK_GAP if ticks[1:] else _FIRST_GAP)):
            ticks.append({"x": x, "label": day_or_time(last, before)})
    return ticks


def _onset(document: Mapping[str, JSON], last: str, longest: float) -> dict[str, JSON] | None:
    """Return where the earliest-ranked root cause with a known onset began, if that is within the picture."""
    since = next((cause["since"] for cause in document["root_causes"] if cause["since"]), None)
    before = seconds_between(since, last)
    if before is None or not -1 <= before <= longest + 1:
        return None
    return {"x": _x(max(0.0, before), longest), "label": f"onset {time_of_day(since)}"}
