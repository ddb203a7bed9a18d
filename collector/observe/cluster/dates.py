"""What is refused for its dates is explained by the node's clock only if that is off by as much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from collector.loglines.meanings import misdated_by
from collector.observe.observation import Observation

SLACK = 60.0
"""Seconds: an answer's Date is a whole second, and clocks are read at different moments."""


def with_dates(every: Iterable[Observation], skews: Iterable[Observation]) -> Iterator[Observation]:
    """Take `misdated` back where the text says how far its dates are off, and the node's clock is known to be off by less."""
    off = {one.scope["node"]: abs(float(one.fields["seconds"])) for one in skews}
    for one in every:
        known = off.get(one.scope.get("node", "")) if one.fields.get("misdated") else None
        apart = misdated_by(one.quote) if known is not None else None
        over = known is not None and apart is not None and apart > known + SLACK
        yield one._replace(fields={**one.fields, "misdated": False}) if over else one
