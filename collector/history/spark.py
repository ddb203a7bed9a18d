"""Sparklines of lag and restarts over the last runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from collector.history.run import NodeState, Series
from collector.model import JSON

LENGTH = 20
"""Number of runs in a line."""

BLOCKS = "▁▂▃▄▅▆▇█"
UNKNOWN = "·"


def extend(series: Mapping[str, Series], nodes: Mapping[str, NodeState]) -> dict[str, Series]:
    """Append this run's values to the series of the nodes that exist."""
    return {name: [*series.get(name, ()), [node.lag, node.restarts]][-LENGTH:] for name, node in nodes.items()}


def sparklines(series: Mapping[str, Series]) -> dict[str, JSON]:
    """Return {node: {"lag": line, "restarts": line}}, one character per run, oldest first; a primary has no lag (`·`)."""
    return {name: _lines(points) for name, points in series.items()}


def _lines(points: Series) -> dict[str, JSON]:
    return {"lag": spark(lag for lag, _ in points), "restarts": spark(restarts for _, restarts in points)}


def spark(values: Iterable[float | None]) -> str:
    """Return one block character per value, scaled from 0 to the maximum; `·` for an unknown value."""
    known = list(values)
    top = max((value for value in known if value is not None), default=0)
    return "".join(UNKNOWN if value is None else _block(value, top) for value in known)


def _block(value: float, top: float) -> str:
    if top <= 0 or value <= 0:
        return BLOCKS[0]
    return BLOCKS[min(len(BLOCKS) - 1, round(value / top * (len(BLOCKS) - 1)))]
