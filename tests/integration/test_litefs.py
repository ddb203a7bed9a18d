"""LiteFS that does not answer, does not start, or is lost: with real processes, mounts and disks."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from tests.lab import machines
from tests.lab.faults.data import BARE_DEV, damage, fill

from .relay import relay
from .site import Site

pytestmark = pytest.mark.real

INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "unknown field": ({"replicate-mode": "fast"}, "field replicate-mode not found"),
    "wrong type": ({"proxy": {"max-lag": "ten seconds"}}, "cannot unmarshal"),
    "lease type": ({"lease": {"type": "etcd"}}, "invalid lease type"),
    "one directory for both": ({"data": {"dir": "{mount}"}}, "cannot be the same path"),
    "no mount": ({"fuse": {"dir": ""}}, "fuse directory required"),
}


def test_a_frozen_primary_is_hung(site: Site) -> None:
    site.deploy()
    primary = site.settled()
    site.tasks[primary].signal(signal.SIGSTOP)
    site.critical(primary)
    found = site.diagnose()
    assert found.first == ("litefs.process.hung", primary), found
    assert found.verdict == "critical"


def test_a_frozen_replica_is_hung(site: Site) -> None:
    site.deploy()
    site.settled()
    replica = site.replicas()[0]
    site.tasks[replica].signal(signal.SIGSTOP)
    site.critical(replica)
    found = site.diagnose()
    assert found.first == ("litefs.process.hung", replica), found


def test_replicas_that_cannot_reach_the_advertised_address_are_disconnected(site: Site) -> None:
    leader, *others = (node.name for node in site.layout.nodes)
    unreachable = f"http://{site.layout.node(leader).address}:9"
    site.deploy({leader: {"lease": {"advertise-url": unreachable}}, **{name: {"lease": {"candidate": False}} for name in others}})
    for name in others:
        site.logged(name, "connection refused")
    site.passing(leader)
    found = site.diagnose()
    assert {cause for cause in found.causes if cause[0] == "litefs.replica.disconnected"} == {
        ("litefs.replica.disconnected", name) for name in others
    }, found
    assert unreachable in found.evidence


@pytest.mark.parametrize("told", [True, False])
def test_a_replica_that_is_cut_off_is_found(site: Site, told: bool) -> None:
    """Refused connections are `disconnected`; a silent stream is `lagging`, since LiteFS has no timeout for it."""
    leader, *others = site.layout.nodes
    wire, port = (site.layout.server.address, 20303), site.layout.workload.sync_port
    with relay(wire, (leader.address, port)) as link:
        advertised = {leader.name: {"lease": {"advertise-url": f"http://{wire[0]}:{wire[1]}"}}}
        site.deploy({**advertised, **{node.name: {"lease": {"candidate": False}} for node in others}})
        site.settled()
        if told:
            link.close()
            for node in others:
                site.logged(node.name, "connection refused")
        else:
            link.freeze()
            machines.wait("a lag beyond the threshold", lambda: all(site.lag(node.name) > 5 for node in others))
        found = site.diagnose()
    code = "litefs.replica.disconnected" if told else "litefs.replica.lagging"
    assert found.causes == {(code, node.name) for node in others}, found


@pytest.mark.parametrize("case", INVALID)
def test_a_configuration_that_litefs_refuses_is_invalid(site: Site, case: str) -> None:
    changes, said = INVALID[case]
    if case == "one directory for both":
        changes = {"data": {"dir": site.layout.workload.mount}}
    node = site.layout.nodes[-1].name
    site.deploy({node: changes})
    site.logged(node, said)
    machines.wait("a restart", lambda: site.tasks[node].restarts)
    found = site.diagnose()
    assert found.first == ("litefs.config.invalid", node), found
    assert said in found.evidence


def test_a_node_without_the_fuse_device_cannot_mount(site: Site) -> None:
    site.deploy()
    site.settled()
    node = site.replicas()[0]
    site.on(node, "sh", "-c", BARE_DEV)
    _restart(site, node)
    site.logged(node, "fuse device not found")
    found = site.diagnose()
    assert found.first == ("litefs.fuse.unavailable", node), found


def test_a_node_without_fusermount_cannot_mount(site: Site) -> None:
    node = site.layout.nodes[0].name
    site.deploy(environ={"PATH": "/nonexistent"})
    site.logged(node, "executable file not found")
    found = site.diagnose()
    assert found.first[0] == "litefs.fuse.unavailable", found
    assert "fusermount3" in found.evidence


def test_a_full_disk_on_the_primary_is_found(site: Site) -> None:
    site.deploy()
    primary = site.settled()
    fill(site.file(primary, site.layout.workload.data))
    site.logged(primary, "no space left on device")
    found = site.diagnose()
    assert found.first == ("disk.full", primary), found
    assert "no space left on device" in found.evidence


def test_a_full_disk_on_a_replica_is_found(site: Site) -> None:
    site.deploy()
    site.settled()
    replica = site.replicas()[0]
    fill(site.file(replica, site.layout.workload.data))
    site.logged(replica, "no space left on device")
    found = site.diagnose()
    assert found.first == ("disk.full", replica), found


def test_a_damaged_database_is_corrupt(site: Site) -> None:
    site.deploy()
    site.settled()
    replica = site.replicas()[0]
    # While it still runs: restarted quickly, it could read the file before it is damaged.
    damage(site.file(replica, site.layout.workload.data) / "dbs" / site.layout.workload.database / "database")
    site.tasks[replica].signal(signal.SIGKILL)
    site.logged(replica, "database checksum")
    found = site.diagnose()
    assert found.first == ("litefs.database.corrupt", replica), found


@pytest.mark.parametrize("journal", ["", "-wal"])
def test_a_write_on_a_replica_is_distinguished_from_a_broken_disk(site: Site, journal: str) -> None:
    leader, writer, other = (node.name for node in site.layout.nodes)
    followers = {name: {"lease": {"candidate": False}} for name in (writer, other)}
    site.deploy(followers, modes={leader: f"ok{journal}", writer: f"write-on-replica{journal}"})
    site.settled()
    site.logged(writer, "read only replica")
    found = site.diagnose()
    assert found.first == ("app.write-on-replica", writer), found


def _restart(site: Site, node: str) -> None:
    before = site.tasks[node].restarts
    site.tasks[node].signal(signal.SIGKILL)
    machines.wait("a restart", lambda: site.tasks[node].restarts > before)
