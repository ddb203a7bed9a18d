"""Times that real servers report, on which the ages of checks and changes of the primary are based."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest

from tests.lab import machines

from .site import Site

pytestmark = pytest.mark.real

OWN = {"ID": "aged", "Name": "aged", "Check": {"CheckID": "aged-1", "Name": "aged", "TTL": "10m"}}


def test_consul_raises_a_check_s_index_with_its_status_and_leaves_it_where_that_stays(site: Site) -> None:
    node = site.layout.nodes[0]

    def put(path: str, body: Any = None) -> None:
        site.consul(path, body or {}, server=node)

    def seen(status: str) -> tuple[int, int]:
        rows = machines.wait(f"the check to be {status}", lambda: _in_status(site, status))
        return rows["CreateIndex"], rows["ModifyIndex"]

    put("/v1/agent/service/register", OWN)
    first = seen("critical")
    put("/v1/agent/check/fail/aged-1")
    put("/v1/agent/service/register", OWN)
    same = seen("critical")
    put("/v1/agent/check/pass/aged-1")
    well = seen("passing")
    put("/v1/agent/check/fail/aged-1")
    again = seen("critical")
    put("/v1/agent/service/deregister/aged")
    assert first[0] == first[1] == same[0] == same[1]
    assert first[0] == well[0] == again[0] < well[1] < again[1]


def _in_status(site: Site, status: str) -> dict[str, Any]:
    rows = [check for entry in site.consul("/v1/health/service/aged") for check in entry["Checks"] if check["CheckID"] == "aged-1"]
    return next((row for row in rows if row["Status"] == status), {})


def test_litefs_says_when_it_became_primary_where_its_log_has_times(site: Site) -> None:
    before = time.time()
    site.deploy({node.name: {"log": {"timestamp": True}} for node in site.layout.nodes})
    primary = site.settled()
    found = site.diagnose()
    assert found.verdict == "ok", found
    events = [event for event in found.report["timeline"] if event["kind"] == "primary"]
    gained = [event for event in events if "primary lease acquired" in event["text"]]
    assert [event["node"] for event in gained] == [primary]
    assert before <= datetime.fromisoformat(gained[0]["at"]).timestamp() <= time.time()
    assert {event["node"] for event in events if "existing primary found" in event["text"]} == set(site.replicas())


def test_without_log_times_role_changes_are_omitted(site: Site) -> None:
    site.deploy()
    site.settled()
    assert "primary" not in {event["kind"] for event in site.diagnose().report["timeline"]}
