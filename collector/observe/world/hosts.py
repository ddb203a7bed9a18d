"""Resolves host names used by LiteFS: `lease.hostname` defaults to the machine's name, and may have a domain that Nomad's name lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.model import JSON, host_of


def hosts(nodes: Mapping[str, str | None], names: set[str], leases: Sequence[Mapping[str, JSON]]) -> dict[str, str]:
    """Map each name used by LiteFS (`told`) to the node whose name differs only by a domain or by case.

    `nodes` are Nomad's, with their addresses. Omitted if that host's lease advertises the address of another node.
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
