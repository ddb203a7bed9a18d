from __future__ import annotations

import gzip
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.errors import DeliveryError, SpecError
from collector.replay import ExecExchange, HttpExchange, Recording
from collector.replay import recording as module
from collector.replay.recording import netloc
from tests.replay.recordings import CONSUL, INCIDENTS, NOMAD, answered, recording, unanswered, write_lines

META = {"source": "meta"}
HTTP = {"source": "nomad", "base": NOMAD, "path": "/v1/nodes", "status": 200, "body": "[]"}
EXEC = {"source": "exec", "alloc": "a", "task": "t", "argv": ["cat"], "rc": 0}

texts = st.text(st.characters(codec="utf-8"), max_size=20)
exchanges = st.builds(
    HttpExchange,
    source=st.sampled_from(["nomad", "consul", "litefs", "app"]),
    base=st.sampled_from([NOMAD, "https://[::1]:8501", "http://consul.example"]),
    path=texts,
    query=st.dictionaries(texts, texts | st.lists(texts, min_size=2, max_size=3).map(tuple), max_size=3),
    status=st.integers(100, 599),
    headers=st.dictionaries(st.sampled_from(["date", "x-nomad-index"]), texts),
    body=texts,
    seconds=st.floats(0, 10),
)
commands = st.builds(
    ExecExchange, texts, texts, st.lists(texts).map(tuple), st.none() | st.integers(0, 255), texts, texts, st.floats(0, 10)
)


@pytest.mark.parametrize("path", INCIDENTS, ids=lambda path: path.name)
def test_every_incident_that_ships_can_be_read(path):
    loaded = Recording.load(path)
    assert loaded.http
    assert loaded.meta["scenario"] == path.name.removesuffix(".jsonl.gz")
    assert netloc(loaded.base("nomad")).endswith(":4646")
    assert netloc(loaded.base("consul")).endswith(":8500")


@given(http=st.lists(exchanges, max_size=4), execs=st.lists(commands, max_size=4))
@settings(max_examples=50, deadline=None)
def test_what_is_saved_is_loaded_again(tmp_path_factory, http, execs):
    path = tmp_path_factory.mktemp("saved") / "recording.jsonl.gz"
    saved = Recording({"source": "meta", "scenario": "x"}, tuple(http), tuple(execs))
    saved.save(path)
    assert Recording.load(path) == saved


def test_a_failure_is_saved_with_its_error(tmp_path):
    recording(unanswered("/info", "refused: nobody listens")).save(tmp_path / "r.gz")
    assert Recording.load(tmp_path / "r.gz").http[0].error == "refused: nobody listens"


def test_a_recording_is_its_owners_and_the_same_each_time(tmp_path):
    for name in ("one.gz", "two.gz"):
        recording(answered("/v1/nodes", "[]")).save(tmp_path / name)
    assert stat.S_IMODE((tmp_path / "one.gz").stat().st_mode) == 0o600
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()


def test_a_recording_that_cannot_be_written_says_where_and_why(tmp_path):
    with pytest.raises(DeliveryError, match=r"missing/r\.gz: No such file"):
        recording().save(tmp_path / "missing" / "r.gz")


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        ([], 1, "the file is empty"),
        ([HTTP], 1, "source is 'nomad', expected 'meta'"),
        ([META | {"recorded_at": 1e300}], 1, "recorded_at is no moment"),
        ([META | {"recorded_at": "today"}], 1, "recorded_at is missing or of the wrong type"),
        ([META | {"endpoints": {"nomad": "nowhere"}}], 1, "'nowhere' is not an address"),
        ([META | {"endpoints": {"consul": "http://[::1"}}], 1, "Invalid IPv6 URL"),
        ([META, b"{"], 2, "not JSON"),
        ([META, b"[" * 100_000], 2, "not JSON"),
        ([META, [1]], 2, "not a JSON object"),
        ([META, b"\xff\xfe"], 2, "not JSON"),
        ([META, {}], 2, "source is missing or of the wrong type"),
        ([META, HTTP, HTTP | {"base": "nowhere"}], 3, "'nowhere' is not an address"),
        ([META, HTTP | {"base": "http://h:99999"}], 2, "Port out of range"),
        ([META, HTTP | {"base": 1}], 2, "base is missing"),
        ([META, HTTP | {"path": None}], 2, "path is missing"),
        ([META, HTTP | {"status": "200"}], 2, "status is missing"),
        ([META, HTTP | {"status": 7}], 2, "7 is not an HTTP status"),
        ([META, HTTP | {"status": True}], 2, "status is missing"),
        ([META, HTTP | {"query": [1]}], 2, "query is missing"),
        ([META, HTTP | {"query": {"a": [[1]]}}], 2, "query holds a value that is not text"),
        ([META, HTTP | {"headers": {"a": None}}], 2, "headers holds a value that is not text"),
        ([META, HTTP | {"body": {"a": 1}}], 2, "body is missing"),
        ([META, HTTP | {"seconds": 10**400}], 2, "a number of 401 digits"),
        ([META, EXEC | {"argv": "cat"}], 2, "argv is missing"),
        ([META, EXEC | {"argv": ["cat", 1]}], 2, "argv holds a value that is not text"),
        ([META, EXEC | {"rc": "0"}], 2, "rc is missing"),
    ],
)
def test_a_file_that_is_no_recording_is_rejected_with_its_line(tmp_path, lines, line, message):
    path = write_lines(tmp_path / "bad.gz", *lines)
    with pytest.raises(SpecError) as error:
        Recording.load(path)
    assert f"{path}:{line}:1" in str(error.value)
    assert message in str(error.value)


@pytest.mark.parametrize("content", [b"", b"plain text", gzip.compress(b"{}" * 1000, mtime=0)[:-20], b"\x1f\x8b\x08\x00garbage"])
def test_a_file_that_is_no_whole_gzip_is_rejected(tmp_path, content):
    path = tmp_path / "bad.gz"
    path.write_bytes(content)
    with pytest.raises(SpecError):
        Recording.load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SpecError, match=r"none\.gz.*No such file"):
        Recording.load(tmp_path / "none.gz")


@pytest.mark.parametrize("bound", ["MAX_LINE", "MAX_TOTAL"])
def test_a_bomb_is_rejected_before_it_is_unpacked(tmp_path, monkeypatch, bound):
    monkeypatch.setattr(module, bound, 1000)
    path = write_lines(tmp_path / "bomb.gz", META, HTTP | {"body": "x" * 10_000})
    with pytest.raises(SpecError, match="too large"):
        Recording.load(path)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("http://127.0.0.1:4646", "127.0.0.1:4646"),
        ("http://Consul.example", "consul.example:80"),
        ("https://consul.example/prefix", "consul.example:443"),
        ("http://[::1]:8500/", "[::1]:8500"),
    ],
)
def test_an_address_is_compared_with_its_port(base, expected):
    assert netloc(base) == expected


def test_the_servers_are_those_that_were_named_else_those_first_asked():
    exchanges = (answered("/a", base=LITEFS_LIKE), answered("/b", base=CONSUL, source="consul"))
    assert Recording({}, exchanges).base("consul") == CONSUL
    assert Recording({}, exchanges).base("litefs") is None
    assert Recording({"endpoints": {"consul": "http://other:1"}}, exchanges).base("consul") == "http://other:1"


LITEFS_LIKE = "http://127.0.0.6:4646"
