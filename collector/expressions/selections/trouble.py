"""Which agents to query about a failing Consul check, and which checks can be repeated from here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from collector.expressions.selections.instances import url
from collector.expressions.selections.registered import BAD, members
from collector.model import JSON

SERF = "serfHealth"
"""ID of Consul's own check of a node's agent."""

PRESENT = ("alive", "leaving")
"""Statuses of a present member."""

Row = Mapping[str, JSON]


def troubled(checks: JSON, job: Row | None = None, allocs: Sequence[Row] | None = None, pool: Sequence[Row] | None = None) -> list[Row]:
    """Return nodes with failing checks as `{node, address, member, alloc, agent, checks, endpoints}`, in the order of the checks.

    `pool` is what a consul_members task registered. A node's address there is preferred to the catalog's, and `member` is then true:
    members
    of the pool have the gossip key, while anybody with `node:write` can put any address into the catalog.

    `checks` are those not passing, without duplicates. The agent's own check (serfHealth) is excluded, since nobody on the node knows more
    about it; `agent` is false if it fails: then the agent cannot be queried. `alloc` is an allocation there, or null. `endpoints` are those
    of HTTP and TCP checks as the job defines them, at the instance's address and the allocation's own port if the check has one. The first
    argument is what a consul_checks task registered.
    """
    everything = members(checks, "checks")
    gone = {check["node"] for check in everything if check["check_id"] == SERF and check["status"] in BAD}
    bad: dict[str, dict[str, Row]] = {}
    for check in everything:
        if check["status"] in BAD and check["check_id"] != SERF:
            bad.setdefault(check["node"], {}).setdefault(check["check_id"], check)
    instances: dict[str, list[Row]] = {}
    for instance in members(checks, "instances"):
        instances.setdefault(instance["node"], []).append(instance)
    ports = {alloc["id"]: alloc["ports"] for alloc in allocs or ()}
    there = _pool_addresses(pool)
    return [
        {
            "node": node,
            **_address(next((instance["node_address"] for instance in instances.get(node, ())), None), there.get(node, ())),
            "alloc": next((one["alloc"] for one in (*own.values(), *instances.get(node, ())) if one["alloc"]), None),
            "agent": node not in gone,
            "checks": list(own.values()),
            "endpoints": [end for check in own.values() for end in _endpoints(check, job, instances.get(node, ()), ports)],
        }
        for node, own in bad.items()
    ]


def agents(allocs: Sequence[Row] | None, pool: Sequence[Row] | None = None) -> list[Row]:
    """Return the nodes of these allocations as `{node, address, member}`, each once, with the names that Consul has for them.

    `pool` is what a consul_members task registered; `member` is true if a present member has the address. Nodes without a known address
    are omitted.
    """
    names = {member["address"]: member["name"] for member in pool or () if member["status"] in PRESENT and member["address"]}
    return [
        {"node": names.get(address, node), "address": address, "member": address in names}
        for address, node in {alloc["address"]: alloc["node"] for alloc in allocs or () if alloc["address"]}.items()
    ]


def _pool_addresses(pool: Sequence[Row] | None) -> dict[str, list[str]]:
    """Map node names to addresses in the gossip pool. Members that left or failed are omitted: their address may be in use by others."""
    found: dict[str, list[str]] = {}
    for member in pool or ():
        if member["status"] in PRESENT and member["address"]:
            found.setdefault(member["name"], []).append(member["address"])
    return found


def _address(address: str | None, known: Sequence[str]) -> Row:
    """Return the address of the node's agent, and whether it is from the gossip pool."""
    return {"address": address if address in known or not known else known[0], "member": bool(known)}


def _endpoints(check: Row, job: Row | None, instances: Sequence[Row], ports: Mapping[str, Sequence[Row]]) -> Iterator[Row]:
    """Return what the check requests, if the job defines it and the instance's address is known: a list of at most one."""
    instance = next((one for one in instances if one["service_id"] == check["service_id"]), None)
    found = _definition(check, job)
    if instance is None or found is None:
        return
    service, definition = found
    host, port = instance["address"] or instance["node_address"], instance["port"]
    if definition["port_label"] not in (None, service["port_label"]):
        port = next((own["port"] for own in ports.get(instance["alloc"], ()) if own["label"] == definition["port_label"]), None)
    if not host or not port:
        return
    base = {"name": check["name"], "service": check["service"], "type": definition["type"]}
    if definition["type"] == "http":
        path = (definition["path"] or "").removeprefix("/")  # Nomad accepts a path without a leading slash, which would extend the port
        where = f"{url(host, port, definition['protocol'] or 'http')}/{path}"
        yield base | {"url": where, "method": definition["method"] or "GET"} | _verification(definition)
    elif definition["type"] == "tcp":
        yield base | {"host": host, "port": port}


def _verification(definition: Row) -> dict[str, JSON]:
    """False if the job says that the certificate is not to be verified."""
    return {"tls_skip_verify": True} if definition.get("tls_skip_verify") else {}


def _definition(check: Row, job: Row | None) -> tuple[Row, Row] | None:
    """Return the service and check in the job that a Consul check was made from, by name, or as the service's only check."""
    for group in (job or {}).get("groups", []):
        for service in group["services"]:
            if service["name"] == check["service"]:
                named = [one for one in service["checks"] if one["name"] == check["name"]]
                if named or len(service["checks"]) == 1:
                    return service, (named or service["checks"])[0]
    return None
