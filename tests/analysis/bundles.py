"""Bundles as data: a healthy cluster of three nodes, and a case's changes to it.

A case is a mapping (from YAML): `nodes: {n2: {...}}` changes a node, everything else the cluster. `None` removes a part. `written` is how
many seconds ago a node's logs were last written to. `more` gives a node's allocation further tasks (name -> task, with `events` and the
lines of its `log`), `serves` puts a Consul server on a node, `lifecycles` says which tasks of the job are hooks, `more_leases` are those of
its other LiteFS, `more_nomad_agent` and `more_consul_leader` what other servers answer when queried directly. Names, addresses and ports
differ from the recordings'.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from collector.model import Attempt, Bundle, Result, Status, Target
from collector.validate import validate

NOW = 1_800_000_000.0
HOUR = 3600.0
NODES = ("n1", "n2", "n3")
JOB, GROUP, TASK, SERVICE = "wiki", "web", "server", "wiki"
APP_PORT, LITEFS_PORT = 8080, 20303
LEASE_ID = "LFSC00000000000000AA"
Data = Any


def ident(name: str) -> str:
    """Return a stable allocation ID."""
    return str(uuid5(NAMESPACE_DNS, name))


def address(node: str) -> str:
    return f"10.1.0.{int(node.removeprefix('n')) + 10}"


def merged(base: Data, change: Data) -> Data:
    """Merge mappings, replace everything else."""
    if isinstance(base, Mapping) and isinstance(change, Mapping):
        return {
            key: merged(base.get(key), change[key]) if key in change else base[key]
            for key in [*base, *(k for k in change if k not in base)]
        }
    return change


def healthy(node: str, names: tuple[str, ...]) -> dict[str, Data]:
    """Return a healthy node; the first one is primary."""
    return {
        "nomad": {"status": "ready", "eligibility": "eligible", "draining": False, "drivers": [{"name": "docker", "healthy": True}]},
        "member": "alive",
        "serves": False,
        "serf": "passing",
        "node_checks": {},
        "alloc": _running(node, names),
        "older": [],
        "events": [{"type": "Started", "ago": HOUR, "message": "Task started by client"}],
        "log": None,
        "stdout": None,
        "checks": {"ping": {"status": "passing", "path": "/ping"}, "info": {"status": "passing", "path": "/info"}},
        "outputs": True,
        "heard_from": "agent",
        "agent_date": None,
        "agent_checks": None,
        "pool_id": None,
        "catalog_id": None,
        "agent_fails": None,
        "registered": True,
        "litefs": _leading_or_following(node, names),
        "again": None,
        "fails": None,
        "http_fails": None,
        "output_fails": None,
        "log_fails": None,
        "written": None,
        "nomad_checks": [],
        "more": {},
    }


def _running(node: str, names: tuple[str, ...]) -> dict[str, Data]:
    started = NOW - HOUR
    return {
        "id": ident(node),
        "client_status": "running",
        "client_description": "Tasks are running",
        "desired_status": "run",
        "desired_description": "",
        "healthy": True,
        "create_time": started,
        "modify_time": None,
        "restarts": 0,
        "job_version": 1,
        "next": None,
        "previous": None,
        "create_index": 100,
        "name": f"{JOB}.{GROUP}[{names.index(node)}]",
        "state": "running",
        "started_at": started,
        "failed": False,
    }


def _leading_or_following(node: str, names: tuple[str, ...]) -> dict[str, Data]:
    primary = node == names[0]
    return {
        "role": "primary" if primary else "replica",
        "is_primary": primary,
        "candidate": True,
        "cluster_id": LEASE_ID,
        "litefs_id": "0123456789ABCDEF",
        "path": "/data/litefs",
        "primary_hostname": names[0],
        "databases": [{"name": "wiki.db", "txid": 40, "checksum": "00000000000000aa"}],
        "lag_seconds": 0.0 if primary else 0.4,
        "lag_file_ms": None,
        "started_at": NOW - HOUR,
        "uptime_seconds": HOUR,
        "stream_count": len(names) - 1 if primary else 0,
        "version": "0.5.14",
        "status_command": None,
        "notes": [],
        "date": NOW,
        "date_at": NOW,
        "date_within": 0.1,
    }


def bundle(case: Mapping[str, Data]) -> Bundle:
    """Return a case's bundle, validated against the kinds' schemas: data that no collector could produce is an error in the case."""
    names = tuple(case.get("names", NODES))
    nodes = {name: merged(healthy(name, names), (case.get("nodes") or {}).get(name, {})) for name in names}
    results = tuple(_results(case, names, nodes))
    made = validate(
        Bundle(
            spec={"name": "case", "path": "case.yml", "sha256": "0", "commit": None},
            vars={"litefs_port": LITEFS_PORT},
            thresholds=case.get("thresholds", {}),
            rules=tuple(case.get("rules", ())),
            expect=case.get("expect", {}),
            started_at=NOW - 1 + case.get("played_back", 0),
            seconds=1.0,
            results=results,
            planned=len(results),
            endpoints={"nomad": "http://10.1.0.1:4646", "consul": "http://10.1.0.1:8500", **case.get("endpoints", {})},
            version="test",
        )
    )
    wrong = [f"{result.id}: {result.reason}" for result in made.results if result.status is Status.INVALID]
    assert not wrong, wrong
    return made


def _results(case: Mapping[str, Data], names: tuple[str, ...], nodes: Mapping[str, Data]) -> Iterator[Result]:
    gaps = case.get("gaps", {})
    plain: dict[str, Data] = {
        "nomad_agent": _of_one_region(merged(_agent(), case.get("nomad", {}))),
        "consul_leader": merged(_consul(), case.get("consul", {})),
        "nomad_job": merged(_job(len(names), case.get("lifecycles", {})), case.get("job", {})),
        "nomad_nodes": [_node(name, node["nomad"]) for name, node in nodes.items() if node["nomad"]],
        "nomad_allocations": [row for name, node in nodes.items() for row in _allocations(name, node)],
        "nomad_evaluations": [_evaluation(index, row) for index, row in enumerate(case.get("evaluations", ()))],
        "nomad_deployments": [_deployment(row) for row in case.get("deployments", ())],
        "consul_members": [_member(name, node) for name, node in nodes.items() if node["member"]],
        "consul_lease": merged(_lease(names[0]), case.get("lease", {})),
    }
    for kind, data in plain.items():
        if kind in gaps or f"{kind.split('_')[0]}_*" in gaps:
            yield _gap(kind, Target(), gaps.get(kind, gaps.get(f"{kind.split('_')[0]}_*", {})))
        elif case.get(kind, True) is not None:
            yield Result(kind, kind, kind, Target(), Status.OK, "api", data=data, date=NOW if kind.startswith("nomad") else None)
    for kind, server in (("nomad_agent", _of_one_region(_agent())), ("consul_leader", _consul())):
        for number, change in enumerate(case.get(f"more_{kind}", ())):
            yield Result(f"{kind}#{number}", "each server", kind, Target(), Status.OK, "api", data=merged(server, change))
    for lease in case.get("more_leases", ()):
        yield Result(lease["key"], "lease", "consul_lease", Target(), Status.OK, "api", data={**_lease(names[0]), **lease})
    for service in (SERVICE, f"{SERVICE}-litefs", *case.get("more_services", ())):
        if "consul_checks" in gaps or "consul_*" in gaps:
            yield _gap("consul_checks", Target(service=service), gaps.get("consul_checks") or gaps["consul_*"])
        else:
            yield _checks(service, case, nodes)
    for name, node in nodes.items():
        yield from _of_node(name, node)
    yield from (_from_agent(name, node) for name, node in nodes.items() if node["agent_checks"] is not None)
    for name, node in nodes.items():
        if why := node["agent_fails"]:
            yield _gap("consul_checks", Target(node=name), {"rungs": ["agent"], **why}, f"agent_checks@{name}")._replace(ignore_errors=True)


def _of_node(name: str, node: Mapping[str, Data]) -> Iterator[Result]:
    alloc = node["alloc"]
    if alloc is None:
        return
    target = Target(node=name, alloc=alloc["id"], task=TASK)
    for number, sample in enumerate((node["litefs"], node["again"])):
        state = merged(node["litefs"], sample) if sample else sample
        ident_ = f"litefs@{name}" + (f"#{number}" if number else "")
        if node["fails"] is not None and not number:
            yield _gap("litefs_status", target, node["fails"], ident_)
        elif state:
            attempts = (Attempt("http", Status.OK, "", 0.01, (f"http://{address(name)}:{LITEFS_PORT}/metrics",)),)
            if why := node["http_fails"]:
                attempts = (
                    Attempt("http", Status(why["status"]), why["reason"], 0.1, (), why["cause"]),
                    Attempt("exec", Status.OK, "", 0.01),
                )
            rung = attempts[-1].rung
            yield Result(
                ident_, "LiteFS", "litefs_status", target, Status.OK, rung, data=state, attempts=attempts, started_at=NOW, date=NOW
            )
    for task, said in {TASK: node, **node["more"]}.items():
        for stream in ("log", "stdout"):
            if said.get(stream) is not None:
                yield _log(name, alloc["id"], task, stream, said[stream], written=said.get("written"))
    if node["nomad_checks"]:
        rows = [{"task": None, "output": "", "code": None, "mode": "healthiness", "time": NOW, **row} for row in node["nomad_checks"]]
        yield Result(f"nomad_checks@{name}", "checks", "nomad_checks", target, Status.OK, "api", data=rows, date=NOW)
    if node["log_fails"] is not None:
        yield _gap("nomad_logs", target, {"rungs": ["api"], **node["log_fails"]}, f"log@{name}")
    if node["output_fails"] is not None:
        yield _gap("check_output", Target(node=name), {"rungs": ["agent"], **node["output_fails"]}, f"output@{name}")
    bad = [_check(name, node, key, check) for key, check in node["checks"].items() if check["status"] in {"critical", "warning"}]
    if bad and node["outputs"] and node["output_fails"] is None:
        rows = [{key: row[key] for key in ("check_id", "name", "service", "service_id", "status", "output", "type")} for row in bad]
        heard = {_check(name, node, key, check)["check_id"]: check["heard"] for key, check in node["checks"].items() if "heard" in check}
        rows = [{**row, "status": heard.get(row["check_id"], row["status"])} for row in rows]
        now = {_check(name, node, key, check)["check_id"]: check["now"] for key, check in node["checks"].items() if "now" in check}
        rows = [{**row, "now": now[row["check_id"]]} if row["check_id"] in now else row for row in rows]
        source = node["heard_from"]
        data = {"node": name, "source": source, "asked_from": address(name), "checks": rows, "agent": source != "probe"}
        said = node["agent_date"]
        attempts = (Attempt(source, Status.OK, "", 0.01),)
        asked = Result(
            f"output@{name}", "output", "check_output", Target(node=name), Status.OK, source, data=data, attempts=attempts, date=said
        )
        yield asked._replace(started_at=0.0 if said is None else NOW)


def _from_agent(name: str, node: Mapping[str, Data]) -> Result:
    """Return what the node's own agent answers: the checks of the case with the changes in `agent_checks`."""
    changes = {key: {**node["checks"].get(key, {}), **change} for key, change in node["agent_checks"].items()}
    rows = {key: {**_check(name, node, key, check), "create_index": 0, "modify_index": 0} for key, check in changes.items()}
    instances = [{**_instance(name, row["service"], row, changes[key]), "modify_index": 0} for key, row in rows.items()]
    attempts = (Attempt("agent", Status.OK, "", 0.01, (f"http://{address(name)}:8500/v1/agent/checks",)),)
    data = {"instances": instances, "checks": [*rows.values()]}
    return Result(f"agent_checks@{name}", "agents", "consul_checks", Target(node=name), Status.OK, "agent", data=data, attempts=attempts)


