"""The registered job."""

from __future__ import annotations

from collector.errors import Unanswered
from collector.kinds import asking, bodies, shapes
from collector.kinds.kind import API_OR_STALE, AWAITED, JOB, NAMESPACE, Args, Kind
from collector.kinds.litefs_config import leases
from collector.kinds.shapes import Obj
from collector.model import JSON, Http, Rung, Status


def api(args: Args) -> Rung:
    """Request the job; 404 is final."""
    name, namespace = args["job"], args.get("namespace")
    reply = yield from asking.ask(Http("nomad", f"/v1/job/{asking.segment(name)}", asking.within(namespace)))
    if reply.code == 404 and b"job not found" in reply.body:  # noqa: PLR2004 - HTTP
        reason = f'job "{name}" is not in ' + (f'namespace "{namespace}"' if namespace else "the configured namespace")
        raise Unanswered(Status.FAILED, reason, final=True, reply=reply)
    return asking.parsed(reply, parse)


def parse(body: bytes) -> JSON:
    """Parse a job. Source: Nomad's API documentation, "Jobs", "Read Job"."""
    job = bodies.document(body)
    if not shapes.objects(job, "TaskGroups"):  # required by Nomad (nomad/structs, Job.Validate)
        raise shapes.invalid('"TaskGroups" is missing or empty')
    own = _constraints(job)
    return {
        "id": shapes.identity(job, "ID"),
        "namespace": shapes.maybe_text(job, "Namespace") or "default",
        "type": shapes.text(job, "Type"),
        "status": shapes.text(job, "Status"),
        "status_description": shapes.text(job, "StatusDescription"),
        "stopped": shapes.flag(job, "Stop"),
        "version": shapes.whole(job, "Version"),
        "submit_time": shapes.nanoseconds(job, "SubmitTime"),
        "periodic": bool(shapes.mapping(job, "Periodic")),
        "parameterized": bool(shapes.mapping(job, "ParameterizedJob")),
        "datacenters": shapes.texts(job, "Datacenters"),
        "groups": [_group(group, own) for group in shapes.objects(job, "TaskGroups")],
        **leases(job),
    }


def _group(group: Obj, constraints: list[str]) -> JSON:
    networks, tasks = shapes.objects(group, "Networks"), shapes.objects(group, "Tasks")
    services: list[tuple[str | None, Obj]] = [(None, service) for service in shapes.objects(group, "Services")]
    services += [(shapes.identity(task, "Name"), service) for task in tasks for service in shapes.objects(task, "Services")]
    return {
        "name": shapes.identity(group, "Name"),
        "count": shapes.whole(group, "Count"),
        "network_mode": next((mode for network in networks if (mode := shapes.text(network, "Mode"))), "host"),
        "ports": [port for network in networks for port in _ports(network)],
        "constraints": constraints + _constraints(group) + [text for task in tasks for text in _constraints(task)],
        "services": [_service(service, task) for task, service in services],
        "tasks": [_task(task) for task in tasks],
    }


def _ports(network: Obj) -> list[JSON]:
    reserved = [_port(port, shapes.maybe_whole(port, "Value")) for port in shapes.objects(network, "ReservedPorts")]
    return reserved + [_port(port, None) for port in shapes.objects(network, "DynamicPorts")]


def _port(port: Obj, static: int | None) -> JSON:
    return {"label": shapes.text(port, "Label"), "static": static or None, "to": mapped(port)}


def mapped(port: Obj) -> int | None:
    """Return the port inside the allocation's network; None if it is not mapped (0, or -1 for `the same`)."""
    to = shapes.whole(port, "To")
    return to if to > 0 else None


def _constraints(owner: Obj) -> list[str]:
    rows = shapes.objects(owner, "Constraints")
    return [" ".join(part for key in ("LTarget", "Operand", "RTarget") if (part := shapes.text(row, key))) for row in rows]


def _service(service: Obj, task: str | None) -> JSON:
    label = shapes.maybe_text(service, "PortLabel")
    return {
        "name": shapes.text(service, "Name"),
        "provider": shapes.maybe_text(service, "Provider") or "consul",
        "port_label": label,
        "task": task or shapes.maybe_text(service, "TaskName"),
        "checks": [_check(check, label) for check in shapes.objects(service, "Checks")],
    }


def _check(check: Obj, service_label: str | None) -> JSON:
    return {
        "name": shapes.text(check, "Name"),
        "type": shapes.text(check, "Type"),
        "path": shapes.maybe_text(check, "Path"),
        "method": shapes.maybe_text(check, "Method"),
        "protocol": shapes.maybe_text(check, "Protocol"),
        "port_label": shapes.maybe_text(check, "PortLabel") or service_label,
        "interval": shapes.nanoseconds(check, "Interval"),
        "timeout": shapes.nanoseconds(check, "Timeout"),
        "command": _words(shapes.text(check, "Command"), shapes.texts(check, "Args")),
        "task": shapes.maybe_text(check, "TaskName"),
        **({"tls_skip_verify": True} if shapes.flag(check, "TLSSkipVerify") else {}),
    }


def _task(task: Obj) -> JSON:
    config, hook = shapes.mapping(task, "Config"), shapes.mapping(task, "Lifecycle")
    sidecar = " sidecar" if shapes.flag(hook, "Sidecar") else ""
    return {
        "name": shapes.identity(task, "Name"),
        "driver": shapes.text(task, "Driver"),
        "memory_mb": shapes.maybe_whole(shapes.mapping(task, "Resources"), "MemoryMB"),
        "user": shapes.maybe_text(task, "User"),
        "command": _words(*_command(config)),
        "lifecycle": (shapes.text(hook, "Hook") + sidecar) or None,
        "leader": shapes.flag(task, "Leader"),
    }


def _command(config: Obj) -> tuple[str, list[str]]:
    """Return the command and arguments from their usual places in the driver's configuration, which Nomad does not define."""
    command, args = config.get("command"), config.get("args")
    words = [word for word in args if isinstance(word, str)] if isinstance(args, list) else []
    return command if isinstance(command, str) else "", words


def _words(command: str, args: list[str]) -> str | None:
    return " ".join([command, *args]).strip() or None


KIND = Kind(
    name="nomad_job",
    summary="the job as it is registered: groups, tasks, services, checks, constraints, LiteFS's Consul keys",
    rungs={"api": api, "stale": asking.of_any_server(api)},
    default_ladder=API_OR_STALE,
    arguments={"job": JOB, "namespace": NAMESPACE},
    capabilities=("nomad: namespace read-job",),
    timeout=AWAITED,
    inventory=True,
)
