"""Reports as data, for testing templates independently of the analysis."""

from __future__ import annotations

from collector.model import (
    JSON,
    Attempt,
    Coverage,
    Evidence,
    Finding,
    NodeDetail,
    NodeRow,
    Report,
    Result,
    RuledOut,
    Severity,
    Status,
    Target,
    Verdict,
)

NOW = 1795501421.0  # 2026-11-24 06:23:41 UTC
SPEC = {
    "name": "navidrome",
    "path": "specs/navidrome.yml",
    "sha256": "3f1c0a9be25d7788aa0c1d2e3f405162738495a6b7c8d9e0f1a2b3c4d5e6f708",
    "commit": "843e00cbb1f7d1c5a9e2f30417c2d8a6b5e4f3d2",
}
_DATABASE = {"name": "navidrome.db", "txid": 36, "checksum": "9a3c5ce4d1f06be2", "behind": 0}


def row(name: str, **changes: object) -> NodeRow:
    """Return a healthy replica's row, with the given fields changed."""
    fields: dict[str, object] = {
        "name": name,
        "address": "10.0.0.7",
        "consul": "passing",
        "nomad": "ready",
        "eligibility": "eligible",
        "allocation": {"id": "e310dc68-0b4f-4a58-9f4e-1f2f3d4c5b6a", "client_status": "running", "restarts": 0},
        "role": "replica",
        "uptime_seconds": 250.0,
        "lag_seconds": 0.4,
        "databases": (_DATABASE,),
        "sources": {"uptime": "http", "lag": "http"},
    }
    return NodeRow(**{**fields, **changes})  # type: ignore[arg-type]


def item(name: str, node: str, status: Status = Status.OK, **changes: object) -> Result:
    fields: dict[str, object] = {
        "id": name,
        "task": "LiteFS",
        "kind": "litefs_status",
        "target": Target(node=node),
        "status": status,
        "rung": "http",
        "attempts": (Attempt("http", status, "", 0.012),),
        "started_at": NOW,
        "seconds": 0.012,
    }
    return Result(**{**fields, **changes})  # type: ignore[arg-type]


def event(
    ago: float, kind: str, text: str, *, node: str | None = None, severity: str = "info", after: float | None = None
) -> dict[str, JSON]:
    """Return an event of the timeline; `after` is the earliest time in seconds before NOW, if only that is known."""
    return {
        "at": NOW - ago,
        "not_before": None if after is None else NOW - after,
        "node": node,
        "kind": kind,
        "text": text,
        "severity": severity,
    }


def check(status: str, since: float | None = None, not_before: float | None = None, name: str = "navidrome ping") -> dict[str, JSON]:
    """Return a check for a row, with its age in seconds before NOW."""
    return {
        "id": f"_nomad-check-{name}",
        "name": name,
        "service": "navidrome",
        "status": status,
        "since": None if since is None else NOW - since,
        "not_before": None if not_before is None else NOW - not_before,
        "since_source": "earlier runs" if since or not_before else None,
    }


HEALTHY = Report(
    spec=SPEC,
    started_at=NOW,
    now=NOW,
    duration_seconds=0.41,
    verdict=Verdict.OK,
    headline="3 of 3 nodes are well: primary odroid6, largest lag 0.4 s",
    coverage=Coverage(planned=17, collected=17, unseen_nodes=(), gaps=()),
    nodes=(
        row("odroid6", address="10.0.0.6", role="primary", lag_seconds=None),
        row("odroid7"),
        row("odroid8", address="10.0.0.8", lag_seconds=0.2),
    ),
    root_causes=(),
    findings=(),
    ruled_out=(),
    details=(),
    items=(item("litefs-odroid6", "odroid6"), item("litefs-odroid7", "odroid7"), item("litefs-odroid8", "odroid8")),
    cluster={
        "nomad": {"version": "2.0.5", "leader": "10.0.0.1:4647"},
        "consul": {"version": "1.13.9", "leader": "10.0.0.1:8300"},
        "thresholds": {"lag_warning": 3.0, "lag_critical": 10.0},
    },
)