def _log(node: str, alloc: str, task: str, stream: str, texts: list[str], *, written: float | None) -> Result:
    lines = [line for text in texts for line in text.splitlines()]
    data = {"alloc": alloc, "node": node, "task": task, "lines": lines, "wanted": 20, "bytes": sum(map(len, lines)), "cut": False}
    data["stream"] = "stderr" if stream == "log" else stream
    data |= {} if written is None else {"written_at": NOW - written}
    item = f"{stream}@{node}" if task == TASK else f"{stream} of {task}@{node}"
    return Result(item, "log", "nomad_logs", Target(node=node, alloc=alloc, task=task), Status.OK, "api", data=data, date=NOW)


def _gap(kind: str, target: Target, why: Mapping[str, Data], item: str = "") -> Result:
    status = Status(why.get("status", "unreachable"))
    rungs = why.get("rungs", ["http", "exec"] if kind == "litefs_status" else ["api"])
    attempts = tuple(
        Attempt(rung, status, why.get("reason", "refused the connection"), 0.1, (), why.get("cause", "refused"), why.get("code"))
        for rung in rungs
    )
    attempts += tuple(Attempt(one["rung"], Status(one["status"]), one["reason"], 0.1, (), one["cause"]) for one in why.get("tried", ()))
    return Result(item or f"{kind}@{target}", kind, kind, target, status, None, attempts[0].reason, attempts=attempts)


