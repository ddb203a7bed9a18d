import errno
import gzip
import json
import os
import stat
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.errors import DeliveryError, SettingsError
from collector.history import open_store, outlook
from collector.history import store as store_module
from collector.history.run import dump_run, load_run

from .documents import document, finding, gap, moment

CRASH = outlook(None, document(finding(), gaps=[gap()], unseen=["odroid9"], cluster={"job": {"version": 3}}))
HEALTHY = outlook(CRASH.run, document(at=moment(5)))


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "state", "navidrome")


def files(store):
    return sorted(store.directory.iterdir())


def test_a_kept_run_is_the_next_runs_past(store):
    store.keep(CRASH)
    assert store.earlier().run == load_run(json.loads(json.dumps(dump_run(CRASH.run))))
    assert outlook(store.earlier().run, document()).changes["findings"] == HEALTHY.changes["findings"]


def test_the_run_kept_last_counts_whatever_its_clock_said(store):
    store.keep(HEALTHY)
    store.keep(CRASH)
    assert store.earlier().run.started_at == CRASH.run.started_at < HEALTHY.run.started_at


def test_an_empty_store_has_no_earlier_run(store):
    assert store.earlier().run is None
    assert store.earlier().notes == ()


def test_a_mail_that_is_owed_makes_the_next_run_worth_a_mail(store):
    store.keep(CRASH, owed=True)
    assert outlook(store.earlier().run, document(finding(), gaps=[gap()])).changes["mail_worthy"]
    store.keep(CRASH)
    assert not outlook(store.earlier().run, document(finding(), gaps=[gap()])).changes["mail_worthy"]


def test_only_the_owner_can_read_what_is_kept(store, tmp_path):
    path = store.keep(CRASH)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(directory.stat().st_mode) for directory in (tmp_path / "state", store.directory)} == {0o700}


def test_no_quote_log_or_output_is_kept(store):
    secret = "s3cr3t-in-a-quote"
    told = document(finding(evidence=[{"quote": secret}], detail=secret, commands=[secret]))
    path = store.keep(outlook(None, {**told, "details": [{"logs": [secret]}], "timeline": [secret]}))
    assert secret not in gzip.decompress(path.read_bytes()).decode()


def test_at_most_fifty_runs_are_kept_the_newest(store):
    for _ in range(53):
        store.keep(CRASH)
    assert [int(path.name.split("-")[0]) for path in files(store)] == list(range(4, 54))


def test_runs_older_than_thirty_days_go_but_the_newest_stays(store, monkeypatch):
    old, _, newest = store.keep(CRASH), store.keep(CRASH), store.keep(CRASH)
    month_ago = old.stat().st_mtime - 31 * 86400
    os.utime(old, (month_ago, month_ago))
    os.utime(newest, (month_ago, month_ago))
    assert old not in files(open_and_keep(store))


def open_and_keep(store):
    store.keep(HEALTHY)
    return store


def test_a_killed_runs_partial_file_is_ignored_and_removed(store):
    fresh = store.directory / ".00000001-aa.json.gz.ffffffffffff.tmp"
    stale = store.directory / ".00000001-bb.json.gz.ffffffffffff.tmp"
    fresh.write_bytes(b"half")
    stale.write_bytes(b"half")
    os.utime(stale, (1, 1))
    assert store.earlier() == type(store.earlier())(None, ())
    store.keep(CRASH)
    assert fresh.exists()
    assert not stale.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not gzip",
        gzip.compress(b"{", mtime=0),
        gzip.compress(b"[" * 100_000, mtime=0),
        gzip.compress(b'{"format": 99}', mtime=0),
        gzip.compress(b'{"format": 1}', mtime=0),
        gzip.compress(b"null", mtime=0),
        gzip.compress(json.dumps({**dump_run(CRASH.run), "findings": [1]}).encode(), mtime=0),
        gzip.compress(json.dumps({**dump_run(CRASH.run), "more": 1}).encode(), mtime=0),
        gzip.compress(b"\xff\xfe", mtime=0),
    ],
)
def test_a_damaged_file_is_left_out_with_a_note_and_the_one_before_is_used(store, content):
    store.keep(CRASH)
    damaged = store.keep(HEALTHY)
    damaged.write_bytes(content)
    earlier = store.earlier()
    assert earlier.run.started_at == CRASH.run.started_at
    assert len(earlier.notes) == 1
    assert str(damaged) in earlier.notes[0]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_file_is_believed_or_raised(store, data):
    path = store.keep(CRASH)
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    torn = data.draw(st.booleans())
    path.write_bytes(whole[:place] if torn else whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :])
    earlier = store.earlier()
    path.unlink()
    assert earlier.run is None or json.loads(json.dumps(dump_run(earlier.run))) == json.loads(gzip.decompress(whole)) or earlier.notes


def test_an_unreadable_file_is_left_out_with_a_note(store):
    (store.directory / "00000001-aaaaaaaa.json.gz").mkdir()
    earlier = store.earlier()
    assert earlier.run is None
    assert "Is a directory" in earlier.notes[0]


def test_two_runs_at_once_keep_both(store):
    start = threading.Barrier(8)

    def run():
        start.wait()
        for _ in range(5):
            store.earlier()
            store.keep(CRASH)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(files(store)) == 40
    assert store.earlier().notes == ()
    assert all(path.name.endswith(".json.gz") for path in files(store))


def test_specs_and_scopes_are_kept_apart(tmp_path):
    pairs = [
        ("navidrome", ""),
        ("navidrome", "limit=odroid8"),
        ("../../etc", ""),
        ("a/b", ""),
        ("a-b", ""),
        ("", ""),
        ("x" * 500, ""),
        ("ä\udcff", ""),
    ]
    directories = {open_store(tmp_path, *pair).directory for pair in pairs}
    assert len(directories) == len(pairs)
    assert {directory.parent for directory in directories} == {tmp_path}


def test_a_state_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"state directory .*file.* cannot be used: .*file is a file, not a directory"):
        open_store(tmp_path / "file", "navidrome")


def test_a_full_disk_is_a_delivery_error_that_says_so(store, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store_module, "write_atomic", full)
    with pytest.raises(DeliveryError, match=r"cannot be kept in .*: No space left on device"):
        store.keep(CRASH)
