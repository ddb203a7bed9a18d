"""Since when a check has had its status according to a single run, and the timeline's contents."""

from __future__ import annotations

import pytest

from collector import resources
from collector.analyze import analyze
from collector.analyze.timeline import OTHERS, TASK_EVENTS
from collector.observe import observe
from collector.replay.recording import Recording
from tests.accuracy.more import RECORDINGS
from tests.accuracy.recorded import bundle_of
from tests.analysis.bundles import GROUP, HOUR, NOW, TASK, bundle, ident

STARTED = {"type": "Started"}
OF_TASK = f"_nomad-task-{ident('n1')}-{TASK}-wiki-http"
OF_GROUP = f"_nomad-task-{ident('n1')}-group-{GROUP}-wiki-http"
FOR_THE_CHECK = {"type": "Restart Signaled", "message": 'healthcheck: check "ping" unhealthy'}
ASKED = {"type": "Restart Signaled", "message": "User requested task to restart"}


def started(*ago):
    return [{**STARTED, "ago": seconds} for seconds in ago]


def case(events, service_id=OF_GROUP, job=None, **check):
    ping = {"status": "critical", "service_id": service_id, **check}
    return {"nodes": {"n1": {"events": events, "checks": {"ping": ping}}}, "job": job or {}}


UNCHANGED = {"modify_index": 1}
LOOP = [
    {"type": kind, "ago": ago, "exit_code": 1} if kind == "Terminated" else {"type": kind, "ago": ago}
    for ago in (60, 40, 20)
    for kind in ("Started", "Terminated")
]


@pytest.mark.parametrize(
    ("made", "most", "least"),
    [
        pytest.param(case(started(HOUR - 1)), HOUR, None, id="a group's check is not older than its allocation"),
        pytest.param(case(started(HOUR - 1), **UNCHANGED), HOUR, HOUR - 1, id="unchanged since it was registered with its allocation"),
        pytest.param(case(started(3000, 60), OF_TASK), 60, None, id="a task's check is registered anew when it starts"),
        pytest.param(case(started(3000, 60), OF_TASK, **UNCHANGED), 60, 60, id="and unchanged since then"),
        pytest.param(case(LOOP, OF_TASK), HOUR, None, id="in a restart loop a start is no news"),
        pytest.param(
            case([*started(3000), {**FOR_THE_CHECK, "ago": 61}, *started(60)], OF_TASK), HOUR, None, id="nor is one for this very check"
        ),
        pytest.param(case(started(3000, 60), **UNCHANGED), HOUR, 3000, id="a group's check stays over a restart by policy"),
        pytest.param(
            case([*started(3000), {**ASKED, "ago": 61}, *started(60)], **UNCHANGED),
            HOUR,
            60,
            id="a restart that was asked for may register anew",
        ),
        pytest.param(
            case(started(HOUR - 1), job={"submit_time": NOW - 100}, **UNCHANGED), HOUR, None, id="so may an update of the job in place"
        ),
        pytest.param(
            case(started(HOUR - 1), job={"version": 2}, **UNCHANGED), HOUR, None, id="an allocation of an older version tells less"
        ),
        pytest.param(
            case(started(HOUR + 9), **UNCHANGED), HOUR + 9, HOUR + 9, id="a node whose clock is behind gives no bounds that cross"
        ),
        pytest.param(case([], **UNCHANGED), HOUR, None, id="a task that never started"),
        pytest.param(case(started(60), alloc=ident("gone"), **UNCHANGED), None, None, id="an allocation that nobody knows"),
    ],
)
def test_a_check_is_critical_for_at_most_and_at_least(made, most, least):
    (check,) = [check for check in observe(bundle(made)).checks if check.row["status"] == "critical"]
    ago = [None if moment is None else NOW - moment for moment in (check.began.not_before, check.began.since)]
    assert ago == [most, least]
    assert check.began.since_source


def test_a_node_s_own_check_has_no_age():
    (check,) = [check for check in observe(bundle({"nodes": {"n1": {"serf": "critical"}}})).checks if check.row["status"] == "critical"]
    assert (check.began.not_before, check.began.since) == (None, None)


@pytest.mark.parametrize(
    "recording", [*map(resources.incident, resources.incidents()), *sorted(RECORDINGS.glob("*.jsonl.gz"))], ids=lambda path: path.name
)
def test_no_recorded_check_is_said_to_have_failed_before_the_fault_was_injected(recording):
    meta = Recording.load(recording).meta
    for check in observe(bundle_of(Recording.load(recording))).checks:
        if check.row["status"] != "passing" and check.began.since is not None:
            assert meta["injected_at"] <= check.began.since <= meta["recorded_at"]
            assert check.began.not_before <= check.began.since


def kinds(made):
    return [(event["kind"], event["node"], event["text"]) for event in analyze(bundle(made)).timeline]


def role(message, stamp="time=2027-01-15T07:59:00Z "):
    return f'{stamp}level=INFO msg="0123456789ABCDEF: {message}"'