def _node(name: str, seen: Mapping[str, Data]) -> Data:
    return {
        "id": ident(f"node {name}"),
        "name": name,
        "address": address(name),
        "datacenter": seen.get("datacenter", "dc1"),
        "pool": "default",
        "status": seen["status"],
        "status_description": "",
        "eligibility": seen["eligibility"],
        "draining": seen["draining"],
        "drained": seen.get("drained"),
        **({"drained_at": NOW - seen["drained_ago"]} if "drained_ago" in seen else {}),
        "version": "1.9.0",
        "drivers": [
            {"name": d["name"], "detected": d.get("detected", True), "healthy": d["healthy"], "description": ""} for d in seen["drivers"]
        ],
        "modify_index": 1,
    }


def _allocations(name: str, node: Mapping[str, Data]) -> Iterator[Data]:
    for change in [{}, *node["older"]] if node["alloc"] is not None else node["older"]:
        base = healthy(name, NODES)["alloc"] if node["alloc"] is None else node["alloc"]
        yield _allocation(name, merged(base, change), change.get("events", node["events"] if not change else []), node["more"])


def _task(name: str, seen: Mapping[str, Data], events: list[Data]) -> Data:
    return {
        "name": name,
        "state": seen.get("state", "running"),
        "failed": seen.get("failed", False),
        "restarts": seen.get("restarts", 0),
        "started_at": seen.get("started_at", NOW - HOUR),
        "finished_at": None,
        "last_restart": None,
        "events": [_event(event) for event in events],
    }


