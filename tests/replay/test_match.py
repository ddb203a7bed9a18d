from __future__ import annotations

import base64
import json

import pytest

from collector.replay.derive import derive
from collector.replay.match import Index
from tests.replay.recordings import CONSUL, LITEFS, NOMAD, answered, recording, unanswered

NOMAD_AT, CONSUL_AT, LITEFS_AT = "127.0.0.1:4646", "127.0.0.1:8500", "127.0.0.8:20202"
LOGS = "/v1/client/fs/logs/a"
RECORDED = recording(
    answered("/v1/allocations", "plain"),
    answered("/v1/allocations", "everywhere", namespace="*"),
    answered("/v1/allocations", "full", namespace="*", resources="true", task_states="true"),
    answered(LOGS, "stderr", task="web", type="stderr", plain="true", origin="end", offset="65536"),
    answered(LOGS, "stdout", task="web", type="stdout", plain="true", origin="end", offset="65536"),
    answered(LOGS, "frames", task="web", type="stderr", plain="false", origin="end", offset="65536"),
    answered("/v1/job/a%2Fb", "a job with a slash"),
)


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/v1/allocations", {}, "plain"),
        ("/v1/allocations", {"namespace": "*"}, "everywhere"),
        ("/v1/allocations", {"namespace": "default", "per_page": "100"}, "plain"),
        ("/v1/allocations", {"task_states": "True", "resources": "1", "namespace": "*", "filter": 'JobID == "web"'}, "full"),
        ("/v1/allocations", {"task_states": "true", "resources": "true", "namespace": "default", "per_page": "9"}, "full"),
        (LOGS, {"task": "web", "type": "stderr", "plain": "true"}, "stderr"),
        (LOGS, {"task": "web", "type": "stdout", "plain": "true", "offset": "100", "origin": "end", "follow": "false"}, "stdout"),
        (LOGS, {"task": "web", "type": "stderr"}, "frames"),
        (LOGS, {"task": "sidecar", "type": "stderr", "plain": "true"}, None),
        ("/v1/job/a%2Fb", {"namespace": "default"}, "a job with a slash"),
        ("/v1/nodes", {}, None),
    ],
)
def test_the_nearest_recorded_query_answers_and_never_that_of_another_subject(path, query, expected):
    found = Index(RECORDED).answer("GET", NOMAD_AT, path, query)
    assert (found and found.body) == expected


def test_a_parameter_with_two_values_is_another_question_than_with_one_of_them():
    asked = recording(answered("/ping", "both", tag=("a", "b")), answered("/ping", "one", tag="b"))
    for query, expected in (({"tag": ("a", "b")}, "both"), ({"tag": "b"}, "one"), ({"tag": ("b", "a")}, "both")):
        assert Index(asked).answer("GET", NOMAD_AT, "/ping", query).body == expected


@pytest.mark.parametrize(("method", "address"), [("POST", NOMAD_AT), ("GET", "127.0.0.1:4647"), ("GET", "127.0.0.2:4646")])
def test_another_method_or_address_is_another_request(method, address):
    assert Index(RECORDED).answer(method, address, "/v1/allocations", {}) is None


def test_what_was_asked_twice_is_answered_in_that_order_and_stays():
    index = Index(recording(answered("/metrics", "1"), answered("/metrics", "2"), answered("/metrics", "other", name="x")))
    asked = [index.answer("GET", NOMAD_AT, "/metrics", {}).body for _ in range(4)]
    assert asked == ["1", "2", "2", "2"]


def test_an_api_behind_a_path_prefix_is_asked_with_it():
    index = Index(recording(answered("/v1/nodes", "[]", base=f"{NOMAD}/nomad/")))
    assert index.answer("GET", NOMAD_AT, "/nomad/v1/nodes", {}) is not None
    assert index.answer("GET", NOMAD_AT, "/v1/nodes", {}) is None


def _entry(key, value):
    return {"Key": key, "Value": base64.b64encode(value.encode()).decode(), "LockIndex": 1}