def test_litefs_role_changes_are_in_the_timeline_with_their_own_time():
    lines = [role("primary lease acquired, advertising as http://n1:1"), role("primary lease lost, retrying: lease expired")]
    events = [event for event in analyze(bundle({"nodes": {"n1": {"log": lines}}})).timeline if event["kind"] == "primary"]
    assert [(event["at"], event["node"], event["severity"]) for event in events] == [(NOW - 60, "n1", "info"), (NOW - 60, "n1", "warning")]


def test_role_changes_without_a_time_are_omitted():
    assert "primary" not in {kind for kind, _, _ in kinds({"nodes": {"n1": {"log": [role("primary lease acquired", "")]}}})}


def test_a_restart_for_a_check_is_a_change_of_that_check():
    events = kinds({"nodes": {"n1": {"events": [*started(100), {**FOR_THE_CHECK, "ago": 50}]}}})
    assert ("check", "n1", 'Restart Signaled: healthcheck: check "ping" unhealthy') in events


def test_the_timeline_has_the_submission_of_a_job_without_a_deployment():
    assert ("deployment", None, "version 1 of job wiki is submitted") in kinds({})
    deployed = {"deployments": [{"status": "successful"}]}
    assert [text for kind, _, text in kinds(deployed) if kind == "deployment"] == [
        "deployment " + ident("deployment")[:8] + " begins; now it is successful: "
    ]


def test_a_problem_that_is_over_is_no_onset():
    late = 'Get "http://10.1.0.12:8080/ping": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    once = [{"type": "Terminated", "ago": 60, "exit_code": 255, "message": "Exit Code: 255"}, {"type": "Started", "ago": 57}]
    frozen = {"checks": {"ping": {"status": "critical", "output": late}}}
    report = analyze(bundle({"nodes": {"n2": {**frozen, "events": once, "alloc": {"restarts": 1}}}}))
    assert [(root.code, root.onset) for root in report.root_causes] == [("app.check.timeout", None)]
    of_no_deployment = analyze(bundle({"nodes": {"n2": {**frozen, "alloc": {"healthy": None}}}}))
    assert [root.onset for root in of_no_deployment.root_causes] == [None]


def test_onsets_of_root_causes_are_in_the_timeline():
    report = analyze(bundle({"nodes": {"n1": {"events": LOOP, "alloc": {"restarts": 3}}}}))
    (onset,) = [event for event in report.timeline if event["kind"] == "onset"]
    assert (onset["at"], onset["node"]) == (report.root_causes[0].onset, "n1")


def test_a_restart_loop_does_not_push_out_its_deployment():
    events = [{**STARTED, "ago": ago} for ago in range(1, 10 * TASK_EVENTS)]
    lines = [role("disconnected from primary with error, retrying: no") for _ in range(100)]
    told = kinds({"nodes": {"n1": {"events": events, "log": lines}}, "job": {"submit_time": NOW - HOUR}})
    number = {kind: sum(one == kind for one, _, _ in told) for kind, _, _ in told}
    assert number == {"task_event": TASK_EVENTS, "primary": OTHERS, "deployment": 1}


@pytest.mark.parametrize(("ahead", "hour"), [(HOUR, "08"), (-HOUR, "06")])
def test_times_of_a_wrong_clock_are_corrected_by_the_servers_clock(ahead, hour):
    """A task that exits again and again, on a node whose clock is off by an hour according to its LiteFS."""
    events = [{**one, "ago": one["ago"] - ahead} for one in LOOP]
    lines = [role("primary lease acquired, advertising as http://n2:1", f"2027-01-15T{hour}:59:10Z ")]
    sick = {"alloc": {"restarts": 3, "modify_time": NOW - 19}, "events": events, "litefs": {"date": NOW + ahead}, "log": lines}
    report = analyze(bundle({"nodes": {"n2": sick}}))
    roots = {root.code: root for root in report.root_causes}
    assert (roots["app.exited"].onset, roots["clock.skew"].node) == (NOW - 60, "n2")
    here = [(one["kind"], one["at"]) for one in report.timeline if one["node"] == "n2"]
    assert [at for kind, at in here if kind == "primary"] == [NOW - 50]
    assert [at for kind, at in here if kind == "task_event"][::5] == [NOW - 60, NOW - 20]
    assert report.details[0].events[0]["at"] == NOW - 20
    assert "are shown here by the servers' clock" in roots["clock.skew"].detail


@pytest.mark.parametrize("ahead", [0.0, HOUR])
def test_so_are_a_checks_age_and_the_uptime(ahead):
    changed = {"events": [{**STARTED, "ago": 300 - ahead}], "alloc": {"modify_time": NOW - 299}}
    changed["litefs"] = {"date": NOW + ahead, "uptime_seconds": None}
    ping = {"status": "critical", "service_id": OF_TASK.replace(ident("n1"), ident("n2")), **UNCHANGED}
    report = analyze(bundle({"nodes": {"n2": {**changed, "checks": {"ping": ping}}}}))
    row = next(row for row in report.nodes if row.name == "n2")
    check = next(one for one in row.checks if one["name"] == "ping")
    assert (check["since"], check["not_before"], row.uptime_seconds) == (NOW - 300, NOW - 300, 300)