def _allocation(name: str, alloc: Mapping[str, Data], events: list[Data], more: Mapping[str, Data]) -> Data:
    kept = {key: value for key, value in alloc.items() if key not in {"state", "started_at", "failed", "events", "tasks"}}
    tasks = [_task(TASK, alloc, events), *(_task(other, seen, seen.get("events", [])) for other, seen in more.items())]
    ports = [("http", APP_PORT), ("litefs", LITEFS_PORT)]
    # The servers stamp an allocation when they receive its newest event.
    heard = max((event["time"] for task in alloc.get("tasks", tasks) for event in task["events"]), default=alloc["create_time"])
    kept["modify_time"] = heard if kept["modify_time"] is None else kept["modify_time"]
    return {
        "namespace": "default",
        "job": JOB,
        "group": GROUP,
        "node": name,
        "node_id": ident(f"node {name}"),
        "address": address(name),
        "ports": [{"label": label, "host": address(name), "port": port, "to": None} for label, port in ports],
        "canary": False,
        "modify_index": 200,
        "followup_eval": None,
        "reschedules": 0,
        "memory_mb": 256,
        "tasks": alloc.get("tasks", tasks),
        **kept,
    }


def _event(event: Mapping[str, Data]) -> Data:
    return {
        "type": event["type"],
        "time": NOW - event.get("ago", 5),
        "message": event.get("message", ""),
        "details": event.get("details", {}),
        "exit_code": event.get("exit_code"),
        "signal": event.get("signal", 0) if "exit_code" in event else None,
        "oom_killed": event.get("oom_killed", False) if "exit_code" in event else None,
    }


