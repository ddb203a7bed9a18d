import pytest

from collector.history import compare, outlook

from .documents import NODES, document, finding, gap, moment, node

CRASH = finding()
SYMPTOM = finding("app.check.refused", explained_by="app.exited@odroid8")


def states(changes):
    return {(row["code"], row["node"]): row["state"] for row in changes["findings"]}


def play(runs):
    """Return all changes of a history, oldest first."""
    before, told = None, []
    for minute, run in enumerate(runs):
        now = outlook(before, {**run, "started_at": moment(minute)})
        before = now.run
        told.append(now.changes)
    return told


@pytest.mark.parametrize(
    ("old", "new", "state"),
    [
        pytest.param(document(), document(CRASH), "new", id="what was not there is new"),
        pytest.param(document(CRASH), document(CRASH), "unchanged", id="what is still there is unchanged"),
        pytest.param(document(finding(severity="warning")), document(CRASH), "worse", id="a warning that turns critical is worse"),
        pytest.param(document(CRASH), document(finding(severity="warning")), "better", id="a critical that turns warning is better"),
        pytest.param(document(CRASH), document(), "resolved", id="what is gone and could be seen is resolved"),
        pytest.param(document(CRASH), document(unseen=["odroid8"]), "unseen", id="what is gone with its node is not resolved"),
        pytest.param(
            document(CRASH), document(gaps=[gap("odroid8/abc")]), "unseen", id="what is gone with a new gap on its node is not resolved"
        ),
        pytest.param(document(CRASH), document(gaps=[gap("odroid7")]), "resolved", id="a gap on another node hides nothing"),
        pytest.param(document(CRASH, gaps=[gap()]), document(gaps=[gap()]), "resolved", id="a gap that was there before hides nothing"),
        pytest.param(
            document(CRASH),
            document(nodes=[*NODES[:2], node("odroid8", nomad="down")]),
            "unseen",
            id="what was on a node that Nomad has lost is not resolved",
        ),
        pytest.param(document(CRASH), document(verdict="unknown"), "unseen", id="a run that saw too little resolves nothing"),
    ],
)
def test_a_finding_is(old, new, state):
    assert states(compare(old, new)) == {("app.exited", "odroid8"): state}


@pytest.mark.parametrize("target", ["rack1/n8", "rack1/n8/0f3a55c1/server"])
def test_a_nodes_name_may_have_a_slash(target):
    nodes = [node("rack1"), node("rack1/n8")]
    old = document(finding(node="rack1/n8"), nodes=nodes)
    assert states(compare(old, document(nodes=nodes, gaps=[gap(target)]))) == {("app.exited", "rack1/n8"): "unseen"}
    assert states(compare(old, document(nodes=nodes, gaps=[gap("rack1/0f3a55c1")]))) == {("app.exited", "rack1/n8"): "resolved"}


def test_a_cluster_wide_finding_is_not_resolved_by_a_run_with_new_gaps():
    old = document(finding("nomad.no-leader", node=None))
    assert states(compare(old, document(gaps=[gap("cluster")]))) == {("nomad.no-leader", None): "unseen"}


def test_a_finding_is_recognised_whatever_ids_it_has():
    old = document(finding(id="1", alloc="aaaa", evidence=[{"quote": "pid 12"}]))
    new = document(finding(id="7", alloc="bbbb", evidence=[{"quote": "pid 99"}]))
    assert states(compare(old, new)) == {("app.exited", "odroid8"): "unchanged"}


@pytest.mark.parametrize("other", [finding("disk.full"), finding(node="odroid7"), finding(service="navidrome-litefs")])
def test_another_code_node_or_service_is_another_finding(other):
    assert sorted(row["state"] for row in compare(document(CRASH), document(other))["findings"]) == ["new", "resolved"]


def test_of_two_findings_with_one_fingerprint_the_worst_stands():
    both = [CRASH, finding(severity="warning")]
    for findings in (both, both[::-1]):
        (row,) = compare(document(), document(*findings))["findings"]
        assert row["severity"] == "critical"


def test_age_is_carried_over_runs_that_could_not_see():
    told = play([document(CRASH), document(CRASH), document(unseen=["odroid8"]), document(CRASH)])
    assert [(row["state"], row["first_seen"], row["runs"]) for changes in told for row in changes["findings"]] == [
        ("new", moment(0), 1),
        ("unchanged", moment(0), 2),
        ("unseen", moment(0), 2),
        ("unchanged", moment(0), 3),
    ]


