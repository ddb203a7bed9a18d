import pytest

from collector.expressions.selections.allocations import current, other_tasks, running, suspect, with_task
from collector.expressions.selections.instances import endpoint, few, instances, lease_keys, services, without
from collector.expressions.selections.litefs import failing_writes, leading, transactions, undated, unsettled
from collector.expressions.selections.trouble import agents, troubled
from collector.kinds.litefs_state import NEVER_SYNCED_MS
from tests.expressions.cluster import NOW, alloc, answered, check, instance, litefs, task


def ids(allocs):
    return sorted(one["id"] for one in allocs)


STOPPED = {"client": "complete", "desired": "stop"}

CURRENT = [
    ("a healthy service", [alloc("a", "n1"), alloc("b", "n2", "app.app[1]")], "ab"),
    ("the newest of a name on a node", [alloc("a"), alloc("b")], "b"),
    ("old versions that were stopped", [alloc("a", **STOPPED, next="b"), alloc("b", job_version=1)], "b"),
    ("a failed one that was rescheduled", [alloc("a", client="failed", next="b"), alloc("b", "n2", previous="a")], "b"),
    ("a failed one whose successor is only known by its predecessor", [alloc("a", client="failed"), alloc("b", "n2", previous="a")], "b"),
    ("a chain that ends in a failure", [alloc("a", client="failed", next="b"), alloc("b", client="failed", previous="a")], "b"),
    ("a failed one beside live ones", [alloc("a", client="failed"), alloc("b", "n2", "app.app[1]")], "ab"),
    ("a lost one", [alloc("a", client="lost", desired="stop"), alloc("b", "n2", "app.app[1]")], "ab"),
    ("a failed one of an old version, mended by a later one", [alloc("a", client="failed"), alloc("b", "n2", job_version=1)], "b"),
    ("an old failure where a live one is now", [alloc("a", client="failed"), alloc("b")], "b"),
    ("the last of two failures", [alloc("a", client="failed"), alloc("b", client="failed")], "b"),
    ("a system job with one node failed", [alloc("a", "n1"), alloc("b", "n2", client="failed"), alloc("c", "n3")], "abc"),
    ("a disconnected one and its replacement", [alloc("a", "n1", client="unknown"), alloc("b", "n2", previous="a")], "ab"),
    ("a stopped job", [alloc("a", **STOPPED), alloc("b", **STOPPED)], "b"),
    ("a finished batch job", [alloc("a", client="complete")], "a"),
    ("groups apart", [alloc("a", group="web"), alloc("b", group="db", **STOPPED)], "ab"),
    ("nothing", [], ""),
    ("a failed input", None, ""),
]


@pytest.mark.parametrize(("allocs", "expected"), [case[1:] for case in CURRENT], ids=[case[0] for case in CURRENT])
def test_the_current_allocations_are(allocs, expected) -> None:
    assert ids(current(allocs)) == sorted(expected)


def test_an_allocation_without_an_address_gets_its_nodes() -> None:
    nodes = [{"id": "id of n1", "name": "n1", "address": "10.0.0.1"}]
    found = current([alloc("a", "n1"), alloc("b", "n2"), alloc("c", "n1", "app.app[2]", address="10.9.9.9")], nodes)
    assert {one["id"]: one["address"] for one in found} == {"a": "10.0.0.1", "b": None, "c": "10.9.9.9"}


def test_machines_of_one_name_have_addresses_of_their_own() -> None:
    nodes = [{"id": f"id{number}", "name": "ubuntu", "address": f"10.0.0.{number}"} for number in (1, 2)]
    found = current([alloc(name, "ubuntu", node_id=f"id{number}") for name, number in (("a", 1), ("b", 2), ("c", 3))], nodes)
    assert {one["id"]: one["address"] for one in found} == {"a": "10.0.0.1", "b": "10.0.0.2", "c": None}


def test_the_order_does_not_depend_on_the_answers() -> None:
    allocs = [alloc("a", "n2"), alloc("b", "n1", "app.app[1]"), alloc("c", "n1")]
    assert [one["id"] for one in current(allocs)] == [one["id"] for one in current(allocs[::-1])] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("client", "desired", "asked"),
    [
        ("running", "run", True),
        ("pending", "run", True),
        ("unknown", "run", True),
        ("lost", "stop", True),
        ("failed", "run", False),
        ("complete", "stop", False),
    ],
)
def test_a_process_can_be_there_unless_it_ended(client, desired, asked) -> None:
    assert bool(running([alloc("a", client=client, desired=desired)])) is asked