_FATAL = (
    'time="2026-11-24T06:23:38Z" level=fatal msg="Error opening database" '
    'error="SQL logic error: no such table: property" file=/litefs/navidrome.db'
)
_LOG = [
    'level=INFO msg="LiteFS mounted to: /litefs"',
    'level=INFO msg="http server listening on: http://10.0.0.8:20202"',
    'level=INFO msg="connected to cluster, ready"',
    'level=INFO msg="starting background subprocess: /app/navidrome []"',
    _FATAL,
    "sending signal to exec process",
]
EXITED = Finding(
    id="f1",
    code="app.exited",
    severity=Severity.CRITICAL,
    node="odroid8",
    title="the application exits with code 1 right after its start (21 restarts in 3 min)",
    detail="LiteFS mounts and joins the cluster, then its subprocess ends by itself; LiteFS ends with it and Nomad starts both again.",
    remedy="Read why the application gave up, and restore the missing table from the primary or a backup.",
    commands=(
        ("read", "nomad alloc logs -stderr d8017ee6 navidrome"),
        ("change", "nomad alloc restart d8017ee6"),
    ),
    explains=("f2", "f3", "f4"),
    evidence=(
        Evidence("logs-odroid8", "stderr of d8017ee6, task navidrome", _FATAL, NOW - 3),
        Evidence("allocations", "task event of d8017ee6, 06:23:38", "Terminated: Exit Code: 1", NOW - 3),
    ),
    alloc="d8017ee6-1111-2222-3333-444455556666",
    onset=NOW - 190,
    impact={
        "nodes": ["odroid8"],
        "allocations": ["d8017ee6-1111-2222-3333-444455556666"],
        "services": ["navidrome", "navidrome-litefs"],
        "databases": ["navidrome.db"],
        "instances": 3,
        "instances_left": 2,
        "replicas_left": 1,
        "writes": "go on",
        "primary": "odroid6",
        "data_at_risk": [],
    },
    reference="docs/rules.md#app.exited",
)
_SYMPTOMS = (
    Finding(
        "f2",
        "check.critical",
        Severity.CRITICAL,
        "odroid8",
        'Consul check "navidrome ping" is critical',
        explained_by="f1",
        evidence=(
            Evidence(
                "agent-odroid8", "agent of odroid8", 'Get "http://10.0.0.8:4533/ping": dial tcp 10.0.0.8:4533: connect: connection refused'
            ),
        ),
    ),
    Finding("f3", "check.critical", Severity.CRITICAL, "odroid8", 'Consul check "litefs status" is critical', explained_by="f1"),
    Finding("f4", "deployment.unhealthy", Severity.WARNING, None, "the deployment has 1 unhealthy instance", explained_by="f1"),
)
_DETAIL = NodeDetail(
    node="odroid8",
    checks=(
        {
            "id": "_nomad-check-navidrome ping",
            "name": "navidrome ping",
            "service": "navidrome",
            "status": "critical",
            "since": NOW - 189,
            "not_before": NOW - 190,
            "since_source": "it is not older than its allocation; it has not changed since it was registered",
            "output": 'Get "http://10.0.0.8:4533/ping": dial tcp 10.0.0.8:4533: connect: connection refused',
            "output_source": "text from odroid8's own agent; the catalog's is empty",
        },
        {
            "id": "_nomad-check-litefs status",
            "name": "litefs status",
            "service": "navidrome-litefs",
            "status": "critical",
            "since": None,
            "not_before": None,
            "since_source": None,
            "output": 'Get "http://10.0.0.8:20202/info": dial tcp 10.0.0.8:20202: connect: connection refused',
            "output_source": "text from odroid8's own agent; the catalog's is empty",
        },
    ),
    logs=(
        {
            "alloc": "d8017ee6-1111-2222-3333-444455556666",
            "task": "navidrome",
            "stream": "stderr",
            "lines": _LOG,
            "wanted": 20,
            "source": "Nomad, stderr",
        },
    ),
    litefs={
        "role": "unknown",
        "rung": "exec cat",
        "version": "0.5.14",
        "notes": ["`litefs status` is not a command of this LiteFS: ERROR: litefs status: unknown command"],
        "databases": [],
        "attempts": [
            {"rung": "http", "status": "unreachable", "reason": "10.0.0.8:20202 refused the connection"},
            {"rung": "exec cat", "status": "ok", "reason": ""},
        ],
    },
    events=({"at": NOW - 3, "type": "Terminated", "message": "Exit Code: 1", "task": "navidrome"},),
)
_TIMELINE = (
    event(260, "primary", "9EB09EA94AF9208E: primary lease acquired, advertising as http://10.0.0.6:20202", node="odroid6"),
    event(200, "deployment", "version 4 of job navidrome is submitted"),
    event(190, "onset", "onset of app.exited: the application exits with code 1", node="odroid8", severity="critical"),
    event(188, "check", 'Restart Signaled: healthcheck: check "navidrome ping" unhealthy', node="odroid8"),
    event(3, "task_event", "Terminated: Exit Code: 1", node="odroid8", severity="critical"),
)
_SICK_ROW = row(
    "odroid8",
    address="10.0.0.8",
    consul="critical",
    allocation={"id": "d8017ee6-1111-2222-3333-444455556666", "client_status": "running", "restarts": 21},
    role="unknown",
    uptime_seconds=None,
    lag_seconds=None,
    databases=(),
    severity=Severity.CRITICAL,
    checks=(check("critical", 189, 190), check("passing", 90_000, name="litefs status")),
)
CRASH = HEALTHY._replace(
    verdict=Verdict.CRITICAL,
    headline="odroid8: the application exits with code 1 right after its start (21 restarts in 3 min)",
    nodes=(*HEALTHY.nodes[:2], _SICK_ROW),
    root_causes=(EXITED,),
    findings=(EXITED, *_SYMPTOMS),
    ruled_out=(RuledOut("port.in-use", "odroid8", "the task got its port: LiteFS listened before the application ended"),),
    details=(_DETAIL,),
    timeline=_TIMELINE,
    redactions={"token": 2},
)

