"""The replication picture: primaries on the left, all others on the right, with an arrow for each stream, intact or broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.model import JSON, count
from collector.render.layout import cut
from collector.render.nodes import lateness
from collector.render.units import short

WIDTH = 400
"""Width of the picture in units; its text stays readable at 340 pixels, on a phone."""

_BOX, _TALL, _STEP, _MARGIN = 136, 44, 60, 2
_SHOWN = 8
_NAME = 14

_UNSEEN = "not seen"
_ROLES = {"none": "no role", "unknown": "role unknown"}

_CUT = {
    "litefs.replica.disconnected": "cut off",
    "litefs.replica.diverged": "diverged",
    "litefs.cluster-id.mismatch": "other cluster",
    "litefs.process.hung": "hung",
    "litefs.lease.unreachable": "no lease",
}
"""The label of a stream broken by a finding of this code on its replica."""


def topology(document: Mapping[str, JSON]) -> dict[str, JSON] | None:
    """Return the picture as {width, height, boxes, edges, more, text}: plain geometry, and the same in words as `text`."""
    nodes = document["nodes"]
    if not nodes:
        return None
    primaries = [node for node in nodes if node["role"] == "primary"][:_SHOWN]
    others = [node for node in nodes if node["role"] != "primary"]
    shown = others if len(others) <= _SHOWN else sorted(others, key=lambda node: not node["severity"])[:_SHOWN]
    streams = [_stream(node, primaries, document) for node in shown]
    rows = max(len(shown), len(primaries), 1)
    height = rows * _STEP + _MARGIN
    left = [_box(node, _MARGIN, _centred(index, len(primaries), height), "primary") for index, node in enumerate(primaries)]
    right = [
        _box(node, WIDTH - _BOX - _MARGIN, _centred(index, len(shown), height), stream["under"])
        for index, (node, stream) in enumerate(zip(shown, streams, strict=True))
    ]
    left = left or [_no_primary(height)]
    return {
        "width": WIDTH,
        "height": height,
        "box": {"width": _BOX, "height": _TALL},
        "boxes": left + right,
        "edges": [_edge(left, box, stream) for box, stream in zip(right, streams, strict=True)],
        "more": _more(others, shown),
        "text": _in_words(primaries, shown, streams),
    }


def _centred(index: int, number: int, height: int) -> float:
    """Return the top of a box in a vertically centred column of `number` boxes."""
    return (height - number * _STEP) / 2 + index * _STEP + (_STEP - _TALL) / 2


def _box(node: Mapping[str, JSON], x: float, y: float, under: str) -> dict[str, JSON]:
    state = node["severity"] or ("unknown" if under == _UNSEEN else "ok")
    return {"x": x, "y": y, "name": cut(node["name"], _NAME), "full": node["name"], "under": under, "state": state}


def _no_primary(height: int) -> dict[str, JSON]:
    return {"x": _MARGIN, "y": _centred(0, 1, height), "name": "no primary", "full": "no primary", "under": "seen", "state": "absent"}


def _stream(node: Mapping[str, JSON], primaries: Sequence[JSON], document: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the stream from a primary to this node: {state: ok|late|cut|unseen, label, under: the second line of the node's box}."""
    codes = {finding["code"] for finding in [*document["root_causes"], *document["findings"]] if finding["node"] == node["name"]}
    broken = next((words for code, words in _CUT.items() if code in codes), None)
    if node["name"] in document["coverage"]["unseen_nodes"]:
        return {"state": "unseen", "label": "?", "under": _UNSEEN}
    if broken:
        return {"state": "cut", "label": broken, "under": _ROLES.get(node["role"], node["role"])}
    if node["role"] != "replica":
        return {"state": "cut", "label": "no stream", "under": f"consul {node['consul']}"}
    behind = sum(database.get("behind") or 0 for database in node["databases"])
    late = lateness(node, document)
    label = f"{behind} tx behind" if behind and late else short(node["lag_seconds"])
    return {"state": ("late" if late else "ok") if primaries else "cut", "label": label, "under": "replica"}


def _edge(left: Sequence[Mapping[str, JSON]], box: Mapping[str, JSON], stream: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the edge from the first box on the left to `box`: it bends to the height `flat` and then runs level, with its label above."""
    x, y = left[0]["x"] + _BOX, left[0]["y"] + _TALL / 2
    end = box["x"] - 5
    return {"x1": x, "y1": y, "x2": end, "y2": box["y"] + _TALL / 2, "flat": x + 44, "middle": (x + 38 + end) / 2, **stream}


def _more(others: Sequence[JSON], shown: Sequence[JSON]) -> str:
    rest = len(others) - len(shown)
    return f"and {count(rest, 'more node')} that are not drawn" if rest else ""


def _in_words(primaries: Sequence[JSON], shown: Sequence[JSON], streams: Sequence[JSON]) -> str:
    names = ", ".join(node["name"] for node in primaries)
    head = f"Primary: {names}." if names else "No primary was seen."
    return " ".join(
        [head, *(f"{node['name']}: {stream['under']}, {stream['label']}." for node, stream in zip(shown, streams, strict=True))]
    )
