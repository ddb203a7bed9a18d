"""The report's headline: the one sentence that a reader sees first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from collector.analyze.verdict import blind
from collector.model import JSON, Bundle, Coverage, Finding, NodeRow, Verdict, count, natural
from collector.rulebook.rule import UNKNOWN

NAMED = 3
NAMES_WIDTH = 40
"""Limits on the node names in the headline (number, total characters), so that it fits a mail subject and a phone."""

_VARYING = re.compile(r'"[^"]*"|\d+(?:\.\d+)?')


def headline(
    verdict: Verdict, roots: Sequence[Finding], table: Sequence[NodeRow], covered: Coverage, bundle: Bundle, *, instances: int
) -> str:
    """Return the headline: the first root cause, or why there is no verdict, or that all is well."""
    if roots and verdict is not Verdict.UNKNOWN:
        return _first(roots)
    if verdict is Verdict.UNKNOWN:
        lacking = sorted({f"{result.kind}: {result.reason}" for result in blind(bundle.results)})
        why = lacking[0] if lacking else ("the run was interrupted" if bundle.interrupted else "nothing answered")
        return f"too little was seen for a verdict ({why})" + (f"; {_first(roots)}" if roots else "")
    if verdict is Verdict.WARNING:
        silent = f", but {len(covered.gaps)} of {covered.planned} items gave no answer" if covered.gaps else ""
        unseen = f"; not seen: {', '.join(covered.unseen_nodes)}" if covered.unseen_nodes else ""
        # The reason for a failed expression begins with the expression itself, which does not help in a headline.
        reason = f" ({covered.gaps[0]['reason'].rpartition('}}: ')[2]})" if len(covered.gaps) == 1 else ""
        return f"nothing wrong was seen{silent}{reason}{unseen}"
    primary = next((row.name for row in table if row.role == "primary"), None)
    well = f"all well{narrowed(bundle.expect)}"
    return f"{count(len(table), 'node')}, {count(instances, 'instance')}, {well}" + (f"; primary {primary}" if primary else "")


def narrowed(expect: Mapping[str, JSON]) -> str:
    """Say which options limited the run (`-l`, `-t`, `--skip-tags`); empty if none did."""
    options = (("-l", "limit"), ("-t", "tags"), ("--skip-tags", "skip_tags"))
    given = [f"{option} {value}" for option, name in options if isinstance(expect.get(name), list) for value in expect[name]]
    return f" as far as was asked ({' '.join(given)})" if given else ""


def _first(roots: Sequence[Finding]) -> str:
    """Name the first root cause with all nodes that share its wording, then other nodes with the same code."""
    first = roots[0]
    if not first.node:
        return first.title
    alike = _nodes_of(root for root in roots if root.code == first.code and _comparable_title(root) == _comparable_title(first))
    others = _nodes_of(root for root in roots if root.code == first.code != UNKNOWN and root.node not in alike)
    return f"{_node_names(alike)}: {first.title}" + (f"; {first.code} on {_node_names(others)}, too" if others else "")


def _nodes_of(roots: Iterable[Finding]) -> list[str]:
    return list(dict.fromkeys(root.node for root in roots if root.node))


def _comparable_title(root: Finding) -> str:
    """Return the title without numbers and quoted text, which differ between nodes. Titles of `unknown` are compared in full."""
    return root.title if root.code == UNKNOWN else _VARYING.sub("#", root.title)


def _node_names(nodes: Sequence[str]) -> str:
    """Name up to `NAMED` nodes; of more, the first one and how many others."""
    if len(nodes) <= NAMED and sum(map(len, nodes)) <= NAMES_WIDTH:
        return ", ".join(sorted(nodes, key=natural))
    return nodes[0] + (f" and {len(nodes) - 1} more" if len(nodes) > 1 else "")
