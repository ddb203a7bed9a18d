"""The policies for Consul, with ACLs enabled: sufficient, and minimal."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.collect.policies import policies_for
from collector.kinds import KINDS
from tests.privilege.guarded import KEY, Guarded, consul_token, refuses
from tests.privilege.specs import consul_tasks, denied, diagnose, of_agent

pytestmark = pytest.mark.real

ASKED = ("consul_leader", "consul_members", "consul_checks", "consul_lease", "check_output")
RIGHTS = {kind: [one for one in KINDS[kind].capabilities if one.startswith("consul: ")] for kind in ASKED}
EACH = [(kind, right) for kind in ASKED for right in RIGHTS[kind]]
SHIPPED = Path(__file__).parents[2] / "deploy" / "consul-policy.hcl"


def environ(consul: Guarded, token: str) -> dict[str, str]:
    return {"CONSUL_HTTP_ADDR": consul.address, "CONSUL_HTTP_TOKEN": token}


def rules(rights: list[str]) -> str:
    return policies_for(rights, keys=[KEY])["consul"]


@pytest.mark.parametrize("kind", ASKED)
def test_a_kind_gets_all_it_asks_with_its_own_policy(kind: str, consul: Guarded, tmp_path: Path) -> None:
    token = consul_token(consul, rules(RIGHTS[kind]))
    run = diagnose(tmp_path, consul_tasks(consul)[kind], environ(consul, token))
    assert [(item["status"], item["reason"]) for item in run.report["items"]] == [("ok", "")] * len(consul_tasks(consul)[kind])
    assert denied(run) == "[]"


@pytest.mark.parametrize(("right", "status"), [("consul: service read", "ok"), ("consul: node read", "denied")])
def test_an_agent_shows_its_services_with_the_right_to_read_them_only(right: str, status: str, consul: Guarded, tmp_path: Path) -> None:
    run = diagnose(tmp_path, [of_agent(consul)], environ(consul, consul_token(consul, rules([right]))))
    assert [item["status"] for item in run.report["items"]] == [status]


@pytest.mark.parametrize(("kind", "right"), EACH)
def test_without_one_rule_its_gap_is_named(kind: str, right: str, consul: Guarded, tmp_path: Path) -> None:
    token = consul_token(consul, rules([other for other in RIGHTS[kind] if other != right]))
    run = diagnose(tmp_path, consul_tasks(consul)[kind], environ(consul, token))
    assert right in denied(run), run.report
    assert run.code in {1, 3}


def test_the_policy_that_ships_is_enough_for_every_kind(consul: Guarded, tmp_path: Path) -> None:
    tasks = [task for kind in ASKED for task in consul_tasks(consul)[kind]]
    run = diagnose(tmp_path, tasks, environ(consul, consul_token(consul, SHIPPED.read_text("utf-8"))))
    assert {item["status"] for item in run.report["items"]} == {"ok"}


def test_the_policy_that_ships_can_change_nothing(consul: Guarded) -> None:
    token = consul_token(consul, SHIPPED.read_text("utf-8"))
    for path in (
        f"/v1/kv/{KEY}",
        "/v1/kv/other",
        "/v1/agent/service/deregister/web-1",
        "/v1/session/create",
        "/v1/agent/maintenance?enable=true",
    ):
        assert refuses(consul, token, path, "PUT"), path


@pytest.mark.parametrize("token", ["", "7b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d"], ids=["none", "unknown"])
def test_without_a_token_that_is_known_nothing_is_believed(token: str, consul: Guarded, tmp_path: Path) -> None:
    tasks = [task for kind in ASKED for task in consul_tasks(consul)[kind]]
    run = diagnose(tmp_path, tasks, environ(consul, token))
    assert run.report["verdict"] == "unknown"
    assert "access.denied" in {cause["code"] for cause in run.report["root_causes"]}
    assert not token or token not in run.stdout + run.stderr