_CUT_OFF = Finding(
    id="g1",
    code="litefs.replica.disconnected",
    severity=Severity.CRITICAL,
    node="odroid7",
    title="the replica cannot connect to its primary: http://odroid6.lan:20202 does not resolve",
    remedy="Correct advertise-url in litefs.yml to an address that the other nodes can reach.",
    commands=(("read", "nomad alloc exec -task navidrome e310dc68 cat /etc/litefs.yml"),),
    evidence=(
        Evidence(
            "logs-odroid7",
            "stderr of e310dc68, task navidrome",
            'level=INFO msg="9EB09EA94AF9208E: disconnected from primary with error, retrying: '
            'connect to primary: dial tcp: lookup odroid6.lan: no such host"',
            NOW - 11520,
        ),
    ),
    onset=NOW - 11520,
    impact={
        "instances": 3,
        "instances_left": 2,
        "replicas_left": 0,
        "writes": "blocked",
        "primary": None,
        "databases": ["a", "b", "c", "d"],
        "data_at_risk": ["no replica has what the primary odroid6 holds"],
    },
)
TWO_FAULTS = CRASH._replace(
    headline="odroid8: the application exits with code 1 right after its start (21 restarts in 3 min); "
    "1 more root cause; 2 of 5 nodes unseen",
    coverage=Coverage(
        planned=27,
        collected=21,
        unseen_nodes=("odroid9", "odroid10"),
        gaps=(
            {
                "item": "litefs-odroid9",
                "target": "odroid9",
                "status": "unreachable",
                "reason": "http://10.0.0.9:20202/metrics: connection refused",
            },
            {
                "item": "checks",
                "target": "odroid9",
                "status": "unreachable",
                "reason": "http://10.0.0.9:20202/metrics: connection refused",
            },
            {
                "item": "logs-odroid10",
                "target": "odroid10/4c1d2e3f",
                "status": "denied",
                "reason": "Nomad: 403, the token lacks namespace:read-logs",
            },
        ),
    ),
    nodes=(
        HEALTHY.nodes[0],
        row(
            "odroid7",
            lag_seconds=11520.0,
            databases=({**_DATABASE, "txid": 12, "behind": 24},),
            severity=Severity.CRITICAL,
            nomad="ready",
            eligibility="ineligible",
        ),
        _SICK_ROW,
        row(
            "odroid9",
            address="10.0.0.9",
            consul="unknown",
            nomad="down",
            allocation=None,
            role="unknown",
            uptime_seconds=None,
            lag_seconds=None,
            databases=(),
            severity=Severity.CRITICAL,
        ),
        row(
            "odroid10", address=None, consul="absent", nomad="unknown", role="unknown", uptime_seconds=None, lag_seconds=None, databases=()
        ),
    ),
    root_causes=(EXITED, _CUT_OFF),
    findings=(
        EXITED,
        *_SYMPTOMS,
        _CUT_OFF,
        Finding("g2", "clock.skew", Severity.WARNING, "odroid7", "the clock of odroid7 is 4.1 s ahead"),
    ),
    items=(
        *HEALTHY.items,
        item(
            "litefs-odroid9",
            "odroid9",
            Status.UNREACHABLE,
            rung=None,
            reason="connection refused",
            attempts=(
                Attempt("http", Status.UNREACHABLE, "connection refused", 0.002),
                Attempt("exec", Status.MISSING_TOOL, "no nomad on PATH", 0.0),
            ),
        ),
    ),
)

