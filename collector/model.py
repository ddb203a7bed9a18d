"""The project's words: plain, frozen values that the stages hand to each other.

Nothing here does anything: no I/O, no clock, no third-party import.
Times are Unix seconds (float), durations are seconds (float), sizes are bytes (int), unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

JSON = Any
"""A JSON value: None, bool, int, float, str, list of JSON, dict of str to JSON."""


class Status(StrEnum):
    """What became of one item, one rung or one request."""

    OK = "ok"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    DENIED = "denied"
    TIMEOUT = "timeout"
    MISSING_TOOL = "missing-tool"
    INVALID = "invalid"
    SKIPPED = "skipped"
    BUDGET = "budget"


class Severity(StrEnum):
    """How bad a finding is, worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Verdict(StrEnum):
    """The answer of a whole run; `unknown` means that too little was seen to say."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


# --- what a kind asks, and what comes back (sans I/O: kinds yield requests and are sent replies) ---


@dataclass(frozen=True, slots=True)
class Http:
    """One GET.

    `source` is `nomad`, `consul` or `litefs` (`litefs` also stands for any plain HTTP endpoint of a workload).
    `base` is the address to ask (`http://host:port`); None asks the configured Nomad or Consul server.
    `limit` caps the body in bytes; a longer one is cut and its reply says so.
    """

    source: str
    path: str
    query: Mapping[str, str | int] = field(default_factory=dict)
    base: str | None = None
    limit: int = 8 << 20


@dataclass(frozen=True, slots=True)
class Exec:
    """One command inside a task, through `nomad alloc exec`; `namespace` None means the configured one."""

    alloc: str
    task: str
    argv: tuple[str, ...]
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Dial:
    """One TCP connect that sends nothing: does anything listen there?"""

    host: str
    port: int


Request = Http | Exec | Dial


@dataclass(frozen=True, slots=True)
class Reply:
    """What one request came to; a failure is a reply too, never an exception.

    `status` is `ok` for HTTP 2xx, exit code 0 and an accepted connect. 401 and 403 are `denied`; any other HTTP code and any other exit
    code are `failed`. `cause` says in one word why nothing came: refused, dns, reset, unroutable, tls, timeout, capped, protocol, redirect,
    exec (Nomad's own failure to exec, not the command's), missing. `code` is the HTTP status or the exit code.
    `date` is the answering server's own clock (HTTP Date). `reason` is a redacted sentence, empty when ok.
    """

    endpoint: str
    status: Status
    code: int | None = None
    body: bytes = b""
    stderr: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cause: str = ""
    reason: str = ""
    seconds: float = 0.0
    at: float = 0.0
    date: float | None = None
    truncated: bool = False


Rung = Generator[Sequence[Request], Sequence[Reply], JSON]
"""One rung of a ladder: yields batches of requests, is sent their replies in order, returns plain data or raises `Unanswered`."""


# --- the spec and the plan ---


@dataclass(frozen=True, slots=True)
class Mark:
    """Where in a YAML file something stands; line and column count from 1; `path` is a JSON path such as `$.collect[2].loop`."""

    file: str
    line: int
    column: int
    path: str = "$"

    def __str__(self) -> str:
        """`file:line:column`, as editors and terminals follow it."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Task:
    """One entry of `collect`, still with its expressions unrendered; `after` holds the registered names it waits for."""

    name: str
    kind: str
    args: Mapping[str, JSON]
    mark: Mark
    register: str | None = None
    when: str | None = None
    loop: JSON = None
    vars: Mapping[str, JSON] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    timeout: float | None = None
    retries: int = 0
    delay: float = 0.0
    until: str | None = None
    ignore_errors: bool = False
    no_log: bool = False
    ladder: tuple[tuple[str, JSON], ...] = ()
    after: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Spec:
    """A validated collection spec. `text` is the file as it was read."""

    name: str
    path: str
    text: str
    sha256: str
    vars: Mapping[str, JSON]
    tasks: tuple[Task, ...]
    thresholds: Mapping[str, float]
    rules: tuple[JSON, ...] = ()
    report: tuple[JSON, ...] = ("text",)
    expect: Mapping[str, JSON] = field(default_factory=dict)
    redact: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """What an item is about; every part may be unknown."""

    node: str | None = None
    alloc: str | None = None
    task: str | None = None
    service: str | None = None

    def __str__(self) -> str:
        """`node/alloc/task/service` as far as known, the allocation by its first 8 characters; `cluster` when nothing is."""
        parts = [self.node, self.alloc[:8] if self.alloc else None, self.task, self.service]
        return "/".join(p for p in parts if p) or "cluster"


@dataclass(frozen=True, slots=True)
class Item:
    """One unit of collecting: a task, or one turn of its loop, with all expressions rendered."""

    id: str
    task: str
    kind: str
    args: Mapping[str, JSON]
    target: Target
    ladder: tuple[tuple[str, JSON], ...]
    timeout: float
    retries: int = 0
    delay: float = 0.0
    until: str | None = None
    ignore_errors: bool = False
    no_log: bool = False


# --- results ---


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rung that was tried."""

    rung: str
    status: Status
    reason: str
    seconds: float
    endpoints: tuple[str, ...] = ()
    cause: str = ""
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What one item came to. `data` is the kind's parsed data (schemas/kinds/<kind>.schema.json) or None; redacted already."""

    id: str
    task: str
    kind: str
    target: Target
    status: Status
    rung: str | None = None
    reason: str = ""
    data: JSON = None
    attempts: tuple[Attempt, ...] = ()
    started_at: float = 0.0
    seconds: float = 0.0
    date: float | None = None
    redactions: Mapping[str, int] = field(default_factory=dict)
    ignore_errors: bool = False


@dataclass(frozen=True, slots=True)
class Bundle:
    """All that analysis may see: the spec's identity, the results, and the settings that change their meaning. One JSON file."""

    spec: Mapping[str, JSON]
    vars: Mapping[str, JSON]
    thresholds: Mapping[str, float]
    rules: tuple[JSON, ...]
    expect: Mapping[str, JSON]
    started_at: float
    seconds: float
    results: tuple[Result, ...]
    planned: int
    endpoints: Mapping[str, str]
    version: str
    redactions: Mapping[str, int] = field(default_factory=dict)
    interrupted: bool = False


# --- the report ---


@dataclass(frozen=True, slots=True)
class Evidence:
    """The decisive text itself, with the item it came from and a source a human can follow."""

    item: str
    source: str
    quote: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `explained_by` None makes it a root. `remedy` is prose; `commands` can be pasted: (what, command)."""

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
    impact: Mapping[str, JSON] = field(default_factory=dict)
    reference: str = ""


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A cause that was considered and why it was dropped (shown with -v)."""

    code: str
    node: str | None
    because: str


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One line of the table. `lag_seconds` None with role `primary` means: it has none."""

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


@dataclass(frozen=True, slots=True)
class NodeDetail:
    """What Diagnostics shows of one node: checks with their output, log tail, LiteFS state, each with where it came from."""

    node: str
    checks: tuple[Mapping[str, JSON], ...]
    logs: tuple[Mapping[str, JSON], ...]
    litefs: Mapping[str, JSON] | None
    events: tuple[Mapping[str, JSON], ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was to be seen and what was. `gaps` are {item, target, status, reason}."""

    planned: int
    collected: int
    unseen_nodes: tuple[str, ...]
    gaps: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole answer; `report_document` in render.py turns it into the contract's JSON."""

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
    redactions: Mapping[str, int] = field(default_factory=dict)
    changes: Mapping[str, JSON] | None = None
