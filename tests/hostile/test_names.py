"""A name is whatever somebody typed: it finds its way into paths, queries and arguments and out again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collector.replay import Recording
from collector.resources import spec_path
from tests.hostile.faults import changed
from tests.hostile.places import SYSTEMS
from tests.hostile.proxy import Spoiler
from tests.hostile.run import call, check_sound, cluster, diagnose

NAMES = [
    "a/b",
    "a?b=c",
    "a#b",
    "a b",
    "a%2Fb",
    "a&b=c",
    "a;b",
    "a+b",
    "é☃",
    "a'b\"c",
    "$(touch x)",
    "-flag",
    "..a",
    "a\\b",
    "{{ x }}",
    "<b>",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_job_of_any_name_is_diagnosed_like_any_other(name: str) -> None:
    words = ["-e", f"job={name}", "-e", f"service={name}", "-e", f"task={name}"]
    plain = diagnose("app-500")
    run = diagnose("app-500", None, *words, rename=("navidrome", name))
    check_sound(run)
    assert not [asked for asked in run.asked if not asked.known]
    assert (run.code, run.codes) == (plain.code, plain.codes)
    assert len(run.report["items"]) == len(plain.report["items"])


@pytest.mark.parametrize("name", NAMES)
def test_a_node_of_any_name_is_a_node(name: str) -> None:
    plain = diagnose("app-500")
    run = diagnose("app-500", rename=("odroid8", name))
    check_sound(run)
    assert (run.code, run.codes) == (plain.code, plain.codes)
    assert len(run.report["nodes"]) == len(plain.report["nodes"])


ADDRESSES = [
    "127.0.0.8:20202/promote?",
    "127.0.0.8/halt#",
    "127.0.0.8%0d%0aX: y",
    "u:p@127.0.0.8",
    "127.0.0.8\r\nX: y",
    "127.0.0.8%eth0",
    "[::1",
    "\x00",
    "é☃",
    "a" * 300,
    "-oProxyCommand=x",
    " ",
    "http://127.0.0.8",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_of_the_clusters_cannot_turn_a_request_into_another(address: str) -> None:
    run = diagnose(
        "app-crash", Spoiler(SYSTEMS["everything"], changed(lambda body: body.replace("127.0.0.8", _spelled(address)))), deadline="10s"
    )
    check_sound(run)
    assert not [asked for asked in run.asked if asked.path.startswith(("/promote", "/halt", "/evil"))]
    assert not [asked for asked in run.asked if "X:" in asked.netloc]


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_recorded_of_odd_addresses_can_be_replayed(address: str, tmp_path: Path) -> None:
    path = tmp_path / "recording.jsonl.gz"
    with cluster("app-crash", Spoiler(SYSTEMS["everything"], changed(lambda body: body.replace("127.0.0.8", _spelled(address))))) as (
        _,
        environ,
    ):
        run = call("record", str(spec_path("navidrome")), str(path), environ=environ)
    assert run.code == 0, run.stderr
    check_sound(diagnose(Recording.load(path)))


def _spelled(text: str) -> str:
    return json.dumps(text)[1:-1]
