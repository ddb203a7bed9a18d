"""Nomad's servers are frozen, and LiteFS is on a network of its own, so that only the lease has its address."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

from collector.analyze import analyze
from collector.model import Report
from collector.render.impact import impact_in_words
from collector.replay.recording import HttpExchange, Recording
from tests.accuracy.recorded import bundle_of

FROZEN = Recording.load(Path(__file__).parents[1] / "recordings" / "nomad-server-frozen.jsonl.gz")
NODES, LITEFS = "127.0.3.", "127.9.3."


def moved(exchange: HttpExchange, *, reached: bool) -> list[HttpExchange]:
    """Make LiteFS answer at its own address, if it is reachable there, and not at the node's."""
    if exchange.source == "litefs":
        refused = replace(exchange, status=None, error="refused: Connection refused", body="")
        there = replace(exchange, base=exchange.base.replace(NODES, LITEFS))
        return [refused, there if reached else replace(refused, base=there.base)]
    if exchange.path == "/v1/kv/litefs/navidrome" and exchange.body.startswith("["):
        rows = [{**row, "Value": _moved(row["Value"])} for row in json.loads(exchange.body)]
        return [replace(exchange, body=json.dumps(rows))]
    return [exchange]


def _moved(value: str) -> str:
    return base64.b64encode(base64.b64decode(value).replace(NODES.encode(), LITEFS.encode())).decode()


def report(*, reached: bool) -> Report:
    return analyze(bundle_of(replace(FROZEN, http=tuple(new for old in FROZEN.http for new in moved(old, reached=reached)))))


def test_the_primary_is_queried_at_its_lease_address_and_reports_its_replicas() -> None:
    told = report(reached=True)
    assert {row.name: row.role for row in told.nodes} == {"edge-01": "unknown", "edge-02": "primary", "edge-03": "unknown"}
    assert told.coverage.unseen_nodes == ("edge-01", "edge-03")
    assert [root.code for root in told.root_causes] == ["nomad.server.unreachable"]
    assert (
        impact_in_words(told.root_causes[0].impact) == "writes continue (primary edge-02, with 2 replicas connected, which were not heard)"
    )


def test_if_that_network_is_unreachable_the_lease_names_the_primary() -> None:
    told = report(reached=False)
    assert [row.role for row in told.nodes] == ["unknown"] * 3
    assert [root.code for root in told.root_causes] == ["nomad.server.unreachable"]
    assert impact_in_words(told.root_causes[0].impact) == "no primary was heard; by its lease in Consul, edge-02 leads"
    assert sum("edge-02" in gap["item"] for gap in told.coverage.gaps) == 1
