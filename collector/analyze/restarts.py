"""Adds to root causes how to bring an instance back once the cause is fixed, if Nomad does not restart it by itself, or not soon."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence

from collector.analyze.causes import Causes
from collector.model import Finding, first_of
from collector.observe import Observation, Observed

LONG = 60.0
"""A wait of at least this many seconds is worth cutting short."""
MOST = 3
WORDS = {
    "waits": "Nomad restarts {nodes} only in {minutes} min, and `nomad alloc restart` has no effect until then: once the cause is fixed, "
    "stop the allocation, and Nomad places a new one at once.",
    "waits-system": "Nomad restarts {nodes} only in {minutes} min, and `nomad alloc restart` has no effect until then: once the cause is "
    "fixed, stop the allocation and have the job evaluated, since Nomad may not replace a stopped allocation of a system job by itself.",
    "returns": "Nomad restarts {nodes}, which had run for a long time, within seconds: look again in a minute.",
    "later": "Nomad has given up on {nodes} and will place it again after a growing delay: once the cause is fixed, force that now.",
    "asked": "Nomad has given up on {nodes}: once the cause is fixed, have it placed again.",
    "never": "Nomad has given up on {nodes}, and nothing shows that it will place it again: once the cause is fixed, run the job with a "
    "change (a new value in its `meta` is enough), since Nomad leaves an unchanged job as it is.",
}
"""Sentences by what Nomad does next by itself."""


def with_restarts(causes: Causes, seen: Observed) -> Causes:
    """Return the causes, each root extended by how to bring back what it took down."""
    waiting = {one.scope["alloc"]: (one, how) for one in seen.observations.of("instance") if (how := _how(one))}
    if not waiting:
        return causes
    below: dict[str | None, list[Finding]] = {}
    for finding in causes.findings:
        below.setdefault(finding.explained_by, []).append(finding)
    return causes.with_roots(_with_restart(root, _by_next_step([root, *below.get(root.id, ())], waiting), seen) for root in causes.roots)


def _how(one: Observation) -> str | None:
    if (one.fields["starts_in"] or 0.0) >= LONG:
        return "waits-system" if one.fields["system"] else "waits"
    return "returns" if one.fields["returns"] else one.fields["given_up"]


def _by_next_step(findings: Iterable[Finding], waiting: Mapping[str, tuple[Observation, str]]) -> dict[str, list[Observation]]:
    """Group the instances of these findings by what Nomad does next."""
    found: dict[str, list[Observation]] = {}
    for alloc in dict.fromkeys(one.alloc for one in findings if one.alloc in waiting):
        one, how = waiting[alloc or ""]
        found.setdefault(how, []).append(one)
    return found


def _with_restart(root: Finding, held: Mapping[str, Sequence[Observation]], seen: Observed) -> Finding:
    words = [_sentence(how, some, root.node) for how, some in held.items()]
    known = [*dict.fromkeys(text for how, some in held.items() for one in some[:MOST] for text in _commands(how, one, seen))]
    return root._replace(remedy=" ".join([root.remedy, *words]).strip(), commands=(*root.commands, *(("change", text) for text in known)))


def _sentence(how: str, some: Sequence[Observation], here: str | None) -> str:
    """Name the nodes only if they differ from the cause's, so that causes on many nodes keep the same wording and can be merged."""
    minutes = max(round((one.fields["starts_in"] or 0.0) / 60) for one in some)
    nodes = list(dict.fromkeys(one.scope.get("node", "") for one in some))
    return WORDS[how].format(nodes="the instance" if nodes == [here] else f"the instance on {first_of(nodes, MOST)}", minutes=minutes)


def _commands(how: str, one: Observation, seen: Observed) -> list[str]:
    alloc = seen.world.alloc[one.scope["alloc"]]
    if how in {"waits", "waits-system"}:
        evaluate = [f"nomad job eval {shlex.quote(alloc['job'])}"] if how == "waits-system" else []
        return [f"nomad alloc stop {alloc['id']}", *evaluate]
    return [] if how in {"never", "returns"} else [f"nomad job eval -force-reschedule {shlex.quote(alloc['job'])}"]
