"""One run as history keeps it: what a later run is compared with, without logs, quotes or outputs.

A report document (docs/outputs.md) becomes a `Run`; a `Run` becomes JSON and back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256

from collector.history.facts import Fact, Moment, Reading
from collector.model import JSON, RANK, node_of
from collector.validate import unfit

FORMAT = 2


@dataclass(frozen=True, slots=True)
class Sighting:
    """A finding in one run, under its fingerprint. `root`: no other finding explains it."""

    code: str
    severity: str
    node: str | None
    service: str | None
    title: str
    root: bool


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node in one run; whatever was not known is None."""

    nomad: str
    eligibility: str
    role: str
    lag: float | None = None
    alloc: str | None = None
    restarts: int | None = None
    versions: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Track:
    """A finding followed over the runs.

    `marks` has one letter for each of the last runs, oldest first: `1` seen, `0` not there, `?` could not be seen.
    `open`: it was there when it could last be seen. `runs` counts the runs that saw it since `first_seen` (RFC 3339).
    `blind` is how much of its node was not collected then.
    """

    sighting: Sighting
    first_seen: str
    runs: int
    marks: str
    open: bool
    flapping: bool = False
    blind: int = 0


Series = Sequence[Sequence[float | None]]
"""Lag in seconds and restarts of a node in the last runs, oldest first; None where it was not known."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run, and what it carries on from the runs before it.

    `gaps` counts what could not be collected, by node ("" for the cluster). `listed`: the nodes are those that Nomad lists,
    so that one that is not there is gone. `tracks` (by fingerprint) and `series` (by node) hold all that a later run needs
    of the past, this run included; so do `facts` (this run's first) and `moments`, the last changes of facts, oldest first.
    `owed`: this run had news to mail, and the mail failed. `last_success`: when the last run started that saw enough for a verdict.
    """

    started_at: str
    verdict: str
    findings: Mapping[str, Sighting]
    nodes: Mapping[str, NodeState]
    listed: bool
    unseen: frozenset[str]
    gaps: Mapping[str, int]
    cluster: Mapping[str, str | int | None]
    tracks: Mapping[str, Track] = field(default_factory=dict)
    series: Mapping[str, Series] = field(default_factory=dict)
    owed: bool = False
    facts: Sequence[Fact] = ()
    moments: Sequence[Moment] = ()
    last_success: str | None = None


CLUSTER_FACTS: tuple[tuple[str, tuple[str, str]], ...] = (
    ("job version", ("job", "version")),
    ("nomad version", ("nomad", "version")),
    ("nomad leader", ("nomad", "leader")),
    ("consul version", ("consul", "version")),
    ("consul leader", ("consul", "leader")),
)
"""What of the document's `cluster` is watched for a change: (what a reader calls it, where it stands)."""


def fingerprint(code: str, node: str | None, service: str | None) -> str:
    """Name a finding by what stays the same from run to run: no allocation, check or finding ID is part of it."""
    return sha256("\0".join((code, node or "", service or "")).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def run_of(document: Mapping[str, JSON]) -> Run:
    """Return the run that a report document tells of; the document fits schemas/report.schema.json."""
    nodes = {row["name"]: _node(row) for row in document["nodes"]}
    coverage = document["coverage"]
    unseen = frozenset(coverage["unseen_nodes"])
    return Run(
        started_at=document["started_at"],
        verdict=document["verdict"],
        findings=_findings(document["findings"]),
        nodes=nodes,
        listed=_listed(document["items"]),
        unseen=unseen,
        gaps=dict(Counter(node_of(gap["target"], nodes.keys() | unseen) or "" for gap in coverage["gaps"])),
        cluster=_cluster(document.get("cluster") or {}),
    )


def _findings(findings: Sequence[Mapping[str, JSON]]) -> dict[str, Sighting]:
    """Findings by fingerprint; of those that share one (two databases, two checks) the worst stands for all, a root before a symptom."""
    sightings: dict[str, Sighting] = {}
    for finding in sorted(findings, key=lambda one: (-RANK[one["severity"]], one["explained_by"] is None)):
        service = finding.get("service")
        sightings[fingerprint(finding["code"], finding["node"], service)] = Sighting(
            finding["code"], finding["severity"], finding["node"], service, finding["title"], root=finding["explained_by"] is None
        )
    return sightings


def _node(row: Mapping[str, JSON]) -> NodeState:
    allocation = row["allocation"] or {}
    return NodeState(
        nomad=row["nomad"],
        eligibility=row["eligibility"],
        role=row["role"],
        lag=row["lag_seconds"],
        alloc=allocation.get("id"),
        restarts=allocation.get("restarts"),
        versions=row.get("versions") or {},
    )


def _listed(items: Sequence[Mapping[str, JSON]]) -> bool:
    return any(item["kind"] == "nomad_nodes" and item["status"] == "ok" for item in items)


def _cluster(cluster: Mapping[str, JSON]) -> dict[str, str | int | None]:
    return {what: (cluster.get(part) or {}).get(name) for what, (part, name) in CLUSTER_FACTS}


def dump_run(run: Run) -> dict[str, JSON]:
    """Return the run as JSON data; facts and moments are rows of values, since a large cluster has many."""
    plain = asdict(replace(run, facts=(), moments=()))
    facts = [[*fact.reading, *fact[1:]] for fact in run.facts]
    moments = [[*one.reading, *one[1:]] for one in run.moments]
    return {"format": FORMAT, **plain, "unseen": sorted(run.unseen), "facts": facts, "moments": moments}


def load_run(data: JSON) -> Run:
    """Return the run that `dump_run` made the data of, now or in an earlier version of the collector; ValueError for anything else."""
    if why := unfit("run", data):
        raise ValueError(f"is no run of format {FORMAT}: {why}")
    known = {name: value for name, value in data.items() if name != "format"}
    of_reading = len(Reading._fields)
    return Run(
        **{
            **known,
            "findings": {key: Sighting(**one) for key, one in data["findings"].items()},
            "nodes": {name: NodeState(**one) for name, one in data["nodes"].items()},
            "unseen": frozenset(data["unseen"]),
            "tracks": {key: Track(**{**one, "sighting": Sighting(**one["sighting"])}) for key, one in data.get("tracks", {}).items()},
            "facts": [Fact(Reading(*row[:of_reading]), *row[of_reading:]) for row in data.get("facts", ())],
            "moments": [Moment(Reading(*row[:of_reading]), *row[of_reading:]) for row in data.get("moments", ())],
        }
    )