KV = answered(
    "/v1/kv/litefs",
    json.dumps([_entry("litefs/web", "lease"), _entry("litefs/web/clusterid", "LFSC1")]),
    base=CONSUL,
    source="consul",
    headers={"x-consul-index": "7"},
    recurse="true",
)
CATALOG = answered("/v1/catalog/services", '{"web": [], "consul": []}', base=CONSUL, source="consul")


@pytest.mark.parametrize(
    ("path", "query", "status", "keys"),
    [
        ("/v1/kv/litefs/web/clusterid", {}, 200, ["litefs/web/clusterid"]),
        ("/v1/kv/litefs/web", {"recurse": "1"}, 200, ["litefs/web", "litefs/web/clusterid"]),
        ("/v1/kv/litefs/web", {"dc": "dc1"}, 200, ["litefs/web"]),
        ("/v1/kv/litefs/other", {}, 404, None),
    ],
)
def test_a_recursive_answer_proves_which_keys_are_there_and_which_are_not(path, query, status, keys):
    found = derive(Index(recording(KV)), CONSUL_AT, path, query)
    assert found.status == status
    assert found.headers == {"x-consul-index": "7"}
    assert keys is None or [row["Key"] for row in json.loads(found.body)] == keys


def test_a_raw_key_is_its_value():
    assert derive(Index(recording(KV)), CONSUL_AT, "/v1/kv/litefs/web/clusterid", {"raw": ""}).body == "LFSC1"


@pytest.mark.parametrize(
    ("path", "query"),
    [("/v1/kv/elsewhere", {}), ("/v1/kv/litefs/web", {"keys": "true"}), ("/v1/health/service/web", {}), ("/v1/agent/self", {})],
)
def test_what_the_recording_does_not_prove_is_unknown(path, query):
    assert derive(Index(recording(KV, CATALOG)), CONSUL_AT, path, query) is None


def test_a_recursion_that_found_nothing_proves_that_no_key_is_there():
    nothing = answered("/v1/kv/litefs", base=CONSUL, source="consul", status=404, recurse="true")
    assert derive(Index(recording(nothing)), CONSUL_AT, "/v1/kv/litefs/web", {}).status == 404


def test_a_service_that_the_catalog_does_not_list_has_no_instances():
    for path in ("/v1/health/service/gone", "/v1/catalog/service/gone", "/v1/health/checks/gone"):
        found = derive(Index(recording(CATALOG)), CONSUL_AT, path, {})
        assert (found.status, found.body) == (200, "[]")


@pytest.mark.parametrize("path", ["/info", "/v1/kv/a", "/v1/health/service/web"])
def test_without_any_recorded_answer_there_is_none(path):
    silent = recording(unanswered("/metrics", "refused: x"), unanswered("/debug/vars", "refused: x"))
    assert derive(Index(silent), LITEFS_AT, path, {}).error == "refused: x"


def test_one_answer_among_failures_proves_nothing_for_other_paths():
    mixed = recording(unanswered("/metrics", "timeout: x"), answered("/info", "{}", base=LITEFS))
    assert derive(Index(mixed), LITEFS_AT, "/debug/vars", {}) is None


@pytest.mark.parametrize("body", ["", "no JSON", "[" * 100_000, '{"a": 1}', "[1]", "[{}]", "[null]", '[{"Key": 7}]'])
def test_a_strange_body_proves_nothing(body):
    strange = recording(
        answered("/v1/kv/litefs", body, base=CONSUL, recurse="true"), answered("/v1/catalog/services", body.replace("{", "["), base=CONSUL)
    )
    assert derive(Index(strange), CONSUL_AT, "/v1/kv/litefs/web", {}) is None
    assert derive(Index(strange), CONSUL_AT, "/v1/health/service/web", {}) is None


@pytest.mark.parametrize("value", [None, 7, "%%%"])
def test_a_strange_value_is_served_as_nothing(value):
    strange = recording(answered("/v1/kv/a", json.dumps([{"Key": "a/b", "Value": value}]), base=CONSUL, recurse="true"))
    derived = derive(Index(strange), CONSUL_AT, "/v1/kv/a/b", {"raw": "true"})
    assert derived.status == 200
