"""What can be tested of the lab without a cluster: its data, and its error messages."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
import yaml

from collector.rulebook import codes

from . import app, cluster, job, litefs
from .__main__ import main
from .faults import FAULTS
from .layout import loopback

LAYOUT = loopback(1, 3)


def test_every_fault_names_a_cause_that_the_collector_knows() -> None:
    assert {fault.code for fault in FAULTS.values()} <= set(codes())


def test_the_faults_are_listed_with_their_causes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults"]) == 0
    told = capsys.readouterr().out
    assert all(name in told and fault.code in told for name, fault in FAULTS.items())


@pytest.mark.parametrize("words", [["down"], ["heal"], ["fault", "app-crash"]])
def test_without_a_lab_it_says_how_to_get_one(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "HOME", tmp_path)
    assert main(words) == 1
    assert "make lab" in capsys.readouterr().err


def test_a_second_lab_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cluster, "HOME", tmp_path)
    cluster.Lab(LAYOUT, {}).save()
    assert main(["up"]) == 1
    assert "up already" in capsys.readouterr().err


def test_what_was_saved_is_what_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "HOME", tmp_path)
    lab = cluster.Lab(LAYOUT, {"litefs": "/usr/bin/litefs"}, {"consul/server1": 17})
    lab.save()
    assert cluster.Lab.load() == lab


def test_each_node_takes_its_own_configuration_from_the_one_template() -> None:
    lab = cluster.Lab(LAYOUT, {"litefs": "litefs"})
    wanted = lab.sample({"odroid2": {"lease": {"candidate": False}}})
    text = job.task(wanted)["Templates"][0]["EmbeddedTmpl"]
    parts = [part.split("}}\n", 1)[1] for part in text.split("{{ end }}") if part]
    told = [yaml.safe_load(part) for part in parts]
    assert [config["lease"]["hostname"] for config in told] == [node.name for node in LAYOUT.nodes]
    assert [config["lease"]["candidate"] for config in told] == [True, False, True]
    assert json.loads(json.dumps(wanted)) == wanted


def test_a_change_reaches_one_field_and_none_takes_one_out() -> None:
    base = litefs.configuration(LAYOUT, LAYOUT.nodes[0], consul_url="http://127.0.0.1:8500")
    changed = litefs.changed(base, {"lease": {"type": "static", "consul": None}})
    assert changed["lease"] == {name: value for name, value in base["lease"].items() if name != "consul"} | {"type": "static"}
    assert changed["fuse"] == base["fuse"]


def test_every_mode_that_a_fault_asks_for_is_one_of_the_application() -> None:
    tree = ast.parse(Path(__file__).with_name("faults").joinpath("__init__.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "jobs.app"]
    assert {ast.literal_eval(call.args[0]) for call in calls} <= set(app.MODES)