TWO = [alloc("a", "n1"), alloc("b", "n2", "app.app[1]")]
FAILED_BEFORE = alloc("old", client="failed", next="a")


def young(alloc_id, **settings):
    return alloc(alloc_id, tasks=[task(started_at=NOW - 10)], **settings)


SUSPECT = [
    ("nothing of a healthy cluster", TWO, answered([instance("n1", "a"), instance("n2", "b")], [check("n1", "passing", alloc="a")]), ""),
    ("nothing without an answer from Consul", TWO, None, ""),
    ("a critical check's allocation", TWO, answered(checks=[check("n1", alloc="a")]), "a"),
    ("a warning's too", TWO, answered(checks=[check("n1", "warning", alloc="a")]), "a"),
    ("not one whose check is of an allocation that is gone", TWO, answered(checks=[check("n1", alloc="gone")]), ""),
    ("those on a node whose agent fails", TWO, answered(checks=[check("n2", check_id="serfHealth", service=None)]), "b"),
    ("a pending one", [alloc("a", client="pending", tasks=[])], None, "a"),
    ("a lost one", [alloc("a", client="lost", desired="stop")], None, "a"),
    ("a failed task beside a running one", [alloc("a", tasks=[task(), task(failed=True, state="dead")])], None, "a"),
    ("not a finished batch job", [alloc("a", client="complete", tasks=[task(state="dead")])], None, ""),
    ("not a finished prestart task", [alloc("a", tasks=[task(state="dead"), task()])], None, ""),
    ("an unhealthy deployment", [alloc("a", healthy=False)], None, "a"),
    ("not one whose health is not known", [alloc("a", healthy=None)], None, ""),
    ("a recent restart", [alloc("a", tasks=[task(restarts=1, last_restart=NOW - 60)])], None, "a"),
    ("not an old restart", [alloc("a", tasks=[task(restarts=1, last_restart=NOW - 7200)])], None, ""),
    ("a restarting task that is down", [alloc("a", tasks=[task(restarts=1, last_restart=NOW - 7200, state="pending")])], None, "a"),
    ("one without the service that others have", TWO, answered([instance("n1", "a")]), "b"),
    ("not for lack of a service that no allocation has", TWO, answered([instance("n1", None)]), ""),
    ("the predecessor of a young suspect", [FAILED_BEFORE, young("a", previous="old", healthy=False)], None, ["a", "old"]),
    ("the predecessor of one that never started", [FAILED_BEFORE, alloc("a", client="pending", tasks=[])], None, ["a", "old"]),
    ("no predecessor of an older suspect", [FAILED_BEFORE, alloc("a", healthy=False)], None, "a"),
    ("no predecessor of one that is well", [FAILED_BEFORE, young("a")], None, ""),
    ("no successor", [young("a", healthy=False), alloc("b", client="failed")], None, "a"),
    ("a failed input", None, answered(checks=[check("n1", alloc="a")]), ""),
]


@pytest.mark.parametrize(("allocs", "checks", "expected"), [case[1:] for case in SUSPECT], ids=[case[0] for case in SUSPECT])
def test_suspect_are(allocs, checks, expected) -> None:
    assert ids(suspect(allocs, checks, now=NOW)) == sorted(expected)


def test_an_allocation_with_a_failing_nomad_check_is_suspect() -> None:
    told = [{"item": one, "status": "ok", "data": [{"status": status}]} for one, status in zip(TWO, ("success", "failure"), strict=True)]
    silent = {"item": TWO[0], "status": "timeout", "data": None}
    assert ids(suspect(TWO, own=[silent, *told], now=NOW)) == ["b"]
    assert ids(suspect(TWO, own=[{"item": "a", "status": "ok", "data": [{"status": "failure"}]}], now=NOW)) == ["a"]
    assert ids(suspect(TWO, own=[{"status": "failure"}], now=NOW)) == []  # registered without a loop


def test_without_a_clock_the_allocations_own_newest_event_counts() -> None:
    restarted = alloc("a", tasks=[task(restarts=1, last_restart=NOW - 700)], modify_time=NOW - 700)
    assert ids(suspect([restarted])) == ["a"]
    assert ids(suspect([restarted], now=NOW)) == []
    assert ids(suspect([restarted, alloc("b", "n2", modify_time=NOW)])) == []


