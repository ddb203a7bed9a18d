"""Delivery of the report under obstacles."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.commands import diagnose, record
from collector.replay import Recording
from tests.deliver.servers import ping_server
from tests.e2e.incidents import SPEC
from tests.hostile.faults import answer
from tests.hostile.proxy import Spoiler, everywhere
from tests.hostile.run import call, cluster


def test_a_bundle_that_does_not_fit_on_the_disk_does_not_cost_the_report() -> None:
    with cluster("app-crash") as (_proxy, environ):
        done = call("diagnose", SPEC, "-q", "--bundle", "/dev/full", environ=environ)
    assert done.code == 70
    assert "cannot write the bundle /dev/full: No space left on device" in done.stderr
    assert done.stdout.startswith("navidrome  CRITICAL")


@pytest.mark.parametrize("words", [("diagnose", SPEC, "--bundle"), ("record", SPEC)], ids=["a bundle", "a recording"])
def test_a_file_in_a_directory_that_is_not_there_is_wrong_usage_before_anything_is_asked(words: tuple[str, ...], tmp_path: Path) -> None:
    with cluster("app-crash") as (proxy, environ):
        done = call(*words, str(tmp_path / "nowhere" / "run.gz"), environ=environ)
    assert done.code == 64
    assert f"there is no directory {tmp_path}/nowhere" in done.stderr
    assert proxy.replay.asked == []


FILES = [("diagnose", SPEC, "--out"), ("diagnose", SPEC, "--bundle"), ("record", SPEC)]


@pytest.mark.parametrize("words", FILES, ids=["a report", "a bundle", "a recording"])
def test_a_directory_in_place_of_a_file_is_told_before_anything_is_asked(words: tuple[str, ...], tmp_path: Path) -> None:
    with cluster("app-crash") as (proxy, environ):
        done = call(*words, str(tmp_path), environ=environ)
    assert (done.code, done.stdout) == (64, "")
    assert f"cannot write {tmp_path}: it is a directory" in done.stderr
    assert proxy.replay.asked == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_state_directory_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with cluster("app-crash") as (proxy, environ):
        done = call("diagnose", SPEC, "--state", str(tmp_path / "state"), environ=environ)
    assert done.code == 78
    assert "is a file, not a directory" in done.stderr
    assert proxy.replay.asked == []


def test_a_bug_of_the_collector_is_reported_to_the_dead_man_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(_bundle: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(diagnose, "conclude", bug)
    spec = tmp_path / "spec.yml"
    with ping_server() as server, cluster("app-crash") as (_proxy, environ):
        report = f"report: [{{ping: {{url: 'http://127.0.0.1:{server.server_port}/uuid'}}}}]"
        spec.write_text(f"version: 1\nname: own\ncollect: [{{name: a, nomad_nodes: {{}}}}]\n{report}\n", "utf-8")
        done = call("diagnose", str(spec), environ=environ)
        told = [path.partition("?")[0] for _method, path, _body in server.told]
    assert done.code == 70
    assert told == ["/uuid/start", "/uuid/70"]


def test_an_interrupted_recording_keeps_the_exchanges_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_recorder: object, *, deadline: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(record, "crawl", interrupted)
    with cluster("app-crash") as (_proxy, environ):
        done = call("record", SPEC, str(tmp_path / "run.gz"), environ=environ)
    assert done.code == 0
    assert Recording.load(tmp_path / "run.gz").http


def test_a_recording_of_refusals_says_that_it_is_one(tmp_path: Path) -> None:
    refused = Spoiler(everywhere, answer(b"Permission denied", "403 Forbidden"))
    with cluster("app-crash", refused) as (_proxy, environ):
        done = call("record", SPEC, str(tmp_path / "run.gz"), environ=environ)
    assert done.code == 0
    assert "(all of them refusals, errors or none at all)" in done.stderr
    with cluster("healthy") as (_proxy, environ):
        done = call("record", SPEC, str(tmp_path / "run.gz"), environ=environ)
    assert "all of them" not in done.stderr
