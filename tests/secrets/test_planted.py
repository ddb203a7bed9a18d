"""No secret in a cluster, its servers, its logs or its environment leaves the collector."""

from __future__ import annotations

import gzip
import json
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from collector.replay import Recording
from collector.resources import spec_path
from tests.deliver.servers import Box, free_port, mail_server
from tests.hostile.run import Run, call, cluster, recorded
from tests.secrets.plant import SHAPES, Planter
from tests.secrets.search import PLACES, Haystack

TOKENS = {
    "NOMAD_TOKEN": "5b9c1f0e-77aa-4d1e-9b1a-0f1e2d3c4b5a",
    "CONSUL_HTTP_TOKEN": "c0ffee12-0d15-4ea5-8bad-facefeed0001",
    "COLLECTOR_SMTP_PASSWORD": "smtp/pass+word&42",
    "NOMAD_HTTP_AUTH": "robot:nomad-basic-77",
    "CONSUL_HTTP_AUTH": "robot:consul-basic-88",
}
OWN = {value.rpartition(":")[2]: f"the environment's own {name}" for name, value in TOKENS.items()}
FORMS = ("text", "json", "html", "markdown", "junit", "nagios", "prometheus")
SPEC = str(spec_path("navidrome"))
SPY = """\
tr '\\0' ' ' < /proc/$$/cmdline >> "{directory}/cmdline"
tr '\\0' '\\n' < /proc/$$/environ >> "{directory}/environ"
cat "{directory}/said" >&2
cat "{directory}/said"
exit 1
"""


@dataclass
class Scene:
    """A cluster full of secrets, and everything produced from it."""

    planter: Planter
    haystack: Haystack
    runs: dict[str, Run]
    directory: Path
    letters: int

    @property
    def secrets(self) -> Mapping[str, str]:
        return {**self.planter.planted, **OWN}


def full_of_secrets(planter: Planter, change: Callable[[str, str], str], *, broken: bool) -> Recording:
    """Return the crash with secrets in its answers; `broken`: LiteFS and the agents refuse, so that tasks are queried from within."""
    recording = recorded("app-crash")
    http = []
    for exchange in recording.http:
        if exchange.status is None:
            http.append(replace(exchange, error=exchange.error + planter.piece("an error's text")))
        elif broken and exchange.base.endswith((":20202", ".8:8500")):
            http.append(replace(exchange, status=500, body=planter.piece(f"HTTP 500 of {exchange.path}")))
        else:
            http.append(replace(exchange, body=change(exchange.path, exchange.body)))
    return replace(recording, http=tuple(http))