def lease(**settings):
    held = {
        "held": True,
        "hostname": "n2",
        "advertise_url": "http://10.9.0.2:20202",
        "session": "s",
        "sessions": [{"id": "s", "node": "n2"}],
    }
    return [{"item": "k", "status": "ok", "data": {**held, **settings}}]


LEADS = [
    ("the node of the host name", {}, ["n2"]),
    ("of the URL's address", {"hostname": "c0ffee", "advertise_url": "http://10.0.0.1:20303"}, ["n1"]),
    ("of the session, where LiteFS knows the node by other names", {"hostname": "c0ffee"}, ["n2"]),
    ("nobody that Consul does not know", {"hostname": "c0ffee", "session": None}, []),
    ("nobody by a URL that is none", {"hostname": "c0ffee", "advertise_url": "http://[", "session": None}, []),
    ("nobody where no URL is known", {"advertise_url": None}, []),
    ("nobody where nobody holds it", {"held": False}, []),
]


@pytest.mark.parametrize(("settings", "expected"), [case[1:] for case in LEADS], ids=[case[0] for case in LEADS])
def test_the_primary_is_queried_at_its_lease_address(settings, expected) -> None:
    checks = answered([instance("n1", "a", address="10.0.0.1"), instance("n2", "b", address="10.0.0.2")])
    found = leading(lease(**settings), checks)
    assert [one["node"] for one in found] == expected
    assert all(one["url"] == lease(**settings)[0]["data"]["advertise_url"] for one in found)


def test_an_instance_already_queried_there_is_not_queried_twice() -> None:
    checks = answered([instance("n2", "b", address="10.0.0.2")])
    assert leading(lease(advertise_url="http://10.0.0.2:20202/"), checks) == []
    assert leading(lease(advertise_url="http://10.0.0.2:20303"), checks, 20303) == []
    assert leading(lease(advertise_url="http://10.0.0.2:20303"), checks)


def service(name, provider="consul", checks=()):
    return {"name": name, "provider": provider, "port_label": "http", "task": None, "checks": list(checks)}


def job(*registered, **settings):
    return {"groups": [{"services": list(registered)}, {"services": []}], "lease_keys": [], **settings}


def test_services_are_the_jobs_with_the_default_first() -> None:
    known = job(service("web-litefs"), service("web"), service("web-litefs"), service(""), service("inner", "nomad"))
    assert services(known, "web") == ["web", "web-litefs"]
    assert services(known, provider="nomad") == ["inner"]
    assert services(None, "web") == ["web"]
    assert services(job()) == services(None) == []


def test_lease_keys_are_the_jobs_or_the_default() -> None:
    assert lease_keys(job(lease_keys=["a", "b"]), "litefs/web") == ["a", "b"]
    assert lease_keys(job(), "litefs/web") == lease_keys(None, "litefs/web") == ["litefs/web"]


HOST = {"label": "api", "host": "10.0.0.1", "port": 20202, "to": None}
BRIDGE = {"label": "api", "host": "10.0.0.1", "port": 31000, "to": 20202}


@pytest.mark.parametrize(
    ("settings", "label", "url"),
    [
        ({"address": "10.0.0.9"}, None, "http://10.0.0.9:20202"),
        ({"address": "10.0.0.9", "ports": [HOST]}, None, "http://10.0.0.1:20202"),
        ({"address": "10.0.0.9", "ports": [BRIDGE]}, None, "http://10.0.0.1:31000"),
        ({"address": "10.0.0.9", "ports": [BRIDGE | {"host": None}]}, None, "http://10.0.0.9:31000"),
        ({"address": "10.0.0.9", "ports": [BRIDGE | {"to": 80}]}, None, "http://10.0.0.9:20202"),
        ({"address": "10.0.0.9", "ports": [BRIDGE | {"to": 80}]}, "api", "http://10.0.0.1:31000"),
        ({"address": "fd00::1"}, None, "http://[fd00::1]:20202"),
        ({"address": "node1.example"}, None, "http://node1.example:20202"),
        ({"address": None}, None, None),
    ],
)
def test_an_endpoint_is_the_port_as_it_is_reachable(settings, label, url) -> None:
    assert endpoint(alloc("a", **settings), 20202, label) == url


