"""Checks, leaders, the primary and nodes over runs: each case is a history with one run per minute."""

import json

import pytest

from collector.history import outlook
from collector.history.facts import FORGET, MOMENTS, MOMENTS_OF_A_RUN, ORDER, Fact, Moment, Reading
from collector.history.run import dump_run, load_run
from collector.resources import schema

from .documents import check, document, moment, node

SECONDS = 2
"""A run of documents.py takes so long."""


def ended(minute):
    return moment(minute).replace(":00.000Z", f":{SECONDS:02}.000Z")


def play(runs):
    """Return the last run of a history, each run stored and reloaded; None is a run that left no trace."""
    before = None
    for minute, run in enumerate(runs):
        if run is not None:
            kept = outlook(before, {**run, "started_at": moment(minute)}).run
            before = load_run(json.loads(json.dumps(dump_run(kept))))
    return before


def with_check(*statuses, **more):
    checks = [check(status, ident=f"c{number}", **more) for number, status in enumerate(statuses)]
    return document(nodes=[node("n1", checks=checks)])


def renamed(status, ident):
    return document(nodes=[node("n1", checks=[check(status, ident=ident)])])


UP, DOWN, BLIND = with_check("passing"), with_check("critical"), with_check()


@pytest.mark.parametrize(
    ("runs", "not_before", "since"),
    [
        pytest.param([DOWN], None, ended(0), id="the first run dates nothing back"),
        pytest.param([UP, DOWN], moment(0), ended(1), id="between the run that saw it well and this one"),
        pytest.param([UP, DOWN, DOWN, DOWN], moment(0), ended(1), id="what lasts keeps its bounds"),
        pytest.param([UP, UP, DOWN], moment(1), ended(2), id="the last run that saw it well counts"),
        pytest.param([DOWN, DOWN], None, ended(0), id="for at least since the first run"),
        pytest.param([UP, BLIND, DOWN], moment(0), ended(2), id="a run that did not see it narrows nothing"),
        pytest.param([UP, DOWN, BLIND, DOWN], moment(0), ended(1), id="a run that did not see it ends nothing"),
        pytest.param([UP, DOWN, UP, DOWN], moment(2), ended(3), id="what came back starts anew"),
        pytest.param([DOWN, with_check("warning")], moment(0), ended(1), id="another status is another age"),
        pytest.param([renamed("critical", "old"), renamed("critical", "new")], None, ended(0), id="the name goes on when its ID is new"),
        pytest.param([renamed("passing", "old"), renamed("critical", "new")], moment(0), ended(1), id="a new ID changes, too"),
        pytest.param(
            [with_check("critical", "passing"), renamed("critical", "new")],
            None,
            ended(1),
            id="of two of a name nobody knows which goes on",
        ),
        pytest.param([DOWN, *[BLIND] * (FORGET - 1), DOWN], None, ended(0), id="what is long unseen is remembered"),
        pytest.param([DOWN, *[BLIND] * FORGET, DOWN], None, ended(FORGET + 1), id="what is unseen for too long is forgotten"),
    ],
)
def test_a_check_took_its_status(runs, not_before, since):
    (fact,) = [fact for fact in play(runs).facts if fact.reading.what == "check" and not fact.missed]
    assert (fact.not_before, fact.since) == (not_before, since)


def test_two_checks_of_one_name_each_go_on_by_their_id():
    facts = play([with_check("critical", "passing"), with_check("critical", "critical")]).facts
    assert [(fact.reading.id, fact.since) for fact in facts if fact.reading.what == "check"] == [("c0", ended(0)), ("c1", ended(1))]


LED = {"nomad": {"leader": "10.0.0.1:4647", "known_leader": True}}
MOVED = {"nomad": {"leader": "10.0.0.2:4647", "known_leader": True}}
NOBODY = {"nomad": {"leader": None, "known_leader": False}}
UNASKED = {"nomad": None}
ALL_ASKED = {"litefs": {"litefs_all": True, "primaries": 0}}


def cluster(facts):
    return document(cluster=facts)