@pytest.fixture(scope="module", params=["texts that say something", "texts that say something, LiteFS broken", "every text"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    directory = tmp_path_factory.mktemp("secrets")
    planter = Planter(own=tuple(OWN))
    change = planter.everywhere if request.param == "every text" else planter.body
    recording = full_of_secrets(planter, change, broken=request.param.endswith("broken"))
    (directory / "said").write_text("\n".join(planter.piece("a command") for _ in SHAPES))
    with cluster(recording, command=SPY.format(directory=directory)) as (proxy, reach):
        made = Scene(planter, Haystack(), {}, directory, 0)
        _run_everything(made, {**reach, **TOKENS})
        made.haystack.add("requests", *(f"{asked.netloc} {asked.path}" for asked in proxy.replay.asked))
    made.haystack.add("arguments", *(path.read_bytes() for path in directory.glob("cmdline")))
    made.haystack.add("environment", *(path.read_bytes() for path in directory.glob("environ")))
    return made


def _run_everything(scene: Scene, environ: dict[str, str]) -> None:
    """Run each way in which the collector writes anything."""
    for form in ("text", "json"):
        _keep(scene, "stdout", form, call("diagnose", SPEC, "-o", form, "-v", "-v", environ=environ))
    _keep(scene, "check", "check", call("diagnose", SPEC, "--check", environ=environ))
    _deliver(scene, environ)
    _record(scene, environ)
    for form in FORMS:
        _keep(
            scene,
            "analyze",
            f"analyze {form}",
            call("analyze", str(scene.directory / "files" / "bundle.json"), "-o", form, environ=environ),
        )
    for form in ("text", "json"):
        bundles = [str(scene.directory / "files" / name) for name in ("bundle.json", "bundle.json.gz")]
        _keep(scene, "diff", f"diff {form}", call("diff", *bundles, "-o", form, environ=environ))


def _keep(scene: Scene, place: str, name: str, run: Run) -> None:
    assert run.code in {0, 1, 2, 3}, (name, run.code, run.stderr)
    scene.runs[name] = run
    scene.haystack.add(place, run.stdout)
    scene.haystack.add("stderr", run.stderr)


def _deliver(scene: Scene, environ: dict[str, str]) -> None:
    """Deliver to files, state and mail; then a mail that nobody accepts."""
    files = scene.directory / "files"
    files.mkdir()
    box = Box()
    words = ["diagnose", SPEC, "-v", "-v", "--mail-to", "ops@example.com", "--state", str(files / "state"), "-o", "html"]
    with mail_server(box) as port:
        mail = {"COLLECTOR_SMTP_URL": f"smtp://127.0.0.1:{port}", "COLLECTOR_MAIL_FROM": "collector@example.com"}
        for bundle in ("bundle.json", "bundle.json.gz"):
            run = call(*words, "--out", str(files / "out.html"), "--bundle", str(files / bundle), "-D", environ={**environ, **mail})
            _keep(scene, "stdout", bundle, run)
    scene.letters = len(box.letters)
    for letter in box.letters:
        scene.haystack.add_mail("mail", letter.content)
    scene.haystack.add("bundle", (files / "bundle.json").read_bytes(), gzip.decompress((files / "bundle.json.gz").read_bytes()))
    scene.haystack.add("out", (files / "out.html").read_bytes())
    lost = call(*words, environ={**environ, **mail, "COLLECTOR_SMTP_URL": f"smtp://robot@127.0.0.1:{free_port()}"})
    assert lost.code == 70
    scene.haystack.add("stderr", lost.stderr)
    scene.haystack.add_tree("state", files / "state")
    for kept in (files / "state").rglob("*.eml"):
        scene.haystack.add_mail("undelivered", kept.read_bytes())


def _record(scene: Scene, environ: dict[str, str]) -> None:
    path = scene.directory / "files" / "recording.jsonl.gz"
    run = call("record", SPEC, str(path), environ=environ)
    assert run.code == 0, run.stderr
    scene.haystack.add("stderr", run.stderr)
    scene.haystack.add("recording", gzip.decompress(path.read_bytes()))


def test_no_secret_is_anywhere(scene: Scene) -> None:
    assert len(scene.planter.planted) > 100
    assert scene.haystack.found(scene.secrets, but=["environment"]) == []


def test_every_place_was_searched(scene: Scene) -> None:
    searched = {place for place, pieces in scene.haystack.pieces.items() if any(pieces)}
    assert set(PLACES) - searched <= {"bug", "arguments", "environment"}
    assert scene.letters == 2


def test_a_command_has_no_token_in_its_arguments_and_only_nomads_in_its_environment(scene: Scene) -> None:
    others = {secret: where for secret, where in OWN.items() if "NOMAD" not in where}
    only = Haystack({place: scene.haystack.pieces[place] for place in ("arguments", "environment")})
    assert only.found(others) == []
    assert only.found(OWN, but=["environment"]) == []


def test_what_was_planted_was_read(scene: Scene) -> None:
    """Otherwise nothing would be proved: the report counts what was redacted, by rule."""
    report = json.loads(scene.runs["json"].stdout)
    assert sum(report["redactions"].values()) > 20
    assert "<redacted:" in scene.runs["bundle.json"].stdout + str(scene.haystack.pieces["bundle"])
    assert "own" in report["redactions"]


def test_the_text_report_counts_the_redactions(scene: Scene) -> None:
    assert "redacted" in scene.runs["text"].stdout


def test_every_file_is_for_its_owner_alone(scene: Scene) -> None:
    written = [path for path in (scene.directory / "files").rglob("*") if path.is_file()]
    assert len(written) >= 5
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (scene.directory / "files").rglob("*") if path.is_dir()} <= {0o700}


STAGES = [
    "collector.sources.Sources.perform",
    "collector.redact.Redactor.counted",
    "collector.analyze.engine.Engine.run",
    "collector.render.environment.fill",
]


@pytest.mark.parametrize("stage", STAGES)
def test_an_internal_error_names_locations_and_no_values(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planter = Planter(own=tuple(OWN))

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError(planter.piece("an exception's text"))

    monkeypatch.setattr(stage, fail)
    if stage.endswith("fill"):
        monkeypatch.setattr("collector.render.fill", fail)
    with cluster("app-crash") as (_, reach):
        run = call("diagnose", SPEC, environ={**reach, **TOKENS})
    assert run.code == 70
    hay = Haystack()
    hay.add("bug", run.stderr, run.stdout)
    assert hay.found({**planter.planted, **OWN}) == []


def test_the_process_list_shows_no_token(tmp_path: Path) -> None:
    """For the collector as a process: secrets from its environment are not in its arguments or its children's."""
    watch = f"tr '\\0' ' ' < /proc/$PPID/cmdline >> {tmp_path}/cmdline; tr '\\0' ' ' < /proc/$$/cmdline >> {tmp_path}/cmdline; exit 1"
    recording = full_of_secrets(Planter(), lambda _path, body: body, broken=True)
    with cluster(recording, command=watch) as (_, reach):
        subprocess.run(
            [sys.executable, "-m", "collector", "diagnose", SPEC], env={**reach, **TOKENS}, capture_output=True, timeout=60, check=False
        )
    hay = Haystack()
    hay.add("arguments", (tmp_path / "cmdline").read_bytes())
    assert b"alloc exec" in hay.pieces["arguments"][0]
    assert b"collector diagnose" in hay.pieces["arguments"][0]
    assert hay.found(OWN) == []
