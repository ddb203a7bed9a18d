"""Runs the whole program in this process against a misbehaving cluster; and checks what must hold for every such run."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from collector.cli import main
from collector.replay import Recording
from collector.replay.demo import environment, write_command
from collector.resources import incident, spec_path
from collector.validate import schema_problems
from tests.hostile.proxy import FaultProxy, Spoiler, spoiled

VERDICTS = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}
DEADLINE = "3s"
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
BUGS = re.compile(r"Traceback|internal error|bug of the collector|File \"")


@dataclass(frozen=True, slots=True)
class Run:
    """The outputs of one call of the program."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    asked: Sequence[Any] = ()
    spoiled: int = 0
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def report(self) -> dict[str, Any]:
        """The report, parsed as strictly as possible."""
        document: dict[str, Any] = json.loads(self.stdout, parse_constant=_refuse)
        return document

    @property
    def codes(self) -> set[str]:
        """The codes of the root causes."""
        return {cause["code"] for cause in self.report["root_causes"]}

    def items(self, kind: str) -> list[dict[str, Any]]:
        """Return the items of one kind."""
        return [item for item in self.report["items"] if item["kind"] == kind]


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


@cache
def recorded(name: str) -> Recording:
    """Return a shipped incident."""
    return Recording.load(incident(name))


def call(*words: str, environ: Mapping[str, str]) -> Run:
    """Run `collector WORDS...` in this process, with exactly that environment."""
    out, err = io.StringIO(), io.StringIO()
    started = time.monotonic()
    with mock.patch.dict(os.environ, environ, clear=True), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(list(words))
    return Run(code, out.getvalue(), err.getvalue(), time.monotonic() - started)


@contextlib.contextmanager
def cluster(
    name: str | Recording, spoiler: Spoiler | None = None, *, rename: tuple[str, str] | None = None, command: str | None = None
) -> Iterator[tuple[FaultProxy, dict[str, str]]]:
    """Yield the environment for a recorded cluster with a spoiler. `command` is a shell script in place of `nomad`."""
    recording = recorded(name) if isinstance(name, str) else name
    with spoiled(recording, spoiler, rename) as proxy, tempfile.TemporaryDirectory() as directory:
        nomad = write_command(recording, Path(directory))
        if command is not None:
            nomad.write_text(f"#!/bin/sh\n{command}\n", "utf-8")
        environ = environment(recording, proxy.replay, nomad, os.environ.get("PATH", os.defpath))
        yield proxy, {**environ, "TMPDIR": directory}


def diagnose(
    name: str | Recording,
    spoiler: Spoiler | None = None,
    *words: str,
    rename: tuple[str, str] | None = None,
    command: str | None = None,
    environ: Mapping[str, str] | None = None,
    deadline: str = DEADLINE,
) -> Run:
    """Run `collector diagnose` on the shipped spec, as JSON unless `words` say otherwise. Git is not called: no cluster can affect it."""
    with (
        cluster(name, spoiler, rename=rename, command=command) as (proxy, reach),
        tempfile.TemporaryDirectory() as directory,
        mock.patch("collector.sources.git.git_commit", return_value=None),
    ):
        bundle = Path(directory) / "bundle.json"
        arguments = ["diagnose", str(spec_path("navidrome")), "-o", "json", "-v", "-v", "--deadline", deadline, "--bundle", str(bundle)]
        ran = call(*arguments, *words, environ={**reach, **(environ or {})})
        files = {bundle.name: bundle.read_bytes()} if bundle.exists() else {}
        return Run(ran.code, ran.stdout, ran.stderr, ran.seconds, proxy.replay.asked, proxy.spoiled, files)


def again(bundle: bytes, *words: str) -> Run:
    """Run `collector analyze` on a bundle."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "bundle.json"
        path.write_bytes(bundle)
        return call("analyze", str(path), *words, environ={"PATH": os.defpath})


def check_sound(run: Run) -> None:
    """Check what holds for every run: a report, its own exit code, no bug, nothing that controls a terminal."""
    assert not BUGS.search(run.stderr), run.stderr
    assert run.code in VERDICTS.values(), (run.code, run.stderr)
    report = run.report
    assert schema_problems("report", report) == []
    assert run.code == VERDICTS[report["verdict"]]
    assert not BUGS.search(run.stdout), BUGS.findall(run.stdout)
    assert not UNPRINTABLE.search(run.stderr)
    assert not [text for text in texts(report) if UNPRINTABLE.search(text)]


def texts(value: Any) -> Iterator[str]:
    """Return every string in a JSON value, including keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)
