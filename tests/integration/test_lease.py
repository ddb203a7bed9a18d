"""The lease in a real Consul, and how its key relates to LiteFS's data."""

from __future__ import annotations

import shutil

import pytest

from .site import Site

pytestmark = pytest.mark.real


def test_no_candidate_means_no_primary(site: Site) -> None:
    site.deploy({node.name: {"lease": {"candidate": False}} for node in site.layout.nodes})
    for node in site.layout.nodes:
        site.logged(node.name, "ineligible to become primary")
    found = site.diagnose()
    assert found.first == ("litefs.no-primary", None), found
    assert found.verdict == "critical"


def test_two_static_primaries_are_two(site: Site) -> None:
    first, second, last = (node.name for node in site.layout.nodes)
    url = f"http://{site.layout.node(first).address}:{site.layout.workload.sync_port}"
    follow = {"type": "static", "consul": None, "candidate": False, "hostname": first, "advertise-url": url}
    site.deploy(
        {
            first: {"lease": {"type": "static", "consul": None}},
            second: {"lease": {"type": "static", "consul": None}},
            last: {"lease": follow},
        }
    )
    site.passing()
    found = site.diagnose()
    assert found.first == ("litefs.multiple-primaries", None), found


def test_data_of_another_cluster_is_detected(site: Site) -> None:
    site.deploy()
    site.settled()
    replica = site.replicas()[0]
    (site.file(replica, site.layout.workload.data) / "clusterid").write_text("LFSC0123456789ABCDEF\n", encoding="ascii")
    site.deploy(keep_data=True)
    site.logged(replica, "already initialized with different ID")
    found = site.diagnose()
    assert found.first == ("litefs.cluster-id.mismatch", replica), found


def test_data_lost_everywhere_is_distinguished_from_a_new_node(site: Site) -> None:
    site.deploy()
    site.settled()
    for node in site.layout.nodes:
        for entry in site.file(node.name, site.layout.workload.data).iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    site.deploy(keep_data=True)
    for node in site.layout.nodes:
        site.logged(node.name, "local node has no cluster ID")
    found = site.diagnose()
    assert found.first == ("litefs.cluster-id.lost", None), found


def test_a_lease_where_no_consul_is_cannot_be_reached(site: Site) -> None:
    node = site.layout.nodes[-1].name
    site.deploy({node: {"lease": {"consul": {"url": f"http://{site.layout.server.address}:8599"}}}})
    site.logged(node, "cannot fetch cluster ID")
    found = site.diagnose()
    assert found.first == ("litefs.lease.unreachable", node), found
    assert "8599" in found.evidence
