"""Services, their instances in Consul, and the addresses at which ports of an allocation or instance can be reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.expressions.selections.registered import members
from collector.model import JSON, host_port

Job = Mapping[str, JSON]


def services(job: Job | None, default: str | None = None, provider: str = "consul") -> list[str]:
    """Return the names of the services that a job registers with a provider, `consul` or `nomad`.

    `default` comes first, and is the only one if the job is not known.
    """
    registered = [service for group in (job or {}).get("groups", []) for service in group["services"]]
    names = [service["name"] for service in registered if service["provider"] == provider and service["name"]]
    return list(dict.fromkeys([*([default] if default else []), *names]))


def lease_keys(job: Job | None, default: str) -> list[str]:
    """Return the Consul keys of the job's LiteFS leases; `default` if the job names none or is not known."""
    return list((job or {}).get("lease_keys") or [default])


def instances(checks: JSON) -> list[Mapping[str, JSON]]:
    """Return Consul's instances in the form of allocations, for when Nomad does not answer.

    One per node and allocation; `id` is null if the instance's ID does not contain one. The argument is what a consul_checks task
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
    """Return `http://host:port` of an allocation's port as reachable from outside; null if no address is known.

    Uses the allocation's port that maps to `port` in the task, or has this label; else, as with host networking and a fixed port, `port` at
    the allocation's address.
    """
    for own in alloc.get("ports") or ():
        if port in (own["to"], own["port"]) or (label is not None and own["label"] == label):
            host, port = own["host"] or alloc.get("address"), own["port"]
            break
    else:
        host = alloc.get("address")
    return url(host, port) if host else None


def without(these: Sequence[Mapping[str, JSON]] | None, others: Sequence[Mapping[str, JSON]] | None) -> list[Mapping[str, JSON]]:
    """Return the allocations whose ID is not among the others'."""
    known = {other["id"] for other in others or ()}
    return [this for this in these or () if this["id"] not in known]


def few(these: Sequence[JSON] | None, most: int) -> list[JSON]:
    """Return the list if it has at most `most` elements, else an empty one: for calls worth making in small clusters only."""
    return list(these) if these is not None and len(these) <= most else []


def url(host: str, port: int, scheme: str = "http") -> str:
    """Return `scheme://host:port`, with an IPv6 address in brackets."""
    return f"{scheme}://{host_port(host, port)}"
