"""Variants are what their names say, and grading can fail."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from collector import resources
from collector.analyze import analyze
from collector.replay.recording import Recording
from tests.accuracy.__main__ import DOCUMENT, met
from tests.accuracy.grade import compared, grade
from tests.accuracy.recorded import bundle_of
from tests.accuracy.variants import NAMES, grown, merged, noisy, pairs, plain, renamed, variants

RECORDINGS = {name: Recording.load(resources.incident(name)) for name in resources.incidents()}
SOME = ("app-crash", "advertise-url", "nomad-client-down")


def text(recording):
    return "\n".join(json.dumps(document) for document in recording.documents())


@pytest.mark.parametrize("variant", list(variants("healthy", RECORDINGS["healthy"])), ids=lambda variant: variant.name)
def test_nothing_is_accused_where_nothing_is_wrong(variant):
    found = grade(variant)
    assert found.right, found
    assert found.verdict == ("warning" if "no logs" in variant.name else "ok")


@pytest.mark.parametrize("variant", [v for name in SOME for v in variants(name, RECORDINGS[name])], ids=lambda variant: variant.name)
def test_the_cause_is_found_in_every_variant(variant):
    found = grade(variant)
    assert found.right, found
    assert not found.extra, found


@pytest.mark.parametrize("variant", list(pairs(RECORDINGS))[::6], ids=lambda variant: variant.name)
def test_two_incidents_are_two_roots(variant):
    found = grade(variant)
    assert found.right, found
    assert not found.missed, found


def test_a_renamed_recording_has_none_of_the_old_names():
    variant = renamed(plain("app-crash", RECORDINGS["app-crash"]))
    body = "\n".join(exchange.body + exchange.path for exchange in variant.recording.http if "agent" not in exchange.path)
    assert not [name for name in (*NAMES, "navidrome", "20202", "4533", "127.0.0.8") if name in body]
    assert variant.expected == (("app.exited", frozenset({"pi-cellar"})),)


def test_a_grown_recording_has_more_nodes_that_answer():
    report = analyze(bundle_of(grown(plain("healthy", RECORDINGS["healthy"])).recording))
    assert len(report.nodes) == 5
    assert all(row.role in {"primary", "replica"} and row.consul == "passing" for row in report.nodes)


def test_noise_is_there():
    before, after = RECORDINGS["healthy"], noisy(plain("healthy", RECORDINGS["healthy"])).recording
    assert "read only replica" not in text(before)
    assert "read only replica" in text(after)
    rows = analyze(bundle_of(after)).nodes
    assert all(row.allocation and row.allocation["restarts"] == 1 for row in rows)


def test_a_merged_recording_has_both_faulty_nodes():
    first, second = (plain(name, RECORDINGS[name]) for name in ("consul-agent-down", "litefs-config"))
    report = analyze(bundle_of(merged(first, second, synced=False).recording))
    assert {(root.code, root.node) for root in report.root_causes} == {
        ("consul.agent.unreachable", "odroid8"),
        ("litefs.config.invalid", "odroid9"),
    }


def test_a_wrong_node_and_a_wrong_cause_are_graded_wrong():
    variant = plain("app-crash", RECORDINGS["app-crash"])
    report = analyze(bundle_of(variant.recording))
    elsewhere = compared(replace(variant, expected=(("app.exited", frozenset({"odroid6"})),)), report)
    assert (elsewhere.cause, elsewhere.node, elsewhere.right) == (True, False, False)
    other = compared(replace(variant, expected=(("disk.full", frozenset({"odroid8"})),)), report)
    assert (other.cause, other.extra) == (False, ("app.exited on odroid8",))
    healthy = compared(replace(variant, expected=()), report)
    assert not healthy.right
    assert not met([other], [other])


def test_the_published_table_names_every_incident():
    published = DOCUMENT.read_text("utf-8")
    assert not [name for name in RECORDINGS if f"| {name} |" not in published]
