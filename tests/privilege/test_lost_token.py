"""A Consul agent whose registrations lost their token: it goes on checking, and can tell the servers nothing any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.run import Run
from tests.lab import machines
from tests.privilege.guarded import MANAGEMENT, Guarded
from tests.privilege.specs import diagnose, of_agent

pytestmark = pytest.mark.real

FAILING = 'check "late ping" of an instance without an allocation is critical'


def register(consul: Guarded) -> None:
    """Register a service whose check passes with a token, wait for the catalog to have it, and delete the token."""
    rights = {"Name": "late", "Rules": 'service "late" { policy = "write" } node_prefix "" { policy = "read" }'}
    policy = consul.ask("/v1/acl/policy", rights)
    token = consul.ask("/v1/acl/token", {"Policies": [{"ID": policy["ID"]}]})
    check = {"CheckID": "late-ping", "Name": "late ping", "TTL": "1h", "Status": "passing"}
    consul.ask("/v1/agent/service/register", {"ID": "late-1", "Name": "late", "Port": 9, "Check": check}, token=token["SecretID"])
    machines.wait("the catalog to have it", lambda: consul.ask("/v1/health/checks/late"))
    consul.ask(f"/v1/acl/token/{token['AccessorID']}", method="DELETE")


def titles(run: Run) -> list[str]:
    return [finding["title"] for finding in run.report["findings"]]


def test_what_it_may_not_write_to_the_catalog_only_the_agent_itself_shows(consul: Guarded, tmp_path: Path) -> None:
    register(consul)
    consul.ask("/v1/agent/check/fail/late-ping?note=stuck", method="PUT")
    environ = {"CONSUL_HTTP_ADDR": consul.address, "CONSUL_HTTP_TOKEN": MANAGEMENT}
    by_service = {"consul_checks": {"service": "late"}}
    catalog = diagnose(tmp_path, [by_service], environ)
    assert FAILING not in titles(catalog)
    agent = diagnose(tmp_path, [by_service, of_agent(consul, ["late"])], environ)
    assert {item["status"] for item in agent.report["items"]} == {"ok"}
    assert FAILING in titles(agent)