LARGE = CRASH._replace(
    headline="node-017: the application exits with code 1 right after its start (21 restarts in 3 min)",
    nodes=tuple(
        _SICK_ROW._replace(name=f"node-{number:03}")
        if number == 17
        else row(f"node-{number:03}", role="primary" if number == 0 else "replica", lag_seconds=None if number == 0 else 0.1)
        for number in range(300)
    ),
)

_HOSTILE = (
    "<script src=//evil.example/x.js>alert(1)</script> {{ report.spec }} {% raw %} \x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J "
    "\u202egnp.exe\u2069 a|b `tick` ``` *bold* [link](http://evil.example) ]]> & \"quote\" 'single' \r\n"
    "\x00 second line\tafter tab " + "w" * 300 + " 日本語の長い名前 " + "漢" * 60 + " \ud800 end\u2028"
)
_HOSTILE_NAME = "ノード<b>八</b>\x1b[2J-" + "n" * 50
_HOSTILE_FINDING = EXITED._replace(
    code="unknown",
    node=_HOSTILE_NAME,
    title=_HOSTILE,
    detail=_HOSTILE,
    remedy=_HOSTILE,
    commands=(("read", _HOSTILE),),
    evidence=(Evidence("item", _HOSTILE, _HOSTILE, NOW),),
    impact={"instances": 2, "instances_left": 1, "services": [_HOSTILE], "data_at_risk": [_HOSTILE], _HOSTILE: _HOSTILE},
    reference=_HOSTILE,
)
HOSTILE = CRASH._replace(
    spec={**SPEC, "name": "spec " + _HOSTILE_NAME, "path": _HOSTILE},
    headline=_HOSTILE,
    coverage=Coverage(9, 7, (_HOSTILE_NAME,), ({"item": _HOSTILE, "target": _HOSTILE_NAME, "status": "failed", "reason": _HOSTILE},)),
    nodes=(_SICK_ROW._replace(name=_HOSTILE_NAME, nomad=_HOSTILE, address=_HOSTILE), HEALTHY.nodes[0]),
    root_causes=(_HOSTILE_FINDING,),
    findings=(_HOSTILE_FINDING, _SYMPTOMS[0]._replace(title=_HOSTILE, node=_HOSTILE_NAME)),
    details=(
        NodeDetail(
            node=_HOSTILE_NAME,
            checks=({"name": _HOSTILE, "service": _HOSTILE, "status": "critical", "output": _HOSTILE, "output_source": _HOSTILE},),
            logs=(
                {"alloc": _HOSTILE, "task": _HOSTILE, "stream": "stderr", "lines": _HOSTILE.split("\n"), "wanted": 20, "source": _HOSTILE},
            ),
            litefs={"role": "replica", "rung": _HOSTILE, "notes": [_HOSTILE], "primary_hostname": _HOSTILE},
            events=({"at": NOW, "type": _HOSTILE, "message": _HOSTILE, "task": _HOSTILE},),
        ),
    ),
    timeline=({"at": NOW, "node": _HOSTILE_NAME, "kind": "task", "text": _HOSTILE, "severity": "critical"},),
    ruled_out=(RuledOut("app.exited", _HOSTILE_NAME, _HOSTILE),),
    items=(item(_HOSTILE, _HOSTILE_NAME, Status.FAILED, reason=_HOSTILE, attempts=(Attempt("http", Status.FAILED, _HOSTILE, 0.1),)),),
)

