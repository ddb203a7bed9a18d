"""The answer."""

from collections.abc import Mapping
from typing import NamedTuple

from collector.model.results import Result
from collector.model.words import JSON, Severity, Verdict

UNEXPLAINED = "; no rule explains it"
"""The end of an `unknown`'s title that is only a symptom's."""


class Evidence(NamedTuple):
    """The decisive text itself, with the item it came from and a source a human can follow."""

    item: str
    source: str
    quote: str
    at: float | None = None


class Finding(NamedTuple):
    """One thing that is wrong. `explained_by` None makes it a root. `remedy` is prose; `commands` can be pasted: (what, command).

    `at_risk` is what its rule says it may do to the data; `impact` is what it does here (docs/architecture.md).
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
    """A cause that was considered and why it was dropped (shown with -v)."""

    code: str
    node: str | None
    because: str


class NodeRow(NamedTuple):
    """One line of the table. `lag_seconds` None with role `primary` means: it has none.

    `checks` are {id, name, service, status, since, not_before, since_source}: the status was taken after `not_before` and by `since` (Unix
    seconds, None: not known), and `since_source` says in words what tells that. `versions` are those of the node's own `nomad`, `consul`
    and `litefs`.
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
    """What Diagnostics shows of one node: checks with their output, log tail, LiteFS state, each with where it came from."""

    node: str
    checks: tuple[Mapping[str, JSON], ...]
    logs: tuple[Mapping[str, JSON], ...]
    litefs: Mapping[str, JSON] | None
    events: tuple[Mapping[str, JSON], ...] = ()


class Coverage(NamedTuple):
    """What was to be seen and what was. `gaps` are {item, target, status, reason}."""

    planned: int
    collected: int
    unseen_nodes: tuple[str, ...]
    gaps: tuple[Mapping[str, str], ...]


def name_of(document: Mapping[str, JSON]) -> str:
    """Return what a report document is about: the spec's name, the job where that is another, and its namespace: `navidrome/wiki@web`."""
    spec, job, namespace = str(document["spec"]), document.get("job"), document.get("namespace")
    return (spec if job in (None, spec) else f"{spec}/{job}") + (f"@{namespace}" if namespace else "")


class Report(NamedTuple):
    """The whole answer; `report_document` (render/document.py) turns it into the contract's JSON."""

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
