"""Facts in the report equal those derived from the recorded answers by independent code."""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from collector.render import report_document
from collector.replay.recording import HttpExchange
from collector.resources import incidents
from tests.e2e.incidents import recording, report

SYNCED_BY = 3.0
"""A replica in contact saws between 0 and 1 s; beyond this its own metric is not what the report has to believe."""


def answers(name: str, source: str, path: str) -> dict[str, HttpExchange]:
    """Return address -> the first complete answer at that path: positions were read first, simultaneously."""
    found: dict[str, HttpExchange] = {}
    for exchange in recording(name).http:
        if (exchange.source, exchange.path, exchange.status) == (source, path, 200):
            found.setdefault(exchange.base.split("//")[1].rsplit(":", 1)[0], exchange)
    return found


def metric(exchange: HttpExchange, name: str) -> dict[str, float]:
    """Return label text -> value."""
    return {label: float(value) for label, value in re.findall(rf"^{name}(\{{.*?\}})? (\S+)$", exchange.body, re.MULTILINE)}


def rows(name: str) -> dict[str, dict[str, Any]]:
    """Return address -> the report's row."""
    return {row["address"]: row for row in report_document(report(name))["nodes"]}


def talking(name: str) -> dict[str, HttpExchange]:
    """Return address -> `/metrics` of the nodes that have an allocation to show."""
    listed = rows(name)
    return {address: scrape for address, scrape in answers(name, "litefs", "/metrics").items() if listed[address]["role"] != "unknown"}


@pytest.mark.parametrize("name", incidents())
def test_roles_are_those_that_litefs_tells(name: str) -> None:
    for address, scrape in talking(name).items():
        primary = metric(scrape, "litefs_is_primary")[""] == 1
        assert (rows(name)[address]["role"] == "primary") == primary


@pytest.mark.parametrize("name", incidents())
def test_uptime_is_the_answers_date_less_the_process_start(name: str) -> None:
    for address, scrape in talking(name).items():
        date = parsedate_to_datetime({key.lower(): value for key, value in scrape.headers.items()}["date"]).timestamp()
        started = metric(scrape, "process_start_time_seconds")[""]
        assert rows(name)[address]["uptime_seconds"] == pytest.approx(date - started, abs=1e-6)
        assert rows(name)[address]["sources"]["uptime"] == "http"


@pytest.mark.parametrize("name", incidents())
def test_positions_and_how_far_behind_they_are(name: str) -> None:
    scraped = talking(name)
    positions = {address: metric(scrape, "litefs_db_txid") for address, scrape in scraped.items()}
    primaries = [address for address, scrape in scraped.items() if metric(scrape, "litefs_is_primary")[""] == 1]
    for address, mine in positions.items():
        told = {f'{{db="{one["name"]}"}}': one for one in rows(name)[address]["databases"]}
        assert {label: one["txid"] for label, one in told.items()} == {label: int(value) for label, value in mine.items()}
        if len(primaries) == 1 and address not in primaries:
            for label, one in told.items():
                assert one["behind"] == max(0, int(positions[primaries[0]].get(label, 0)) - one["txid"])


@pytest.mark.parametrize("name", incidents())
def test_lag_is_the_metric_of_a_replica_in_contact_and_never_the_zero_of_one_that_is_not(name: str) -> None:
    for address, scrape in talking(name).items():
        row, lag = rows(name)[address], metric(scrape, "litefs_lag_seconds")[""]
        if row["role"] == "primary" or lag == 0:
            assert row["lag_seconds"] is None
        elif lag < SYNCED_BY:
            assert row["lag_seconds"] == pytest.approx(lag, abs=1e-9)


def test_replicas_that_say_lag_zero_and_are_far_behind_are_told_by_transactions() -> None:
    scraped = talking("advertise-url")
    stalled = [address for address, scrape in scraped.items() if metric(scrape, "litefs_is_primary")[""] == 0]
    assert len(stalled) == 2
    for address in stalled:
        assert metric(scraped[address], "litefs_lag_seconds")[""] == 0
        assert rows("advertise-url")[address]["databases"][0]["behind"] > 5


@pytest.mark.parametrize("name", incidents())
def test_a_failing_checks_output_is_the_nodes_own_agents_text(name: str) -> None:
    agents = answers(name, "consul", "/v1/agent/checks")
    by_node = {row["name"]: address for address, row in rows(name).items()}
    shown = 0
    for detail in report(name).details:
        agent = agents.get(by_node[detail.node]) if detail.node in by_node else None
        own = {check["Name"]: check for check in json.loads(agent.body).values()} if agent else {}
        for check in detail.checks:
            if check["name"] in own and "agent" in str(check["output_source"]):
                assert check["output"].strip() == own[check["name"]]["Output"].strip()
                shown += 1
    if name in {"app-crash", "app-500", "status-404", "port-in-use", "litefs-config"}:
        assert shown
