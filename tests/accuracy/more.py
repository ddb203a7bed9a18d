"""The recordings of tests/recordings as variants to grade: other clusters, other faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from collector.model import JSON
from collector.replay.recording import Recording
from tests.accuracy.variants import Variant

RECORDINGS = Path(__file__).parents[1] / "recordings"


def more() -> Iterator[Variant]:
    """Return every recording there, with the truth in its meta."""
    for path in sorted(RECORDINGS.glob("*.jsonl.gz")):
        recording = Recording.load(path)
        yield Variant(path.name.removesuffix(".jsonl.gz"), recording, _truth(recording), _vars(recording))


def _truth(recording: Recording) -> tuple[tuple[str, frozenset[str | None]], ...]:
    meta = recording.meta
    told = [(meta["cause"], meta["node"]), *meta.get("also", [])] if meta["cause"] else []
    return tuple((str(cause), _nodes(recording, node)) for cause, node in told)


def _nodes(recording: Recording, node: JSON) -> frozenset[str | None]:
    if node == "all":
        listed = next(one.body for one in recording.http if one.path == "/v1/nodes" and one.body)
        return frozenset(row["Name"] for row in json.loads(listed))
    return frozenset(node) if isinstance(node, list) else frozenset({node})


def _vars(recording: Recording) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in recording.meta["vars"].items())