def test_instances_are_allocations_as_far_as_consul_knows() -> None:
    one, two = instance("n1", "a", port=80), instance("n1", "a", service="app-litefs", port=20202)
    orphan = instance("n2", None, address="", node_address="10.0.0.2")
    found = instances([*answered([one, two]), *answered([orphan]), {"item": "x", "status": "failed", "data": None}])
    assert [(row["id"], row["node"], row["address"]) for row in found] == [("a", "n1", "10.0.0.1"), (None, "n2", "10.0.0.2")]
    assert endpoint(found[0], 20202) == "http://10.0.0.1:20202"


def test_without_leaves_out_what_is_there_already() -> None:
    assert ids(without(TWO, [TWO[0]])) == ["b"]
    assert without(None, TWO) == []
    assert without(TWO, None) == TWO


SETTLED = [litefs("p", "primary"), litefs("r1"), litefs("r2")]

UNSETTLED = [
    ("nothing of a settled cluster", SETTLED, ""),
    ("a replica behind, the primary first", [litefs("r", txid=9), litefs("p", "primary")], "pr"),
    ("a replica ahead", [litefs("p", "primary"), litefs("r", txid=11)], "pr"),
    ("a replica without the database", [litefs("p", "primary"), litefs("r", databases=[])], "pr"),
    ("a replica of another checksum", [litefs("p", "primary", checksum="a"), litefs("r", checksum="b")], "pr"),
    ("not one whose checksum is not known", [litefs("p", "primary", checksum="a"), litefs("r")], ""),
    ("one that never synced", [litefs("p", "primary"), litefs("r", lag_file_ms=NEVER_SYNCED_MS)], "pr"),
    ("one whose lag metric is high", [litefs("p", "primary"), litefs("r", lag_seconds=12.0)], "pr"),
    ("one without a role", [*SETTLED, litefs("x", "none")], "px"),
    ("two primaries", [litefs("p", "primary"), litefs("q", "primary"), litefs("r")], "pq"),
    ("all where none is primary and none has a role", [litefs("a", "none"), litefs("b", "none")], "ab"),
    ("not one that did not answer", [*SETTLED, {"item": {"id": "x"}, "status": "timeout", "data": None}], ""),
    ("nothing of a failed input", None, ""),
]


FAILING = [
    ("the primary in whose last lines a disk is full", "p", ["no space left on device"], "p"),
    ("not a replica, which retries", "r", ["no space left on device"], ""),
    ("not one whose log says nothing of it", "p", ["all is well"], ""),
    ("not one that said it long ago", "p", ["no space left on device", *["all is well"] * 20], ""),
]


@pytest.mark.parametrize(("alloc", "lines", "expected"), [case[1:] for case in FAILING], ids=[case[0] for case in FAILING])
def test_writes_fail_at(alloc, lines, expected) -> None:
    databases = [{"name": "a.db", "txid": 40}, {"name": "b.db", "txid": 2}]
    turns = [{"item": {"id": one}, "data": {"role": role, "databases": databases}} for one, role in (("p", "primary"), ("r", "replica"))]
    found = failing_writes(turns, [{"item": {"id": alloc}, "data": {"alloc": alloc, "lines": lines}}])
    assert [(item["id"], item["transactions"]) for item in found] == [(one, 42) for one in expected]


REFUSED = 'level=INFO msg="fuse: write(): wal error: read only replica"'
UNDATED = [
    ("a write was refused, at no time that is told", [REFUSED], ["a"]),
    ("a write failed, at no time that is told", ["write /data/wal: no space left on device"], ["a"]),
    ("not where the last line tells", [REFUSED, "time=2027-01-15T08:00:00Z level=INFO msg=done"], []),
    ("not where no write is told of", ["all is well"], []),
    ("not of what was long ago", [REFUSED, *["all is well"] * 20], []),
    ("not of an empty log", [], []),
]


@pytest.mark.parametrize(("lines", "expected"), [case[1:] for case in UNDATED], ids=[case[0] for case in UNDATED])
def test_logs_whose_last_line_has_no_time(lines, expected) -> None:
    turns = [{"item": {"id": "a"}, "data": {"alloc": "a", "lines": lines}}, {"item": {"id": "b"}, "data": None}]
    assert [item["id"] for item in undated(turns)] == expected