def roles(
    **role_of,
):
    return document(nodes=[node(name, role=role) for name, role in role_of.items()])


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        pytest.param([UP, DOWN], ["check passing critical 0 1"], id="a check"),
        pytest.param(
            [UP, DOWN, UP, DOWN], ["check passing critical 0 1", "check critical passing 1 2", "check passing critical 2 3"], id="flaps"
        ),
        pytest.param([cluster(LED), cluster(MOVED)], ["nomad leader 10.0.0.1:4647 10.0.0.2:4647 0 1"], id="a leader"),
        pytest.param([cluster(LED), cluster(NOBODY)], ["nomad leader 10.0.0.1:4647 none 0 1"], id="no leader is a change"),
        pytest.param([cluster(LED), cluster(UNASKED), cluster(LED)], [], id="a leader that nobody could ask has not changed"),
        pytest.param(
            [cluster(LED), cluster(UNASKED), cluster(MOVED)], ["nomad leader 10.0.0.1:4647 10.0.0.2:4647 0 2"], id="changed unseen"
        ),
        pytest.param([roles(a="primary", b="replica"), roles(a="replica", b="primary")], ["primary a b 0 1"], id="the primary"),
        pytest.param([roles(a="primary"), roles(a="unknown")], [], id="a primary that nobody could ask has not moved"),
        pytest.param(
            [roles(a="primary"), {**roles(a="replica"), "cluster": ALL_ASKED}],
            ["primary a none 0 1"],
            id="a primary that nobody is any more",
        ),
        pytest.param([document(nodes=[node("a")]), document(nodes=[node("a", nomad="down")])], ["node status ready down 0 1"], id="a node"),
        pytest.param([document(nodes=[node("a")]), document(nodes=[node("a", nomad="unknown")])], [], id="an unknown status is none"),
        pytest.param(
            [document(nodes=[node("a")]), document(nodes=[node("a", eligibility="ineligible")])],
            ["eligibility eligible ineligible 0 1"],
            id="a drain",
        ),
        pytest.param([document(nodes=[node("a")]), document(nodes=[]), document(nodes=[node("a")])], [], id="a node that was not listed"),
    ],
)
def test_changes_are_remembered_with_their_time(runs, told):
    minutes = {moment(minute): minute for minute in range(len(runs))} | {ended(minute): minute for minute in range(len(runs))}
    moments = [one for one in play(runs).moments if not told or one.reading.what in " ".join(told)]
    assert [f"{one.reading.what} {one.before} {one.reading.value} {minutes[one.not_before]} {minutes[one.at]}" for one in moments] == told


def test_a_clock_that_was_set_back_gives_no_bound():
    before = outlook(None, {**UP, "started_at": moment(30)}).run
    run = outlook(before, {**DOWN, "started_at": moment(10)}).run
    assert [(fact.not_before, fact.since) for fact in run.facts if fact.reading.what == "check"] == [(None, ended(10))]
    assert [one.not_before for one in run.moments] == [None]


def crowd(status):
    return document(
        nodes=[node(f"n{number}", nomad="down" if status == "critical" else "ready", checks=[check(status)]) for number in range(99)]
    )


def test_a_large_outage_does_not_push_out_earlier_changes():
    moments = play([cluster(LED), cluster(MOVED), crowd("passing"), crowd("critical")]).moments
    assert len(moments) == MOMENTS_OF_A_RUN + 1
    assert moments[0].reading.what == "nomad leader"
    assert {one.reading.what for one in moments[1:]} == {"node status"}


def test_the_schema_of_a_kept_run_has_what_is_watched_and_each_of_its_columns():
    rows = schema("run")["$defs"]
    assert rows["watched"]["enum"] == list(ORDER)
    for name, row in (("fact", Fact), ("change", Moment)):
        columns = len(Reading._fields) + len(row._fields) - 1
        assert len(rows[name]["prefixItems"]) == rows[name]["minItems"] == columns


def test_what_is_remembered_is_bounded():
    assert len(play([UP, DOWN] * MOMENTS).moments) == MOMENTS


def test_a_run_of_the_format_before_is_read_and_has_no_facts():
    old = {**dump_run(outlook(None, DOWN).run), "format": 1}
    del old["facts"], old["moments"]
    before = load_run(json.loads(json.dumps(old)))
    run = outlook(before, {**UP, "started_at": moment(1)}).run
    assert (before.facts, before.moments, run.moments) == ([], [], [])
    assert [fact.since for fact in run.facts if fact.reading.what == "check"] == [ended(1)]


def test_an_old_report_without_checks_says_nothing_of_them():
    old = document(nodes=[{key: value for key, value in node("n1").items() if key != "checks"}])
    assert [row["what"] for row in outlook(outlook(None, old).run, DOWN).changes["cluster"]] == []


def test_two_runs_at_once_each_go_on_from_the_same_past():
    past = play([UP, UP])
    one, other = (outlook(past, {**DOWN, "started_at": f"2026-11-24T06:02:0{second}.000Z"}).run for second in (0, 1))
    after = outlook(other, {**DOWN, "started_at": moment(3)}).run
    assert len(one.moments) == len(after.moments) == 1
    assert [(fact.not_before, fact.since) for fact in after.facts if fact.reading.what == "check"] == [
        (moment(1), "2026-11-24T06:02:03.000Z")
    ]


def test_changes_of_checks_stand_among_the_changes_of_the_cluster():
    changes = outlook(outlook(None, UP).run, DOWN).changes["cluster"]
    assert changes == [{"what": "check", "node": "n1", "from": "passing", "to": "critical", "service": "wiki", "name": "ping"}]
