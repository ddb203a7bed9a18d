"""Consul that is dead, frozen, or guarded by ACLs or TLS, for both LiteFS and the collector."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
import trustme

from .site import Access, Site

pytestmark = pytest.mark.real

MANAGEMENT = "5f0dbb4e-83a6-4e2c-9c8e-61a2f2b1c0d1"
HTTPS_PORT = 8501
SEES_ALL_BUT_KEYS = """
node_prefix "" { policy = "read" }
service_prefix "" { policy = "read" }
agent_prefix "" { policy = "read" }
session_prefix "" { policy = "read" }
"""
READS_ALL = SEES_ALL_BUT_KEYS + 'key_prefix "" { policy = "read" }'


def test_a_dead_consul_server_is_unreachable(own: Site) -> None:
    own.boot()
    own.deploy()
    own.settled()
    own.consul_signal(own.layout.server.name, signal.SIGKILL)
    found = own.diagnose()
    assert found.first == ("consul.server.unreachable", None), found
    assert found.verdict in ("critical", "unknown")


def test_a_frozen_consul_server_is_unreachable(own: Site) -> None:
    own.boot()
    own.deploy()
    own.settled()
    own.consul_signal(own.layout.server.name, signal.SIGSTOP)
    found = own.diagnose()
    assert found.first == ("consul.server.unreachable", None), found
    own.consul_signal(own.layout.server.name, signal.SIGCONT)


def test_a_dead_consul_agent_is_distinguished_from_a_dead_node(own: Site) -> None:
    own.boot()
    own.deploy()
    own.settled()
    node = own.layout.nodes[-1].name
    own.consul_signal(node, signal.SIGKILL)
    own.critical(node)
    found = own.diagnose()
    assert found.first == ("consul.agent.unreachable", node), found


def test_without_a_token_nothing_is_called_healthy(own: Site) -> None:
    _guard(own)
    found = own.diagnose()
    assert found.first[0] == "access.denied", found
    assert found.verdict != "ok"


def test_the_missing_capability_for_the_key_is_named(own: Site) -> None:
    _guard(own)
    found = own.diagnose(CONSUL_HTTP_TOKEN=_token(own, SEES_ALL_BUT_KEYS))
    assert found.causes == {("access.denied", None)}, found
    assert "key" in json.dumps(found.report["root_causes"][0])
    assert {row["consul"] for row in found.report["nodes"]} == {"passing"}


def test_a_token_that_reads_everything_sees_a_healthy_cluster(own: Site) -> None:
    _guard(own)
    found = own.diagnose(CONSUL_HTTP_TOKEN=_token(own, READS_ALL))
    assert found.verdict == "ok", found


def test_a_lease_that_consul_refuses_is_rejected(own: Site) -> None:
    own.access = _acl()
    own.boot()
    token = _token(own, READS_ALL)
    own.deploy(environ={"CONSUL_HTTP_TOKEN": token})
    for node in own.layout.nodes:
        own.logged(node.name, "Permission denied")
    found = own.diagnose(CONSUL_HTTP_TOKEN=token)
    assert found.first[0] == "litefs.lease.rejected", found
    assert "Permission denied" in found.evidence


@pytest.mark.parametrize(("trusting", "expected"), [(True, ""), (False, "access.tls")])
def test_tls_is_checked_against_the_authority_that_was_named(own: Site, tmp_path: Path, trusting: bool, expected: str) -> None:
    own.access = _tls(own, tmp_path, trusting=trusting)
    own.boot()
    own.deploy()
    own.settled()
    found = own.diagnose()
    assert found.first[0] == expected, found
    assert (found.verdict == "ok") is trusting


def _guard(site: Site) -> None:
    """Start a healthy cluster in which every action needs a token."""
    site.access = _acl()
    site.boot()
    site.deploy(environ={"CONSUL_HTTP_TOKEN": MANAGEMENT})
    site.settled()


def _acl() -> Access:
    tokens = {"initial_management": MANAGEMENT, "agent": MANAGEMENT}
    return Access(config={"acl": {"enabled": True, "default_policy": "deny", "tokens": tokens}}, token=MANAGEMENT)


def _token(site: Site, rules: str) -> str:
    policy = site.consul("/v1/acl/policy", {"Name": "a-test", "Rules": rules})
    token: dict[str, Any] = site.consul("/v1/acl/token", {"Policies": [{"ID": policy["ID"]}]})
    return str(token["SecretID"])


def _tls(site: Site, directory: Path, *, trusting: bool) -> Access:
    """Start Consul with https and a private authority that LiteFS trusts, and the collector only if `trusting`."""
    authority, address = trustme.CA(), site.layout.server.address
    certificate = authority.issue_cert(address)
    files = {name: str(directory / f"{name}.pem") for name in ("ca", "cert", "key")}
    authority.cert_pem.write_to_path(files["ca"])
    certificate.cert_chain_pems[0].write_to_path(files["cert"])
    certificate.private_key_pem.write_to_path(files["key"])
    config = {
        "ports": {"dns": -1, "https": HTTPS_PORT},
        "tls": {"https": {"ca_file": files["ca"], "cert_file": files["cert"], "key_file": files["key"]}},
    }
    # LiteFS gives the Consul client an HTTP client of its own (consul/consul.go), so that only Go's own variable counts, not CONSUL_CACERT.
    known = {"CONSUL_CACERT": files["ca"]} if trusting else {}
    return Access("https", HTTPS_PORT, config, litefs={"SSL_CERT_FILE": files["ca"]}, collector=known)
