"""Anyone with write access to Consul's catalog can register any address for a node. Consul's token is not sent there."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.run import Run, call, check_sound
from tests.sources import servers

NODE, STRANGER = "127.0.0.6", "127.0.0.7"
TOKEN = "c0ffee12-0d15-4ea5-8bad-facefeed0002"
CHECK = {"Node": "web1", "CheckID": "ping", "Name": "ping", "Status": "critical", "Output": "", "ServiceName": "web", "ServiceID": "web-1"}
TOLD = {"ping": {**CHECK, "Output": "HTTP 500"}}
MEMBER = {"Name": "web1", "Addr": NODE, "Port": 8301, "Status": 1, "Tags": {"role": "node"}}
INSTANCE = {"ID": "web-1", "Service": "web", "Address": "", "Port": 80}
COLLECT = """\
version: 1
name: stranger
collect:
  - consul_members: {}
    register: members
  - consul_checks: {service: web}
    register: checks
  - check_output: {port: PORT}
    loop: "{{ checks | troubled(none, none, members) }}"
"""


def consul(members: Any, address: str) -> servers.Behaviour:
    """Run the configured server, with a node at `address` in its catalog; `members` is a list, or the error status."""
    health = [{"Node": {"Node": "web1", "Address": address}, "Service": INSTANCE, "Checks": [CHECK]}]

    def behave(sock: socket.socket, head: bytes) -> None:
        if b" /v1/agent/members" in head and isinstance(members, str):
            servers.answer(b"no", members)(sock, head)
            return
        said = members if b" /v1/agent/members" in head else health
        servers.answer(json.dumps(said).encode())(sock, head)

    return behave


@contextmanager
def agents() -> Iterator[tuple[servers.Server, servers.Server]]:
    """Run the node's own agent, and another machine that answers like one, on the same port."""
    told = servers.answer(json.dumps(TOLD).encode())
    with servers.serving(told, host=NODE) as own, servers.serving(told, host=STRANGER, port=own.port) as strange:
        yield own, strange


def diagnose(place: Path, port: int, address: str) -> Run:
    """Run the spec above with a token."""
    spec = place / "spec.yml"
    spec.write_text(COLLECT.replace("PORT", str(port)), "utf-8")
    environ = {"PATH": "", "CONSUL_HTTP_ADDR": address, "CONSUL_HTTP_TOKEN": TOKEN, "CONSUL_HTTP_AUTH": "me:secret", "NOMAD_ADDR": address}
    run = call("diagnose", str(spec), "-o", "json", "--deadline", "10s", environ=environ)
    check_sound(run)
    assert TOKEN not in run.stdout
    return run


def test_the_token_goes_to_where_the_gossip_pool_has_the_node(tmp_path: Path) -> None:
    with agents() as (own, strange), servers.serving(consul([MEMBER], STRANGER)) as server:
        (item,) = diagnose(tmp_path, own.port, server.url).items("check_output")
    assert (item["status"], item["rung"]) == ("ok", "agent")
    assert [TOKEN.encode() in head for head in own.heads] == [True]
    assert strange.heads == [], "the catalog's address is not even asked"


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([{**MEMBER, "Name": "web2"}], id="another node"),
        pytest.param([{**MEMBER, "Status": 4}], id="a member that is lost"),
        pytest.param("403 Forbidden", id="a pool that is denied"),
        pytest.param("500 Internal Server Error", id="a pool that is not known"),
    ],
)
def test_an_address_of_the_catalog_alone_is_asked_without_a_token(members: Any, tmp_path: Path) -> None:
    with agents() as (own, strange), servers.serving(consul(members, STRANGER)) as server:
        run = diagnose(tmp_path, own.port, server.url)
        bundle = json.dumps(run.report)
    assert own.heads == []
    (head,) = strange.heads
    assert b"GET /v1/agent/checks" in head
    assert TOKEN.encode() not in head
    assert b"Authorization" not in head
    assert "check_output" in bundle


def test_a_403_from_a_foreign_agent_is_not_a_missing_capability(tmp_path: Path) -> None:
    with (
        servers.serving(servers.answer(b"Permission denied", "403 Forbidden"), host=STRANGER) as strange,
        servers.serving(consul([], STRANGER)) as server,
    ):
        run = diagnose(tmp_path, strange.port, server.url)
    (item,) = run.items("check_output")
    assert item["status"] == "failed"
    assert "without Consul's token" in item["reason"]
    assert [attempt["rung"] for attempt in item["attempts"]] == ["agent", "exec", "probe"], "the other ways are tried"
    assert "the gossip pool" in item["attempts"][0]["reason"]
