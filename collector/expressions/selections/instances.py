"""Services, their instances in Consul, and the address at which a port of an allocation or instance can be reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.expressions.selections.registered import members
from collector.model import JSON, host_port

Job = Mapping[str, JSON]


def services(job: Job | None, default: str | None = None, provider: str = "consul") -> list[str]:
    """Names of the services that a job registers with a provider, `consul` or `nomad`.

    `default` comes first, and alone where the job is not known.
    """
    registered = [service for group in (job or {}).get("groups", []) for service in group["services"]]
    names = [service["name"] for service in registered if service["provider"] == provider and service["name"]]
    return list(dict.fromkeys([*([default] if default else []), *names]))


def lease_keys(job: Job | None, default: str) -> list[str]:
    """The keys in Consul that a job's LiteFS takes its lease with; `default` where the job names none or is not known."""
    return list((job or {}).get("lease_keys") or [default])


def instances(checks: JSON) -> list[Mapping[str, JSON]]:
    """What runs according to Consul, in the form of allocations: for a Nomad that does not answer.

    One for each node and allocation; `id` is null where the instance's ID does not name one. The argument is what a consul_checks task
    registered.
    """
    found: dict[tuple[JSON, JSON], Mapping[str, JSON]] = {}
    for instance in members(checks, "instances"):
        ports = [{"label": instance["service"], "host": instance["address"], "port": instance["port"], "to": None}]
        address = instance["address"] or instance["node_address"]
        found.setdefault(
            (instance["node"], instance["alloc"]), {"id": instance["alloc"], "node": instance["node"], "address": address, "ports": ports}
        )
    return list(found.values())


def endpoint(alloc: Mapping[str, JSON], port: int, label: str | None = None) -> str | None:
    """`http://host:port` of an allocation's port, as it is reachable from outside; null where no address is known.

    The port is the allocation's own that leads to `port` within the task, or has this label; without such a one, as with host
    networking and a fixed port, it is `port` at the allocation's address.
    """
    for own in alloc.get("ports") or ():
        if port in (own["to"], own["port"]) or (label is not None and own["label"] == label):
            host, port = own["host"] or alloc.get("address"), own["port"]
            break
    else:
        host = alloc.get("address")
    return url(host, port) if host else None


def without(these: Sequence[Mapping[str, JSON]] | None, others: Sequence[Mapping[str, JSON]] | None) -> list[Mapping[str, JSON]]:
    """Those allocations whose ID is not among the others'."""
    known = {other["id"] for other in others or ()}
    return [this for this in these or () if this["id"] not in known]


def few(these: Sequence[JSON] | None, most: int) -> list[JSON]:
    """These, when there are at most `most` of them; else none: for what is worth a call each in a small cluster only."""
    return list(these) if these is not None and len(these) <= most else []


def url(host: str, port: int, scheme: str = "http") -> str:
    """`scheme://host:port`, an IPv6 address in brackets."""
    return f"{scheme}://{host_port(host, port)}"
