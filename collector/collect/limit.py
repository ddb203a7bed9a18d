"""Checks that `-l` names existing nodes: a pattern that matches none would skip every node, and the report would look healthy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from collector.errors import UsageError
from collector.kinds import KINDS
from collector.model import JSON, Result, Status, first_of
from collector.suggest import did_you_mean

REDACTED = "<redacted:"
SHOWN = 20


def check_limit(limit: Sequence[str], results: Iterable[Result], expect: Mapping[str, JSON]) -> None:
    """Raise `UsageError` for a pattern that matches no node. Not checked if no list of nodes was read, or if names are redacted."""
    answered = [result for result in results if result.status is Status.OK and result.data is not None] if limit else []
    known = {name for result in answered for name in _nodes(result)} | set(_expected(expect))
    if not any("nodes" in KINDS[result.kind].shows for result in answered) or any(REDACTED in name for name in known):
        return
    for pattern in limit:
        if not any(fnmatchcase(name, pattern) for name in known):
            hint = f"{did_you_mean(pattern, known)} {_there_are(sorted(known))}".strip()
            raise UsageError(f"no node fits -l {pattern} ({hint})")


def _nodes(result: Result) -> Iterator[str]:
    """Return the node names in a result, under the names that items use."""
    yield from filter(None, (result.target.node, *KINDS[result.kind].nodes(result.data)))


def _expected(expect: Mapping[str, JSON]) -> Iterable[str]:
    """Return the nodes named by the spec's `expect`: `-l` may name one that has disappeared."""
    nodes = expect.get("nodes")
    return nodes if isinstance(nodes, list) else ()


def _there_are(names: Sequence[str]) -> str:
    return f"there are: {first_of(names, SHOWN)}" if names else "there are none"
