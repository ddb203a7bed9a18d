"""A healthy cluster is reported as healthy."""

from __future__ import annotations

import signal

import pytest

from tests.lab import machines

from .site import Site

pytestmark = pytest.mark.real


def test_a_healthy_cluster_is_ok(site: Site) -> None:
    site.deploy()
    primary = site.settled()
    found = site.diagnose()
    assert (found.verdict, found.code, found.causes) == ("ok", 0, set()), found
    assert {row["name"]: row["role"] for row in found.report["nodes"]} == _roles(site, primary)
    for row in found.report["nodes"]:
        assert row["consul"] == "passing"
        assert 0 <= row["uptime_seconds"] < 60
        assert [database["name"] for database in row["databases"]] == [site.layout.workload.database]


def test_a_killed_primary_is_named_until_its_lease_runs_out(site: Site) -> None:
    site.deploy()
    primary = site.settled()
    site.tasks[primary].retire()
    site.tasks[primary].signal(signal.SIGKILL)
    site.critical(primary)
    found = site.diagnose()
    assert found.verdict == "critical", found
    assert found.first == ("app.exited", primary), found
    assert "137" in found.evidence or "Signal: 9" in found.evidence
    assert found.node(primary)["role"] in ("none", "unknown")


def test_a_restarted_primary_that_another_replaced_is_no_alarm(site: Site) -> None:
    site.deploy()
    old = site.settled()
    site.tasks[old].signal(signal.SIGTERM)
    machines.wait("a restart", lambda: site.tasks[old].restarts == 1)
    new = site.settled()
    found = site.diagnose()
    assert found.verdict in ("ok", "warning"), found
    assert found.report["root_causes"] == [], found
    assert found.node(new)["role"] == "primary"


def _roles(site: Site, primary: str) -> dict[str, str]:
    return {name: "primary" if name == primary else "replica" for name in site.tasks}
