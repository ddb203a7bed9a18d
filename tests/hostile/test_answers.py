"""Random changes to a cluster's answers, and random text in place of a spec: never an internal error."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path as File

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.replay import HttpExchange, Recording
from collector.resources import spec_path
from tests.hostile.mutate import Path, changed, mutations, paths
from tests.hostile.run import BUGS, call, check_sound, diagnose, recorded

INCIDENTS = ("app-crash", "no-leader", "cluster-id", "exhausted", "template-blocked", "orphan-service", "nomad-client-down")
ASKED = ("/v1/", "/debug/vars")
UNHURRIED = [HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.function_scoped_fixture]


@cache
def places(incident: str) -> Sequence[tuple[int, Path]]:
    """Return every position in every JSON answer of a recording: (exchange, path)."""
    return [(number, path) for number, exchange in enumerate(recorded(incident).http) for path in _paths_of(exchange)]


def _paths_of(exchange: HttpExchange) -> list[Path]:
    if exchange.status != 200 or not exchange.path.startswith(ASKED):
        return []
    try:
        return paths(json.loads(exchange.body))
    except ValueError:
        return []


def spoil(recording: Recording, number: int, data: st.DataObject) -> Recording:
    """Return the recording with some values changed in one exchange and all others with the same path."""
    chosen = recording.http[number]
    if not (places_left := _paths_of(chosen)):
        return recording
    steps = data.draw(mutations(places_left))
    http = [
        replace(exchange, body=json.dumps(changed(json.loads(exchange.body), steps))) if _same(exchange, chosen) else exchange
        for exchange in recording.http
    ]
    return replace(recording, http=tuple(http))


def _same(exchange: HttpExchange, chosen: HttpExchange) -> bool:
    return exchange.path == chosen.path and exchange.status == chosen.status and bool(_paths_of(exchange))


@settings(max_examples=40, deadline=None, suppress_health_check=UNHURRIED)
@given(incident=st.sampled_from(INCIDENTS), data=st.data())
def test_changed_answers_give_a_report(incident: str, data: st.DataObject) -> None:
    recording = recorded(incident)
    for _ in range(data.draw(st.integers(1, 3))):
        number = data.draw(st.sampled_from(places(incident)))[0]
        recording = spoil(recording, number, data)
    check_sound(diagnose(recording, deadline="10s"))


SPEC = File(spec_path("navidrome")).read_text("utf-8")
FRAGMENTS = (
    "{{", "}}", "{% for x in y %}", "!!python/object:os.system", "&a", "*a", "<<: *a", "- ", ": ", "\t", "\n", "[", "{", "'", '"', "|", ">",
    "null", "1e400", "item", "loop:", "when:", "vars:", "\x00", "é☃", "#", "? ", "---", "%YAML 9", "0x10", "~", "=",
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=UNHURRIED)
@given(data=st.data())
def test_a_damaged_spec_is_refused_with_its_place_or_accepted(data: st.DataObject, tmp_path: File) -> None:
    text = SPEC
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 40))
        text = text[:at] + data.draw(st.sampled_from(FRAGMENTS)) + text[at + cut :]
    check_linted(text, tmp_path)


@settings(max_examples=150, deadline=None, suppress_health_check=UNHURRIED)
@given(text=st.one_of(st.text(max_size=300), st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join)))
def test_any_text_is_refused_as_a_spec(text: str, tmp_path: File) -> None:
    assert check_linted(text, tmp_path) == 78


def check_linted(text: str, tmp_path: File) -> int:
    path = tmp_path / "spec.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    run = call("lint", str(path), environ={"PATH": ""})
    assert run.code in {0, 64, 78}, (run.code, run.stderr)
    assert not BUGS.search(run.stderr), run.stderr
    return 78 if run.code == 64 else run.code


BOMBS = {
    "aliases": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    "an alias of itself": "a: &a [*a]\n",
    "a merge of itself": "a: &a\n  <<: *a\n",
    "deep": "[" * 5000,
    "deep mappings": "".join(" " * n + "a:\n" for n in range(2000)),
    "a long number": "version: " + "9" * 100_000,
    "an octal bomb": "version: 0o" + "7" * 100_000,
    "sexagesimal": "version: " + "1:" * 20_000 + "1",
    "many documents": "--- {}\n" * 10_000,
    "a tag that runs": "!!python/object/apply:os.system ['touch owned']",
    "an expression that never ends": SPEC + "\nx: ''",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_spec_that_is_a_bomb_is_refused(name: str, tmp_path: File) -> None:
    assert check_linted(BOMBS[name], tmp_path) == 78


LOOPS = [
    "{{ range(10**12) | list }}",
    "{{ 'a' * 10**10 }}",
    "{{ [0] * 10**10 }}",
    "{{ 10 ** 10 ** 10 }}",
    "{{ 'x'.__class__.__mro__ }}",
    "{{ ''.join(['a'] * 10**9) }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ '{:>1000000000}'.format(1) }}",
    "{{ cycler.__init__.__globals__ }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "{{ 'a' | center(10**10) }}",
    "{{ lipsum(n=10**6) }}",
]


@pytest.mark.parametrize("expression", LOOPS)
def test_an_expression_cannot_eat_the_machine(expression: str, tmp_path: File) -> None:
    path = tmp_path / "spec.yml"
    quoted = json.dumps(expression)
    path.write_text(f"version: 1\nname: x\ncollect:\n  - name: one\n    nomad_job: {{job: {quoted}}}\n    loop: {quoted}\n", "utf-8")
    run = call("diagnose", str(path), "-o", "json", "--deadline", "3s", environ={"PATH": "", "NOMAD_ADDR": "http://127.0.0.1:1"})
    assert run.code in {3, 64, 78}, (run.code, run.stderr)
    assert not BUGS.search(run.stderr + run.stdout)