def test_transactions_of_nothing_are_none() -> None:
    assert transactions(None) == 0


@pytest.mark.parametrize(("turns", "expected"), [case[1:] for case in UNSETTLED], ids=[case[0] for case in UNSETTLED])
def test_unsettled_are(turns, expected) -> None:
    assert "".join(item["id"] for item in unsettled(turns)) == expected


PING = {"name": "ping", "type": "http", "path": "/ping", "method": None, "protocol": None, "port_label": None}
ALIVE = {"name": "alive", "type": "tcp", "path": None, "method": None, "protocol": None, "port_label": "api"}
DEFINITION = job(service("app", checks=[PING, ALIVE, ALIVE | {"name": "script", "type": "script"}]))


def test_troubled_are_the_nodes_with_failing_checks_each_once() -> None:
    checks = answered([instance("n1", "a"), instance("n2", "b")], [check("n1", alloc="a"), check("n2", "passing", alloc="b")])
    (row,) = troubled([*checks, *checks])
    assert (row["node"], row["address"], row["alloc"], row["agent"]) == ("n1", "10.0.0.1", "a", True)
    assert [one["name"] for one in row["checks"]] == ["ping"]
    assert row["endpoints"] == []


def test_agents_are_one_per_address_with_the_names_and_the_trust_of_the_gossip_pool() -> None:
    allocs = [
        alloc("a", "n1", address="10.0.0.1"),
        alloc("b", "n1", address="10.0.0.1"),
        alloc("c", "n2", address="10.0.0.2"),
        alloc("d", "n3"),
    ]
    pool = [{"name": "n1.example", "address": "10.0.0.1", "status": "alive"}, {"name": "n2", "address": "10.0.0.2", "status": "failed"}]
    assert agents(allocs, pool) == [
        {"node": "n1.example", "address": "10.0.0.1", "member": True},
        {"node": "n2", "address": "10.0.0.2", "member": False},
    ]
    assert agents(None) == []


def test_an_agents_own_checks_make_an_allocation_suspect() -> None:
    assert ids(suspect(TWO, None, now=NOW, agents=answered(checks=[check("n1", alloc="a")]))) == ["a"]


def test_serfhealth_is_not_queried_but_reported() -> None:
    serf = check("n1", check_id="serfHealth", service=None)
    assert troubled(answered([instance("n1", "a")], [serf])) == []
    (row,) = troubled(answered([instance("n1", "a")], [serf, check("n1", alloc="a")]))
    assert row["agent"] is False
    assert len(row["checks"]) == 1


def test_a_node_check_brings_an_allocation_of_the_node_to_ask_from() -> None:
    (row,) = troubled(answered([instance("n1", "a")], [check("n1", check_id="disk", service=None)]))
    assert (row["alloc"], row["checks"][0]["check_id"]) == ("a", "disk")


def test_checks_that_anybody_can_repeat_have_endpoints() -> None:
    failing = [check("n1", alloc="a", name=name) for name in ("ping", "alive", "script", "unknown")]
    checks = answered([instance("n1", "a", address="fd00::1")], failing)
    allocs = [alloc("a", ports=[{"label": "api", "host": "10.0.0.1", "port": 31000, "to": 20202}])]
    (row,) = troubled(checks, DEFINITION, allocs)
    assert row["endpoints"] == [
        {"name": "ping", "service": "app", "type": "http", "url": "http://[fd00::1]:8080/ping", "method": "GET"},
        {"name": "alive", "service": "app", "type": "tcp", "host": "fd00::1", "port": 31000},
    ]
    (row,) = troubled(checks, DEFINITION, None)
    assert [end["name"] for end in row["endpoints"]] == ["ping"]


def test_a_service_with_one_check_needs_no_name_to_match() -> None:
    one = job(service("app", checks=[PING | {"protocol": "https", "method": "HEAD"}]))
    (row,) = troubled(answered([instance("n1", "a")], [check("n1", alloc="a", name='service: "app" check')]), one)
    assert row["endpoints"][0]["url"] == "https://10.0.0.1:8080/ping"
    assert row["endpoints"][0]["method"] == "HEAD"
    assert "tls_skip_verify" not in row["endpoints"][0]