def test_a_finding_that_comes_back_after_it_was_resolved_is_new_with_a_new_age():
    last = play([document(CRASH), document(), document(CRASH)])[-1]["findings"][0]
    assert (last["state"], last["first_seen"], last["runs"]) == ("new", moment(2), 1)


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        pytest.param("1010", "new resolved new flapping", id="three changes are flapping"),
        pytest.param("1?0?1?0", "new unseen resolved - new unseen flapping", id="runs that could not see count neither way"),
        pytest.param("1100110", "new unchanged resolved - new unchanged flapping", id="slow flapping is flapping too"),
        pytest.param(
            "101000000000000",
            "new resolved new flapping flapping flapping flapping flapping flapping flapping resolved - - - -",
            id="flapping that stops is resolved once",
        ),
        pytest.param("10" + "0" * 10 + "1", "new resolved" + " -" * 10 + " new", id="long gone is forgotten"),
    ],
)
def test_over_many_runs_a_finding_is(seen, told):
    runs = [{"1": document(CRASH), "0": document(), "?": document(verdict="unknown")}[mark] for mark in seen]
    assert [states(changes).get(("app.exited", "odroid8"), "-") for changes in play(runs)] == told.split()


@pytest.mark.parametrize(
    ("runs", "mails"),
    [
        pytest.param([document()], [False], id="a first run that finds nothing is silent"),
        pytest.param([document(CRASH)] * 3, [True, False, False], id="a problem is told once"),
        pytest.param([document(CRASH), document(CRASH), document()], [True, False, True], id="its end is told"),
        pytest.param([document(CRASH), document(CRASH, SYMPTOM)], [True, False], id="a new symptom of a known root is no news"),
        pytest.param([document(CRASH), document(CRASH, finding(node="odroid7"))], [True, True], id="a second root is news"),
        pytest.param([document(), document(finding(severity="info"), verdict="ok")], [False, False], id="an info is no news"),
        pytest.param(
            [document(), document(verdict="unknown"), document(verdict="unknown")], [False, True, False], id="blindness is told once"
        ),
        pytest.param(
            [document(CRASH), document()] * 5,
            [True, True, True, True] + [False] * 6,
            id="flapping is told when it starts, then it is quiet",
        ),
    ],
)
def test_news_worth_a_mail(runs, mails):
    assert [changes["mail_worthy"] for changes in play(runs)] == mails


@pytest.mark.parametrize(
    ("verdicts", "minute"),
    [
        pytest.param(["ok"], 0, id="this run"),
        pytest.param(["ok", "critical"], 1, id="bad news is a success too"),
        pytest.param(["ok", "unknown", "unknown"], 0, id="the last one that saw enough"),
        pytest.param(["unknown", "unknown"], None, id="none yet"),
    ],
)
def test_the_last_success_is_the_last_run_that_saw_enough_for_a_verdict(verdicts, minute):
    told = play([document(verdict=verdict) for verdict in verdicts])[-1]
    assert told["last_success"] == (None if minute is None else moment(minute))


def test_changes_say_since_when_and_what_the_verdict_was():
    first, second = play([document(CRASH), document()])
    assert (first["since"], first["verdict"]) == (None, {"from": None, "to": "critical"})
    assert (second["since"], second["verdict"]) == (moment(0), {"from": "critical", "to": "ok"})


def test_news_come_first_and_roots_before_symptoms():
    old = document(finding("disk.full", "odroid6"), finding("port.in-use", "odroid7"))
    new = document(finding("disk.full", "odroid6"), SYMPTOM, CRASH)
    assert [row["state"] + " " + row["code"] for row in compare(old, new)["findings"]] == [
        "new app.exited",
        "new app.check.refused",
        "unchanged disk.full",
        "resolved port.in-use",
    ]


OLD = NODES
UPGRADED = [
    (("litefs", "0.5.13", "0.5.14"), ("litefs version", "odroid8", "0.5.13", "0.5.14")),
    (("nomad", "1.9.3", "1.9.4"), ("nomad version", "odroid8", "1.9.3", "1.9.4")),
    (("consul", "1.20.1", None), None),
    (("consul", None, "1.20.1"), None),
]


@pytest.mark.parametrize(("versions", "change"), UPGRADED)
def test_what_a_node_itself_runs_is_compared_where_both_runs_know_it(versions, change):
    product, *both = versions
    old, new = (document(nodes=[node("odroid8", versions={product: version})]) for version in both)
    told = [(row["what"], row["node"], row["from"], row["to"]) for row in compare(old, new)["cluster"]]
    assert told == ([change] if change else [])


CLUSTER = {
    "job": {"version": 3},
    "nomad": {"version": "1.9.3", "leader": "10.0.0.1:4647"},
    "consul": {"version": "1.20.1", "leader": "10.0.0.1:8300"},
}


def newer(part, key, value):
    return {**CLUSTER, part: {**CLUSTER[part], key: value}}


