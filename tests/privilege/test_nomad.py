"""The policies for Nomad, with ACLs enabled: sufficient, and minimal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collector.collect.policies import policies_for
from collector.kinds import KINDS
from tests.privilege.guarded import JOB, Guarded, nomad_token, refuses
from tests.privilege.specs import denied, diagnose, nomad_tasks

pytestmark = pytest.mark.real

ASKED = (
    "nomad_agent", "nomad_nodes", "nomad_job", "nomad_allocations", "nomad_evaluations", "nomad_deployments", "nomad_logs", "nomad_checks",
    "litefs_status",
)  # fmt: skip
RIGHTS = {
    kind: [one for one in KINDS[kind].rights(dict.fromkeys(KINDS[kind].arguments, True)) if one.startswith("nomad: ")] for kind in ASKED
}
EACH = [(kind, right) for kind in ASKED for right in RIGHTS[kind]]
INCLUDED = {"nomad: namespace read-logs": "nomad: namespace read-fs"}
"""Who may read all files may read logs as well (client/fs_endpoint.go)."""
SHIPPED = Path(__file__).parents[2] / "deploy" / "nomad-policy.hcl"


def environ(nomad: Guarded, token: str) -> dict[str, str]:
    return {"NOMAD_ADDR": nomad.address, "NOMAD_TOKEN": token, "PATH": os.environ["PATH"], "HOME": "/"}


def with_raw_exec(rules: str) -> str:
    """Add the capability that the policy mentions in a comment for tasks without isolation."""
    return rules.replace('"alloc-exec"', '"alloc-exec", "alloc-node-exec"')


@pytest.mark.parametrize("kind", ASKED)
def test_a_kind_gets_all_it_asks_with_its_own_policy(kind: str, nomad: Guarded, tmp_path: Path) -> None:
    token = nomad_token(nomad, with_raw_exec(policies_for(RIGHTS[kind])["nomad"]))
    run = diagnose(tmp_path, nomad_tasks(nomad)[kind], environ(nomad, token))
    assert [(item["status"], item["reason"]) for item in run.report["items"]] == [("ok", "")]
    assert denied(run) == "[]"


@pytest.mark.parametrize(("kind", "right"), EACH)
def test_without_one_capability_its_gap_is_named(kind: str, right: str, nomad: Guarded, tmp_path: Path) -> None:
    left = policies_for([other for other in RIGHTS[kind] if other not in (right, INCLUDED.get(right))])["nomad"]
    run = diagnose(tmp_path, nomad_tasks(nomad)[kind], environ(nomad, nomad_token(nomad, left)))
    assert right in denied(run), run.report
    assert run.code in {1, 3}


def test_the_policy_that_ships_is_enough_for_every_kind(nomad: Guarded, tmp_path: Path) -> None:
    tasks = [task for kind in ASKED for task in nomad_tasks(nomad)[kind]]
    run = diagnose(tmp_path, tasks, environ(nomad, nomad_token(nomad, with_raw_exec(SHIPPED.read_text("utf-8")))))
    assert {item["status"] for item in run.report["items"]} == {"ok"}


def test_the_policy_that_ships_can_change_nothing(nomad: Guarded) -> None:
    token = nomad_token(nomad, SHIPPED.read_text("utf-8"))
    stop = f"/v1/allocation/{nomad.facts['alloc']}/stop"
    for path, method in ((f"/v1/job/{JOB}", "DELETE"), (stop, "PUT"), ("/v1/system/gc", "PUT")):
        assert refuses(nomad, token, path, method), path


@pytest.mark.parametrize("token", ["", "7b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d"], ids=["none", "unknown"])
def test_without_a_token_that_is_known_nothing_is_believed(token: str, nomad: Guarded, tmp_path: Path) -> None:
    tasks = [task for kind in ASKED for task in nomad_tasks(nomad)[kind]]
    run = diagnose(tmp_path, tasks, environ(nomad, token))
    assert run.report["verdict"] == "unknown"
    assert "access.denied" in {cause["code"] for cause in run.report["root_causes"]}
    assert not token or token not in run.stdout + run.stderr
