"""Hosts as LiteFS calls them: `lease.hostname` is the machine's own name by default, and may have a domain that Nomad's name lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.model import JSON, host_of


def hosts(nodes: Mapping[str, str | None], told: set[str], leases: Sequence[Mapping[str, JSON]]) -> dict[str, str]:
    """Which node is meant by what LiteFS calls a machine (`told`): the one whose name differs from that by a domain, or by its case, alone.

    `nodes` are Nomad's, with their addresses. None is meant where the lease of that host advertises the address of another one.
    """
    found: dict[str, str] = {}
    for host in told - nodes.keys():
        alike = [name for name in nodes if _alike(host.lower(), name.lower())]
        others = set(nodes.values()) - {nodes[name] for name in alike}
        if len(alike) == 1 and not any(host_of(one["advertise_url"] or "") in others for one in leases if one["hostname"] == host):
            found[host] = alike[0]
    return found


def _alike(host: str, node: str) -> bool:
    return host == node or host.startswith(f"{node}.") or node.startswith(f"{host}.")
