"""Host names as LiteFS has them (with a domain, in capitals, or as in Nomad) give the same result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from collector.analyze import analyze
from collector.model import Bundle, Report
from collector.observe import observe
from tests.analysis.bundles import address, bundle
from tests.rules.test_cases import POSITIVE

FOLLOWED = ("litefs.process.hung", "litefs.no-primary", "litefs.database.corrupt", "node.down", "disk.full")
"""Causes of which it matters who is primary for whom."""
CASES = [case for case in POSITIVE if case["code"] in FOLLOWED]
KINDS = {"litefs_status": "primary_hostname", "consul_lease": "hostname"}


def called(made: Bundle, name: Callable[[str], str]) -> Bundle:
    """Rename the nodes for LiteFS, and let it advertise no addresses."""
    nodes = {row["name"] for result in made.results if result.kind == "nomad_nodes" and result.data for row in result.data}

    def renamed(kind: str, data: Any) -> Any:
        host, url = data[KINDS[kind]], data.get("advertise_url")
        for node in nodes:
            url = url and url.replace(f"//{address(node)}:", f"//{name(node)}:")
        return {**data, KINDS[kind]: name(host) if host in nodes else host, **({"advertise_url": url} if "advertise_url" in data else {})}

    results = (r._replace(data=renamed(r.kind, r.data)) if r.kind in KINDS and r.data else r for r in made.results)
    return made._replace(results=tuple(results))


def answer(report: Report) -> tuple[str, list[tuple[str, str | None]]]:
    return str(report.verdict), [(root.code, root.node) for root in report.root_causes]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"])
def test_a_domain_changes_nothing(case: Any) -> None:
    made = bundle(case)
    assert answer(analyze(called(made, lambda node: f"{node}.lan.example"))) == answer(analyze(made))


def test_case_does_not_matter():
    hung = {"nodes": {"n1": {"fails": {"status": "timeout", "cause": "timeout", "reason": "10.1.0.11:20303 did not answer in time"}}}}
    assert answer(analyze(called(bundle(hung), str.upper))) == answer(analyze(bundle(hung)))


@pytest.mark.parametrize(
    ("host", "url", "node"),
    [
        ("n1.lan.example", "http://n1.lan.example:20303", "n1"),
        ("n1.lan.example", "http://192.168.7.1:20303", "n1"),
        ("n1.lan.example", f"http://{address('n2')}:20303", "n1.lan.example"),
        ("n11", "http://n11:20303", "n11"),
        ("n1x.lan.example", "http://n1x.lan.example:20303", "n1x.lan.example"),
        ("n1", f"http://{address('n1')}:20303", "n1"),
    ],
    ids=["a domain", "another network", "another node's address", "more digits", "more letters", "the name itself"],
)
def test_a_host_is_the_node_whose_name_it_begins_with(host: str, url: str, node: str) -> None:
    assert observe(bundle({"lease": {"hostname": host, "advertise_url": url}})).world.host(host) == node


def test_a_host_that_matches_two_nodes_is_neither():
    made = bundle({"lease": {"hostname": "n1.lan.example"}})
    twins = made._replace(
        results=tuple(
            r._replace(data=[*r.data, {**r.data[0], "id": "f" * 36, "name": "n1.lan", "address": "10.9.9.9"}])
            if r.kind == "nomad_nodes"
            else r
            for r in made.results
        )
    )
    assert observe(twins).world.host("n1.lan.example") == "n1.lan.example"


@pytest.mark.parametrize("other", ["n2.lan", "a2"])
def test_of_two_members_with_one_address_the_live_one_counts(other: str) -> None:
    """For a renamed agent, Consul's servers list the old name for three days."""
    made = bundle({"nodes": {"n2": {"member": "left"}}})
    (members,) = (result for result in made.results if result.kind == "consul_members")
    renamed = {**next(row for row in members.data if row["name"] == "n2"), "name": other, "status": "alive"}
    rows = sorted([*members.data, renamed], key=lambda row: str(row["name"]))
    seen = made._replace(results=tuple(r._replace(data=rows) if r is members else r for r in made.results))
    assert answer(analyze(seen)) == ("ok", [])
