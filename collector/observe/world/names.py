"""Names of nodes, by which all later stages identify them: nodes with equal names, and LiteFS's names for hosts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from collector.model import JSON, Bundle, Result, Status, host_of

Row = Mapping[str, JSON]


def told_apart(bundle: Bundle) -> Bundle:
    """Return the bundle with each of several nodes of one name renamed to `name (the first eight digits of its ID)`.

    A node set up anew on the same machine (same address) is one machine. Until Nomad forgets the old node both are listed.
    """
    labels = _labels(_rows(bundle.results, "nomad_nodes"))
    if not labels:
        return bundle
    allocs = {row["id"]: labels[row["node_id"]] for row in _rows(bundle.results, "nomad_allocations") if row["node_id"] in labels}
    return bundle._replace(results=tuple(_renamed(result, labels, allocs) for result in bundle.results))


def _rows(results: Iterable[Result], kind: str) -> Iterator[Row]:
    for result in results:
        if result.kind == kind and result.status is Status.OK:
            yield from result.data


def _labels(rows: Iterable[Row]) -> dict[str, str]:
    """Map node IDs to labels, for machines with equal names."""
    machines: dict[str, dict[JSON, list[Row]]] = {}
    for row in rows:
        machines.setdefault(row["name"], {}).setdefault(row["address"], []).append(row)
    return {
        row["id"]: f"{name} ({max(machine, key=fresh)['id'][:8]})"
        for name, namesakes in machines.items()
        if len(namesakes) > 1
        for machine in namesakes.values()
        for row in machine
    }


def fresh(row: Row) -> tuple[bool, int]:
    """Return, of several nodes of one machine, the ready and newer one."""
    return row["status"] == "ready", row["modify_index"]


def _renamed(result: Result, labels: Mapping[str, str], allocs: Mapping[str, str]) -> Result:
    if result.status is Status.OK and result.kind == "nomad_nodes":
        return result._replace(data=[{**row, "name": labels.get(row["id"], row["name"])} for row in result.data])
    if result.status is Status.OK and result.kind == "nomad_allocations":
        return result._replace(data=[{**row, "node": allocs.get(row["id"], row["node"])} for row in result.data])
    label = allocs.get(result.target.alloc or "")
    if label is None:
        return result
    data = {**result.data, "node": label} if isinstance(result.data, dict) and "node" in result.data else result.data
    return result._replace(target=result.target._replace(node=label), data=data)


def hosts(nodes: Mapping[str, str | None], names: set[str], leases: Sequence[Mapping[str, JSON]]) -> dict[str, str]:
    """Map each name used by LiteFS to the node whose name differs only by a domain or by case.

    LiteFS's `lease.hostname` defaults to the machine's name, which may have a domain that Nomad's lacks. `nodes` are Nomad's, with their
    addresses. A host is omitted if its lease advertises the address of another node.
    """
    found: dict[str, str] = {}
    for host in names - nodes.keys():
        alike = [name for name in nodes if _alike(host.lower(), name.lower())]
        others = set(nodes.values()) - {nodes[name] for name in alike}
        if len(alike) == 1 and not any(host_of(one["advertise_url"] or "") in others for one in leases if one["hostname"] == host):
            found[host] = alike[0]
    return found


def _alike(host: str, node: str) -> bool:
    return host == node or host.startswith(f"{node}.") or node.startswith(f"{host}.")
