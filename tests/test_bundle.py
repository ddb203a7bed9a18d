from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.bundle import dump_bundle, load_bundle
from collector.errors import SpecError
from collector.model import Attempt, Bundle, Result, Status, Target

RESULT = Result(
    id="nomad_logs@odroid8",
    task="Logs",
    kind="nomad_logs",
    target=Target(node="odroid8", alloc="a" * 36, task="navidrome"),
    status=Status.OK,
    rung="api",
    data={"lines": ["ä\n", "x"]},
    attempts=(Attempt("api", Status.OK, "", 0.1, ("GET http://127.0.0.1:4646/v1/x",)),),
    started_at=10.0,
    seconds=0.1,
    date=11.0,
)
BUNDLE = Bundle(
    spec={"name": "s", "path": "s.yml", "sha256": "0" * 64, "commit": None},
    vars={"job": "navidrome"},
    thresholds={"lag_warning": 3.0},
    rules=({"code": "x"},),
    expect={},
    started_at=9.0,
    seconds=1.0,
    results=(RESULT, RESULT._replace(id="b", status=Status.BUDGET, rung=None, data=None, date=None)),
    planned=2,
    endpoints={"nomad": "http://127.0.0.1:4646"},
    version="0.1.0",
    redactions={"token": 1},
)


def load(raw: bytes) -> Bundle:
    return load_bundle(io.BytesIO(raw), "b.json")


@pytest.mark.parametrize("compress", [False, True])
def test_a_bundle_comes_back_as_it_was_saved(compress: bool) -> None:
    assert load(dump_bundle(BUNDLE, compress=compress)) == BUNDLE


def test_equal_bundles_are_equal_files() -> None:
    assert dump_bundle(BUNDLE, compress=True) == dump_bundle(load(dump_bundle(BUNDLE, compress=False)), compress=True)


def without(*path: Any) -> bytes:
    document = json.loads(dump_bundle(BUNDLE, compress=False))
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return json.dumps(document).encode()


def having(value: Any, *path: Any) -> bytes:
    document = json.loads(dump_bundle(BUNDLE, compress=False))
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"format": 1,\n "vars": oops}', "b.json:2:10: $: is not JSON: Expecting value"),
        (b'{"format": NaN}', "not JSON"),
        (b"\x1f\x8bnot gzip", "cannot be read"),
        (having(2, "format"), "format 2"),
        (without("results"), "results"),
        (having("fine", "results", 0, "status"), "$.results[0].status"),
        (having("odroid8", "results", 0, "target"), "$.results[0].target"),
        (having({"a": 1}, "results", 0, "attempts"), "$.results[0].attempts"),
        (having("../../etc", "results", 0, "surprise"), "$.results[0]"),
        (having(-1, "started_at"), "$.started_at"),
        (having("none", "spec", "commit"), "$.spec.commit"),
        (having(3.5, "expect", "nodes"), "$.expect.nodes"),
        (having([{}], "expect", "nodes"), "$.expect.nodes"),
        (having("3", "expect", "instances"), "$.expect.instances"),
        (having(True, "expect", "services"), "$.expect.services"),
        (having([1], "expect", "limit"), "$.expect.limit"),
    ],
)
def test_a_file_that_is_no_bundle_is_refused_with_the_place(raw: bytes, says: str) -> None:
    with pytest.raises(SpecError, match=r"b\.json") as refused:
        load(raw)
    assert says in str(refused.value)


CUT = {"gzip": (dump_bundle(BUNDLE, compress=True), 5), "JSON": (dump_bundle(BUNDLE, compress=False), 1)}


@pytest.mark.parametrize("form", CUT)
def test_a_truncated_file_is_reported_as_such_wherever_it_ends(form: str) -> None:
    whole, least = CUT[form]
    for end in range(least, len(whole)):
        with pytest.raises(SpecError, match=r"b\.json:1:1: \$: the file ends in the middle \(was it copied in part\?\)"):
            load(whole[:end])


def test_a_gzip_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collector.bundle.MAX_BYTES", 1000)
    with pytest.raises(SpecError, match="larger than"):
        load(gzip.compress(b" " * 1_000_000))


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_or_read(raw: bytes) -> None:
    with pytest.raises(SpecError):
        load(raw)