UNSEEN = HEALTHY._replace(
    verdict=Verdict.UNKNOWN,
    headline="nothing was seen: neither Nomad nor Consul answered",
    coverage=Coverage(
        2, 0, (), ({"item": "nodes", "target": "cluster", "status": "unreachable", "reason": "Nomad at http://10.0.0.1:4646: refused"},)
    ),
    nodes=(),
    items=(item("nodes", "cluster", Status.UNREACHABLE, rung=None, reason="refused"),),
    cluster={},
    spec={"name": "navidrome", "path": "bundle.json", "sha256": None, "commit": None},
)

CHANGED = CRASH._replace(
    nodes=(*HEALTHY.nodes[:2], _SICK_ROW._replace(checks=(check("critical", 3600, 7200),))),
    details=(
        _DETAIL._replace(
            checks=tuple(
                {**_DETAIL.checks[0], "name": name, "since": since and NOW - since, "not_before": after and NOW - after, "since_source": by}
                for name, since, after, by in (
                    ("between two runs", 3600, 7200, "earlier runs"),
                    ("since the first run", 86400 + 3600, None, "earlier runs"),
                    ("since the last run", None, 3600, "earlier runs"),
                    ("without an age", None, None, None),
                )
            ),
        ),
    ),
    timeline=(
        event(90_000, "leader", "nomad leader 10.0.0.1:4647 → 10.0.0.2:4647", after=93_600),
        event(7200, "node", "node status down → ready", node="odroid7", after=10_800),
        event(3600, "primary", "primary odroid7 → odroid6", after=7200),
        event(3600, "check", 'check "navidrome ping" of navidrome passing → critical', node="odroid8", severity="critical", after=7200),
        event(
            3600, "check", 'check "litefs status" of navidrome-litefs passing → critical', node="odroid8", severity="critical", after=7200
        ),
        *_TIMELINE,
    ),
    changes={
        "since": "2026-11-24T05:23:41.000Z",
        "verdict": {"from": "warning", "to": "critical"},
        "findings": [
            {
                "state": "new",
                "fingerprint": "0011223344556677",
                "code": "app.exited",
                "severity": "critical",
                "node": "odroid8",
                "service": None,
                "title": "the application exits with code 1 right after its start",
                "root": True,
                "first_seen": "2026-11-24T06:23:41.000Z",
                "runs": 1,
            },
            {
                "state": "unchanged",
                "fingerprint": "8899aabbccddeeff",
                "code": "clock.skew",
                "severity": "warning",
                "node": "odroid7",
                "service": None,
                "title": "the clock of odroid7 is 4.1 s ahead",
                "root": True,
                "first_seen": "2026-11-22T02:23:41.000Z",
                "runs": 52,
            },
            {
                "state": "resolved",
                "fingerprint": "ffeeddccbbaa9988",
                "code": "litefs.replica.lagging",
                "severity": "warning",
                "node": "odroid7",
                "service": None,
                "title": "the replica is 5 s behind",
                "root": True,
                "first_seen": "2026-11-24T04:23:41.000Z",
                "runs": 2,
            },
        ],
        "cluster": [
            {"what": "job version", "node": None, "from": 3, "to": 4},
            {"what": "restarts", "node": "odroid8", "from": 0, "to": 21},
            {"what": "check", "node": "odroid8", "from": "passing", "to": "critical", "service": "navidrome", "name": "navidrome ping"},
            {"what": "check", "node": "odroid8", "from": "passing", "to": "critical", "service": None, "name": "Serf Health Status"},
        ],
        "spark": {"odroid7": {"lag": "▁▂█▁", "restarts": "▁▁▁▁"}, "odroid8": {"lag": "▁▁▁·", "restarts": "▁▁▁█"}},
        "mail_worthy": True,
    },
)

_SAME = tuple(
    EXITED._replace(id=f"f1-{number}", node=f"odroid{number}", explains=(), commands=EXITED.commands[:1]) for number in (7, 8, 9, 10, 11)
)
ALIKE = CRASH._replace(
    headline="odroid7 and 4 more: " + EXITED.title,
    root_causes=_SAME,
    findings=_SAME,
)

SAMPLES: dict[str, Report] = {
    "healthy": HEALTHY,
    "crash": CRASH,
    "two-faults": TWO_FAULTS,
    "changed": CHANGED,
    "alike": ALIKE,
    "large": LARGE,
    "hostile": HOSTILE,
    "unseen": UNSEEN,
}