def _check(name: str, node: Mapping[str, Data], key: str, check: Mapping[str, Data]) -> Data:
    service = SERVICE if key == "ping" else check.get("service", f"{SERVICE}-litefs")
    alloc = None if node["alloc"] is None else node["alloc"]["id"]
    alloc = check.get("alloc", alloc)
    service_id = check.get("service_id") or f"_nomad-task-{alloc}-group-{GROUP}-{service}"
    return {
        "node": name,
        "check_id": check.get("check_id", f"{key}-{name}"),
        "name": check.get("name", key),
        "status": check["status"],
        "type": check.get("type", "http"),
        "output": check.get("output", ""),
        "service": service,
        "service_id": service_id,
        "target": None,
        "interval": check.get("interval", 10.0),
        "timeout": 2.0,
        "notes": "",
        "create_index": 1,
        "modify_index": check.get("modify_index", 2),
        "alloc": alloc,
    }


def _checks(service: str, case: Mapping[str, Data], nodes: Mapping[str, Data]) -> Result:
    instances, checks = [], []
    for name, node in nodes.items():
        if node["serf"]:
            checks.append(_serf(name, node["serf"]))
        checks += [{**_serf(name, check["status"]), "check_id": key, "name": key, **check} for key, check in node["node_checks"].items()]
        for key, check in (
            node["checks"].items() if node["registered"] and (node["alloc"] or any("alloc" in c for c in node["checks"].values())) else ()
        ):
            row = _check(name, node, key, check)
            if row["service"] == service:
                checks.append({**row, "output": "" if node["outputs"] else row["output"]})
                instances.append({**_instance(name, service, row, check), **_agent_id(node["catalog_id"])})
    return Result(
        f"checks@{service}",
        "checks",
        "consul_checks",
        Target(service=service),
        Status.OK,
        "api",
        data={"instances": instances, "checks": checks},
    )


def _instance(name: str, service: str, row: Mapping[str, Data], check: Mapping[str, Data]) -> Data:
    port = check.get("port", APP_PORT if service == SERVICE else LITEFS_PORT)
    return {
        "node": name,
        "node_address": address(name),
        "service": service,
        "service_id": row["service_id"],
        "address": address(name),
        "port": port,
        "alloc": row["alloc"],
        "modify_index": 2,
    }


def _serf(name: str, status: str) -> Data:
    return {
        "node": name,
        "check_id": "serfHealth",
        "name": "Serf Health Status",
        "status": status,
        "type": "",
        "output": "Agent alive and reachable" if status == "passing" else "Agent not live or unreachable",
        "service": None,
        "service_id": None,
        "target": None,
        "interval": None,
        "timeout": None,
        "notes": "",
        "create_index": 1,
        "modify_index": 1,
        "alloc": None,
    }


def _agent() -> Data:
    return {
        "version": "1.9.0",
        "name": "s1",
        "region": "global",
        "leader": "10.1.0.1:4647",
        "leader_error": None,
        "peers": ["10.1.0.1:4647"],
        "servers": [],
        "known_leader": True,
        "client": False,
    }


def _of_one_region(agent: Data) -> Data:
    return {**agent, "servers": [{"region": "global", **server} for server in agent["servers"]]}


def _consul() -> Data:
    return {
        "leader": "10.1.0.1:8300",
        "leader_error": None,
        "peers": ["10.1.0.1:8300"],
        "known_leader": True,
        "version": "1.20.0",
        "node": "s1",
        "server": True,
    }