@pytest.mark.parametrize(
    ("new", "change"),
    [
        pytest.param({"cluster": newer("job", "version", 4)}, ("job version", None, 3, 4), id="job version"),
        pytest.param({"cluster": newer("nomad", "version", "1.9.4")}, ("nomad version", None, "1.9.3", "1.9.4"), id="nomad version"),
        pytest.param({"cluster": newer("consul", "version", "1.20.2")}, ("consul version", None, "1.20.1", "1.20.2"), id="consul version"),
        pytest.param(
            {"cluster": newer("nomad", "leader", "10.0.0.2:4647")},
            ("nomad leader", None, "10.0.0.1:4647", "10.0.0.2:4647"),
            id="nomad leader",
        ),
        pytest.param(
            {"cluster": newer("consul", "leader", "10.0.0.2:8300")},
            ("consul leader", None, "10.0.0.1:8300", "10.0.0.2:8300"),
            id="consul leader",
        ),
        pytest.param({"nodes": [*OLD, node("odroid9")]}, ("node added", "odroid9", None, "ready"), id="node added"),
        pytest.param({"nodes": OLD[:2]}, ("node removed", "odroid8", "ready", None), id="node removed"),
        pytest.param({"nodes": [*OLD[:2], node("odroid8", nomad="down")]}, ("node status", "odroid8", "ready", "down"), id="node down"),
        pytest.param(
            {"nodes": [*OLD[:2], node("odroid8", eligibility="ineligible")]},
            ("eligibility", "odroid8", "eligible", "ineligible"),
            id="drained",
        ),
        pytest.param({"nodes": [*OLD[:2], node("odroid8", restarts=21)]}, ("restarts", "odroid8", 0, 21), id="restarts grew"),
        pytest.param(
            {"nodes": [*OLD[:2], node("odroid8", alloc="0123456789ab")]},
            ("allocation", "odroid8", "a1", "01234567"),
            id="allocation replaced",
        ),
        pytest.param(
            {"nodes": [node("odroid6"), node("odroid7", role="primary"), OLD[2]]},
            ("primary", None, "odroid6", "odroid7"),
            id="primary moved",
        ),
    ],
)
def test_a_change_of_the_cluster_is_named(new, change):
    (row,) = compare(document(cluster=CLUSTER), document(**{"cluster": CLUSTER, **new}))["cluster"]
    assert (row["what"], row["node"], row["from"], row["to"]) == change


@pytest.mark.parametrize(
    "new",
    [
        pytest.param({"nodes": OLD[:2], "unseen": ["odroid8"]}, id="a node that was not seen is not removed"),
        pytest.param({"nodes": (), "listed": False}, id="no node is removed when Nomad's list could not be read"),
        pytest.param({"nodes": [node("odroid6", role="unknown"), *OLD[1:]]}, id="a primary that was not seen has not moved"),
        pytest.param({"nodes": [*OLD[:2], node("odroid8", nomad="unknown", eligibility="unknown")]}, id="an unknown status is no status"),
        pytest.param({"nodes": [*OLD[:2], node("odroid8", alloc=None)]}, id="an allocation that was not seen is not replaced"),
        pytest.param({"cluster": {}}, id="facts that were not seen have not changed"),
    ],
)
def test_what_one_run_could_not_see_is_no_change(new):
    assert compare(document(cluster=CLUSTER), document(**{"cluster": CLUSTER, **new}))["cluster"] == []


def test_restarts_of_a_replaced_allocation_are_not_compared():
    new = document(nodes=[*OLD[:2], node("odroid8", alloc="a2", restarts=5)])
    assert [row["what"] for row in compare(document(), new)["cluster"]] == ["allocation"]


def test_a_deployment_is_told_once_and_not_for_every_allocation():
    new = document(nodes=[node(one["name"], alloc="a2", role=one["role"]) for one in OLD], cluster=newer("job", "version", 4))
    assert [row["what"] for row in compare(document(cluster=CLUSTER), new)["cluster"]] == ["job version"]


def test_sparklines_show_the_last_runs_oldest_first():
    lags = [0.0, 1.0, 4.0, None, 8.0]
    told = play([document(nodes=[node("odroid8", lag=lag, restarts=restarts)]) for restarts, lag in enumerate(lags)])
    assert told[-1]["spark"] == {"odroid8": {"lag": "▁▂▅·█", "restarts": "▁▃▅▆█"}}


def test_sparklines_are_bounded_and_end_with_their_node():
    told = play([document(nodes=[node("odroid7"), node("odroid8")])] * 30 + [document(nodes=[node("odroid7")])])
    assert {name: len(lines["lag"]) for name, lines in told[-1]["spark"].items()} == {"odroid7": 20}