def test_an_endpoint_says_if_its_certificate_is_not_to_be_verified() -> None:
    own = job(service("app", checks=[PING | {"protocol": "https", "tls_skip_verify": True}]))
    (row,) = troubled(answered([instance("n1", "a")], [check("n1", alloc="a", name="ping")]), own)
    assert row["endpoints"][0]["tls_skip_verify"] is True


@pytest.mark.parametrize(("path", "asked"), [("ping", "/ping"), ("?full", "/?full"), ("@evil.example/", "/@evil.example/"), (None, "/")])
def test_a_path_without_its_slash_is_one_all_the_same(path, asked) -> None:
    one = job(service("app", checks=[PING | {"path": path}]))
    (row,) = troubled(answered([instance("n1", "a")], [check("n1", alloc="a")]), one)
    assert row["endpoints"][0]["url"] == f"http://10.0.0.1:8080{asked}"


def test_the_gossip_pool_says_where_a_nodes_agent_is_not_the_catalog() -> None:
    def where(pool):
        (row,) = troubled(answered([instance("n1", "a")], [check("n1", alloc="a")]), pool=pool)
        return row["address"], row["member"]

    there = {"name": "n1", "address": "10.0.0.1", "status": "alive"}
    elsewhere = {"name": "n1", "address": "192.0.2.7", "status": "alive"}
    assert where([{"name": "n2", "address": "10.0.0.1", "status": "alive"}, there]) == ("10.0.0.1", True)
    assert where([elsewhere]) == ("192.0.2.7", True)
    assert where([elsewhere, there]) == ("10.0.0.1", True), "one of two members of that name"
    assert where([{"name": "n2", "address": "10.0.0.1", "status": "alive"}]) == ("10.0.0.1", False)
    assert where([there | {"status": "left"}]) == where([there | {"status": "failed"}]) == ("10.0.0.1", False)
    assert where(None) == where([]) == ("10.0.0.1", False)


@pytest.mark.parametrize("number", [3, 12])
def test_the_pool_is_scanned_once_for_any_number_of_nodes(number: int) -> None:
    class Pool(list):
        times = 0

        def __iter__(self):
            self.times += 1
            return super().__iter__()

    names = [f"n{index}" for index in range(number)]
    pool = Pool({"name": name, "address": "10.0.0.1", "status": "alive"} for name in names)
    rows = troubled(answered([instance(name, name) for name in names], [check(name, alloc=name) for name in names]), pool=pool)
    assert [row["member"] for row in rows] == [True] * number
    assert pool.times == 1


def test_no_trouble_without_an_answer() -> None:
    assert troubled(None) == troubled([]) == []


@pytest.mark.parametrize(("these", "kept"), [(None, 0), ([], 0), ([1, 2], 2), ([1, 2, 3], 0)])
def test_few_are_kept_and_many_are_none(these: list[int] | None, kept: int) -> None:
    assert len(few(these, 2)) == kept


def test_an_allocation_of_another_group_has_not_the_task() -> None:
    mine, other, unknown = alloc("a"), alloc("b", tasks=[task(name="worker")]), alloc("c", tasks=[])
    assert ids(with_task([mine, other, unknown], "app")) == ["a", "c"]


def test_a_missing_required_task_is_an_error_that_names_it() -> None:
    mine = alloc("a", tasks=[{"name": "app"}, {"name": "proxy"}])
    assert ids(with_task([mine], "app", required=True)) == ["a"]
    assert with_task([], "app", required=True) == with_task(None, "app", required=True) == []
    with pytest.raises(ValueError, match=r"no allocation of the job has a task 'ap'; there are: app, proxy"):
        with_task([mine], "ap", required=True)


def test_other_tasks_are_those_that_have_a_log_worth_reading() -> None:
    tasks = [
        task(name="litefs"),
        task(name="shop"),
        task(name="waits", state="pending", started_at=None),
        task(name="migrate", state="dead"),
        task(name="broken", state="dead", failed=True),
        task(name="looping", state="pending", restarts=3),
    ]
    found = other_tasks([alloc("a", tasks=tasks), alloc("b", tasks=[])], "litefs")
    assert [(one["id"], one["node"], one["namespace"], one["task"]) for one in found] == [
        ("a", "n1", "default", "shop"),
        ("a", "n1", "default", "broken"),
        ("a", "n1", "default", "looping"),
    ]
