"""The report: the result of the analysis."""

from collections.abc import Mapping
from typing import NamedTuple

from collector.model.results import Result
from collector.model.words import JSON, Severity, Verdict

UNEXPLAINED = "; no rule explains it"
"""The end of an `unknown`'s title if it is only a symptom's."""


class Evidence(NamedTuple):
    """A decisive quote, with its item and a source that a human can look up."""

    item: str
    source: str
    quote: str
    at: float | None = None


class Finding(NamedTuple):
    """One problem. `explained_by` None makes it a root cause. `remedy` is prose; `commands` can be pasted: (`read` or `change`, command).

    `at_risk` is what its rule says may happen to data; `impact` is the effect in this cluster (analyze/impact.py).
    """

    id: str
    code: str
    severity: Severity
    node: str | None
    title: str
    detail: str = ""
    remedy: str = ""
    commands: tuple[tuple[str, str], ...] = ()
    explained_by: str | None = None
    explains: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    alloc: str | None = None
    service: str | None = None
    onset: float | None = None
    at_risk: str = ""
    impact: Mapping[str, JSON] = {}
    reference: str = ""


class RuledOut(NamedTuple):
    """A cause that was considered and dropped, and why (shown with -v)."""

    code: str
    node: str | None
    because: str


class Began(NamedTuple):
    """When a check took its status: after `not_before` and by `since` (Unix seconds, None if unknown), according to `since_source`."""

    since: float | None = None
    not_before: float | None = None
    since_source: str | None = None


class NodeRow(NamedTuple):
    """One row of the table. A primary has no lag (`lag_seconds` None).

    `checks` are {id, name, service, status} with the fields of `Began`. `versions` are those of its own `nomad`, `consul` and `litefs`.
    """

    name: str
    address: str | None
    consul: str
    nomad: str
    eligibility: str
    allocation: Mapping[str, JSON] | None
    role: str
    uptime_seconds: float | None
    lag_seconds: float | None
    databases: tuple[Mapping[str, JSON], ...]
    sources: Mapping[str, str]
    severity: Severity | None = None
    checks: tuple[Mapping[str, JSON], ...] = ()
    versions: Mapping[str, str | None] = {}


class NodeDetail(NamedTuple):
    """What Diagnostics shows of a node: failing checks with their output, log tail and LiteFS state, each with its source."""

    node: str
    checks: tuple[Mapping[str, JSON], ...]
    logs: tuple[Mapping[str, JSON], ...]
    litefs: Mapping[str, JSON] | None
    events: tuple[Mapping[str, JSON], ...] = ()


class Coverage(NamedTuple):
    """What was planned and what was collected. `gaps` are {item, target, status, reason}."""

    planned: int
    collected: int
    unseen_nodes: tuple[str, ...]
    gaps: tuple[Mapping[str, str], ...]


def name_of(document: Mapping[str, JSON]) -> str:
    """Return the subject of a report document: the spec's name, the job if different, and its namespace: `navidrome/wiki@web`."""
    spec, job, namespace = str(document["spec"]), document.get("job"), document.get("namespace")
    return (spec if job in (None, spec) else f"{spec}/{job}") + (f"@{namespace}" if namespace else "")


class Report(NamedTuple):
    """The complete result; `report_document` (render/document.py) converts it to the report document."""

    spec: Mapping[str, JSON]
    started_at: float
    now: float
    duration_seconds: float
    verdict: Verdict
    headline: str
    coverage: Coverage
    nodes: tuple[NodeRow, ...]
    root_causes: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    ruled_out: tuple[RuledOut, ...]
    details: tuple[NodeDetail, ...]
    items: tuple[Result, ...]
    cluster: Mapping[str, JSON]
    timeline: tuple[Mapping[str, JSON], ...] = ()
    redactions: Mapping[str, int] = {}
    changes: Mapping[str, JSON] | None = None