def _member(name: str, node: Mapping[str, Data]) -> Data:
    return {
        "name": name,
        "address": address(name),
        "port": 8301,
        "status": node["member"],
        "role": "server" if node["serves"] else "client",
        "version": "1.20.0",
        "datacenter": "dc1",
        **_agent_id(node["pool_id"]),
    }


def _agent_id(known: str | None) -> Data:
    return {"agent_id": known} if known else {}


def _lease(holder: str) -> Data:
    return {
        "key": "litefs/wiki",
        "held": True,
        "session": "5e55",
        "session_alive": True,
        "hostname": holder,
        "advertise_url": f"http://{address(holder)}:{LITEFS_PORT}",
        "modify_index": 5,
        "lock_index": 1,
        "cluster_id": LEASE_ID,
        "sessions": [],
        "notes": [],
    }


def _evaluation(index: int, row: Mapping[str, Data]) -> Data:
    group = {
        "group": GROUP,
        "nodes_evaluated": 3,
        "nodes_filtered": 0,
        "nodes_exhausted": 0,
        "nodes_available": {"dc1": 3},
        "constraint_filtered": {},
        "class_filtered": {},
        "dimension_exhausted": {},
        "class_exhausted": {},
        "quota_exhausted": [],
        "coalesced_failures": 0,
    }
    failed = row.get("failed")
    return {
        "id": ident(f"evaluation {index}"),
        "status": row["status"],
        "status_description": "",
        "triggered_by": row.get("trigger", "job-register"),
        "create_time": NOW - row.get("ago", 60),
        "modify_time": NOW - row.get("ago", 60),
        "modify_index": row.get("index", 1000 - index),
        "blocked": row["status"] == "blocked",
        "queued": {GROUP: row.get("queued", 1 if failed else 0)},
        "failed_groups": [merged(group, failed)] if failed else [],
    }


def _deployment(row: Mapping[str, Data]) -> Data:
    group = {
        "name": GROUP,
        "desired": 3,
        "placed": 3,
        "healthy": row.get("healthy", 3),
        "unhealthy": row.get("unhealthy", 0),
        "deadline": None,
    }
    return {
        "id": ident("deployment"),
        "status": row["status"],
        "status_description": row.get("description", ""),
        "job_version": 1,
        "create_time": NOW - 100,
        "modify_index": 7,
        "groups": [group],
    }


def _job(count: int, lifecycles: Mapping[str, Data]) -> Data:
    return {
        "id": JOB,
        "namespace": "default",
        "type": "service",
        "status": "running",
        "status_description": "",
        "stopped": False,
        "version": 1,
        "submit_time": NOW - HOUR,
        "periodic": False,
        "parameterized": False,
        "datacenters": ["dc1"],
        "groups": [_group(count, lifecycles)],
        "lease_keys": ["litefs/wiki"],
        "lease_urls": [],
        "litefs_yml": [f"{TASK}/local/lfs.yml"],
    }


def _group(count: int, lifecycles: Mapping[str, Data]) -> Data:
    checks = {"ping": "/ping", "info": "/info"}
    services = [
        {
            "name": service,
            "provider": "consul",
            "port_label": label,
            "task": None,
            "checks": [
                {
                    "name": check,
                    "type": "http",
                    "path": checks[check],
                    "method": "GET",
                    "protocol": "http",
                    "port_label": "",
                    "interval": 10.0,
                    "timeout": 2.0,
                    "command": None,
                    "task": None,
                }
            ],
        }
        for service, label, check in ((SERVICE, "http", "ping"), (f"{SERVICE}-litefs", "litefs", "info"))
    ]
    task = {"driver": "docker", "memory_mb": 256, "user": "", "command": None, "leader": False}
    tasks = [{"name": name, "lifecycle": hook, **task} for name, hook in {TASK: None, **lifecycles}.items()]
    ports = [{"label": "http", "static": APP_PORT, "to": None}, {"label": "litefs", "static": LITEFS_PORT, "to": None}]
    return {"name": GROUP, "count": count, "network_mode": "host", "ports": ports, "constraints": [], "services": services, "tasks": tasks}
