"""A run as history keeps it: what later runs are compared with, without logs, quotes or outputs.

Converts a report document (docs/outputs.md) to a `Run`, and a `Run` to JSON and back.
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
    """A finding in one run, keyed by its fingerprint. `root`: no other finding explains it."""

    code: str
    severity: str
    node: str | None
    service: str | None
    title: str
    root: bool


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node in one run; None means unknown."""

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

    `marks` has one letter per run, oldest first: `1` seen, `0` absent, `?` not visible. `open`: present in the last run that could see it.
    `runs` counts the runs that saw it since `first_seen` (RFC 3339). `blind` is the number of its node's gaps at that time.
    """

    sighting: Sighting
    first_seen: str
    runs: int
    marks: str
    open: bool
    flapping: bool = False
    blind: int = 0


Series = Sequence[Sequence[float | None]]
"""A node's lag in seconds and restarts in the last runs, oldest first; None if unknown."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run, with what it carries on from earlier runs.

    `gaps` counts the gaps per node ("" for the cluster). `listed`: the nodes are from Nomad's list, so a missing one has been removed.
    `tracks` (by fingerprint) and `series` (by node) hold all of the past that later runs need, including this run; so do `facts` (this
    run's first) and `moments`, the latest changes of facts, oldest first. `owed`: this run had news, and the mail failed. `last_success`:
    when the last run started that could give a verdict.
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
"""Values of the document's `cluster` tracked for changes: (name for readers, path)."""


def fingerprint(code: str, node: str | None, service: str | None) -> str:
    """Identify a finding across runs, without IDs of allocations, checks or findings."""
    return sha256("\0".join((code, node or "", service or "")).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def run_of(document: Mapping[str, JSON]) -> Run:
    """Convert a report document that fits schemas/report.schema.json to a run."""
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
    """Return the findings by fingerprint; of several with one fingerprint the most severe, roots before symptoms."""
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
    """Convert the run to JSON data; facts and moments are arrays of values, since a large cluster has many."""
    plain = asdict(replace(run, facts=(), moments=()))
    facts = [[*fact.reading, *fact[1:]] for fact in run.facts]
    moments = [[*one.reading, *one[1:]] for one in run.moments]
    return {"format": FORMAT, **plain, "unseen": sorted(run.unseen), "facts": facts, "moments": moments}


def load_run(data: JSON) -> Run:
    """Convert JSON data from `dump_run`, of this or an earlier version, to a run; ValueError for anything else."""
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
