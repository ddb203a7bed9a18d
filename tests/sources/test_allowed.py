"""Allowed requests: known reads only, and for LiteFS nothing that changes or loads it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from collector.model import Http, Status
from collector.replay.record import WIDER
from collector.sources.allowed import ALLOWED, CONSUL, NOMAD, _among, objection
from tests.kinds.drive import CASES
from tests.sources import servers
from tests.sources.asking import ask

CHANGING = {
    "nomad": [
        "/v1/client/gc",
        "/v1/client/allocation/4f1c/gc",
        "/v1/client/allocation/4f1c/restart",
        "/v1/client/allocation/4f1c/signal",
        "/v1/client/allocation/4f1c/pause",
        "/v1/client/allocation/4f1c/exec",
        "/v1/client/allocation/4f1c/snapshot",
        "/v1/client/identity/renew",
        "/v1/allocation/4f1c/stop",
        "/v1/agent/join",
        "/v1/agent/force-leave",
        "/v1/agent/reload",
        "/v1/agent/monitor",
        "/v1/agent/pprof/profile",
        "/v1/agent/keyring/install",
        "/v1/agent/schedulers/config",
        "/v1/acl/bootstrap",
        "/v1/acl/token",
        "/v1/acl/tokens",
        "/v1/acl/token/onetime",
        "/v1/acl/login",
        "/v1/deployment/fail/4f1c",
        "/v1/deployment/pause/4f1c",
        "/v1/deployment/promote/4f1c",
        "/v1/deployment/unblock/4f1c",
        "/v1/event/stream",
        "/v1/job/web/dispatch",
        "/v1/job/web/evaluate",
        "/v1/job/web/periodic/force",
        "/v1/job/web/plan",
        "/v1/job/web/revert",
        "/v1/job/web/stable",
        "/v1/job/web/action",
        "/v1/jobs/parse",
        "/v1/namespace/media",
        "/v1/node/4f1c/drain",
        "/v1/node/4f1c/eligibility",
        "/v1/node/4f1c/evaluate",
        "/v1/node/4f1c/purge",
        "/v1/operator/raft/peer",
        "/v1/operator/raft/transfer-leadership",
        "/v1/operator/scheduler/configuration",
        "/v1/operator/snapshot",
        "/v1/operator/keyring/rotate",
        "/v1/search",
        "/v1/system/gc",
        "/v1/system/reconcile/summaries",
        "/v1/var/nomad/jobs",
        "/v1/vars",
        "/v1/volume/csi/a/detach",
        "/v1/scaling/policies",
        "/v1/nodes/",
        "/v2/nodes",
        "v1/nodes",
        "",
    ],
    "consul": [
        "/v1/acl/bootstrap",
        "/v1/acl/tokens",
        "/v1/agent/check/deregister/a",
        "/v1/agent/check/pass/a",
        "/v1/agent/check/register",
        "/v1/agent/force-leave/a",
        "/v1/agent/join/a",
        "/v1/agent/leave",
        "/v1/agent/maintenance",
        "/v1/agent/reload",
        "/v1/agent/service/deregister/a",
        "/v1/agent/service/maintenance/a",
        "/v1/agent/service/register",
        "/v1/agent/token/default",
        "/v1/catalog/deregister",
        "/v1/catalog/register",
        "/v1/config",
        "/v1/event/fire/a",
        "/v1/operator/keyring",
        "/v1/operator/raft/peer",
        "/v1/operator/raft/transfer-leader",
        "/v1/query",
        "/v1/session/create",
        "/v1/session/destroy/a",
        "/v1/session/renew/a",
        "/v1/snapshot",
        "/v1/txn",
        "/v1/kv",
    ],
}


@pytest.mark.parametrize(("source", "path"), [(source, path) for source, paths in CHANGING.items() for path in paths])
def test_requests_that_change_or_load_a_cluster_are_refused(source: str, path: str) -> None:
    with servers.serving(servers.answer()) as server, pytest.raises(ValueError, match="not among the reads"):
        ask(Http(source, path, base=server.url))
    assert server.heads == []


@pytest.mark.parametrize(
    "path",
    [
        "/v1/job/../client/gc",
        "/v1/job/%2e%2e/client",
        "/v1/kv/a/%2E%2e/b",
        "/v1/job/a%2f..%2fb",
        "/v1/job/.",
        "/v1/job//allocations",
        "/v1/job/",
        "/v1/kv/",
        "/v1/kv//clusterid",
    ],
)
def test_a_name_that_would_lead_elsewhere_is_a_failed_reply(path: str) -> None:
    source = "consul" if "/kv/" in path else "nomad"
    with servers.serving(servers.answer()) as server:
        if path == "/v1/job/../client/gc":
            assert objection(source, path)
        reply = ask(Http(source, path, base=server.url))
    assert (reply.status, reply.cause, server.heads) == (Status.FAILED, "protocol", [])


@pytest.mark.parametrize(
    "path",
    [
        "/promote",
        "/halt",
        "/import",
        "/export?name=db",
        "/debug/rand",
        "/debug/pprof/profile",
        "/stream",
        "/promote/",
        "//tx",
        "/%68alt",
        "/a/../halt",
    ],
)
def test_what_changes_or_loads_litefs_is_a_failed_reply(path: str) -> None:
    with servers.serving(servers.answer()) as server:
        reply = ask(Http("litefs", path, base=server.url))
    assert (reply.status, reply.cause, server.heads) == (Status.FAILED, "protocol", [])


@pytest.mark.parametrize(("source", "path"), [("nomad", path) for path in NOMAD] + [("consul", path) for path in CONSUL])
def test_every_listed_read_can_be_asked(source: str, path: str) -> None:
    assert objection(source, path.replace("**", "a/b").replace("*", "a%2Fb")) == ""
    if not path.endswith("**") and f"{path}/*" not in ALLOWED[source]:
        with pytest.raises(ValueError, match="not among the reads"):
            objection(source, path.replace("*", "a") + "/more")


def asked() -> Iterator[tuple[str, str]]:
    """Return what `record` requests beyond a spec, and what kinds request in their cases."""
    yield from ((request.source, request.path) for request in WIDER)
    for path in CASES.glob("*/*.json"):
        requests = (exchange["request"] for exchange in json.loads(path.read_text("utf-8"))["exchanges"])
        yield from ((request["source"], request["get"]) for request in requests if request.get("source") in ALLOWED)


@pytest.mark.parametrize("source", ALLOWED)
def test_every_listed_read_is_used(source: str) -> None:
    paths = [path for of, path in asked() if of == source]
    assert [listed for listed in ALLOWED[source] if not any(_among(path, (listed,)) for path in paths)] == []
