"""Allocations, checks and LiteFS states in the kinds' format, with defaults for what a case does not specify."""

import itertools

NOW = 1_000_000.0
_COUNT = itertools.count(1)


def task(**settings):
    fresh = {"name": "app", "state": "running", "failed": False, "restarts": 0, "finished_at": None, "last_restart": None, "events": []}
    return {**fresh, "started_at": NOW - 3600, **settings}


def alloc(alloc_id, node="n1", name="app.app[0]", *, client="running", desired="run", tasks=None, **settings):
    index = next(_COUNT)
    return {
        "id": alloc_id,
        "name": name,
        "namespace": "default",
        "job": "app",
        "job_version": 0,
        "group": "app",
        "node": node,
        "node_id": f"id of {node}",
        "address": None,
        "ports": [],
        "client_status": client,
        "desired_status": desired,
        "healthy": True,
        "create_index": index,
        "modify_index": index,
        "modify_time": NOW - 3000,
        "previous": None,
        "next": None,
        "tasks": [task()] if tasks is None else tasks,
        **settings,
    }


def check(node, status="critical", *, alloc=None, check_id=None, service="app", name="ping", **settings):
    service_id = f"_nomad-task-{alloc}-{service}" if alloc else ""
    base = {"node": node, "status": status, "alloc": alloc, "check_id": check_id or f"{name}-{node}-{alloc}", "name": name, "type": "http"}
    return {**base, "service": service, "service_id": service_id, "output": "", **settings}


def instance(node, alloc, *, service="app", address="10.0.0.1", port=8080, node_address="10.0.0.1"):
    return {
        "node": node,
        "node_address": node_address,
        "service": service,
        "service_id": f"_nomad-task-{alloc}-{service}" if alloc else "by-hand",
        "address": address,
        "port": port,
        "alloc": alloc,
        "modify_index": 1,
    }


def answered(instances=(), checks=()):
    """Return what a consul_checks task over one service registers."""
    return [{"item": "app", "status": "ok", "data": {"instances": list(instances), "checks": list(checks)}}]


def litefs(item, role="replica", txid=10, **settings):
    """Return one iteration of a litefs_status task."""
    databases = [{"name": "db", "txid": txid, "checksum": settings.pop("checksum", None)}]
    data = {"role": role, "databases": databases, "lag_seconds": 0.2, "lag_file_ms": None, **settings}
    return {"item": {"id": item}, "status": "ok", "data": data}
