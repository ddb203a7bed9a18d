"""Report documents with only what history reads; the rest is as in a healthy run."""


def finding(code="app.exited", node="odroid8", severity="critical", service=None, explained_by=None, **more):
    return {
        "id": f"{code}@{node}",
        "code": code,
        "severity": severity,
        "node": node,
        "service": service,
        "title": f"{code} on {node}",
        "explained_by": explained_by,
        **more,
    }


def check(status, *, name="ping", service="wiki", ident="c1"):
    return {"id": ident, "name": name, "service": service, "status": status, "since": None, "not_before": None, "since_source": None}


def node(name, *, nomad="ready", eligibility="eligible", role="replica", lag=0.1, alloc="a1", restarts=0, checks=(), versions=None):
    return {
        "name": name,
        "nomad": nomad,
        "eligibility": eligibility,
        "role": role,
        "lag_seconds": lag,
        "allocation": {"id": alloc, "client_status": "running", "restarts": restarts} if alloc else None,
        "checks": list(checks),
        "versions": versions or {},
    }


NODES = (node("odroid6", role="primary", lag=None), node("odroid7"), node("odroid8"))


def document(*findings, verdict=None, nodes=NODES, unseen=(), gaps=(), cluster=None, at="2026-11-24T06:00:00.000Z", listed=True):
    worst = "critical" if any(one["severity"] == "critical" for one in findings) else "warning" if findings else "ok"
    return {
        "spec": "navidrome",
        "started_at": at,
        "duration_seconds": 2.0,
        "verdict": verdict or worst,
        "coverage": {"planned": 9, "collected": 9 - len(gaps), "unseen_nodes": tuple(unseen), "gaps": tuple(gaps)},
        "nodes": list(nodes),
        "root_causes": [one for one in findings if one["explained_by"] is None],
        "findings": list(findings),
        "items": [{"id": "nodes", "kind": "nomad_nodes", "status": "ok" if listed else "unreachable"}],
        "cluster": cluster or {},
    }


def gap(target="odroid8", item="litefs", reason="connection refused"):
    return {"item": item, "target": target, "status": "unreachable", "reason": reason}


def moment(minute):
    return f"2026-11-24T{6 + minute // 60:02}:{minute % 60:02}:00.000Z"
