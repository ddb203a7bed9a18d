"""What is fuzzed: all that reads what somebody else wrote. Each takes bytes, and may raise nothing but what its callers expect."""

from __future__ import annotations

import gzip
import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from collector.bundle import load_bundle
from collector.errors import CollectorError, Unanswered
from collector.loglines import decisive, read
from collector.observe.check_texts import meaning
from collector.redact import Redactor
from collector.replay.recording import Recording
from collector.resources import incident
from collector.settings.address import parse_address
from collector.spec import load_spec
from tests.kinds.test_properties import PARSERS

ROOT = Path(__file__).parents[2]
LONGEST = 1 << 16
"""Bytes of a seed: longer ones only cost time."""

Target = Callable[[bytes], object]


def _expected(run: Target, body: bytes) -> None:
    with suppress(CollectorError, Unanswered):
        run(body)


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _spec(body: bytes) -> object:
    return load_spec(_text(body), str(ROOT / "specs" / "fuzzed.yml"))


def _bundle(body: bytes) -> object:
    return load_bundle(io.BytesIO(body), "fuzzed.json")


def _recording(body: bytes) -> object:
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        file.write(body)
        file.flush()
        return Recording.load(file.name)


def _lines(body: bytes) -> object:
    return decisive(read(_text(body).splitlines()))


RAW: dict[str, Target] = {
    **PARSERS,
    "spec": _spec,
    "bundle": _bundle,
    "recording": _recording,
    "log": _lines,
    "check": lambda body: meaning("http", "check", _text(body)),
    "redaction": lambda body: Redactor(("s3cret-value",)).counted(_text(body)),
    "address": lambda body: parse_address("NOMAD_ADDR", _text(body)),
}
TARGETS: dict[str, Target] = {name: partial(_expected, run) for name, run in RAW.items()}


def seeds(name: str) -> Iterator[bytes]:
    """What such a reader really gets: the bodies of a recorded cluster, or the files of this repository."""
    recording = Recording.load(incident("app-crash"))
    if name == "spec":
        yield from (path.read_bytes() for path in sorted((ROOT / "specs").glob("*.yml")))
    elif name == "recording":
        yield gzip.decompress(incident("app-crash").read_bytes())[:LONGEST]
    else:
        yield from {one.body.encode() for one in recording.http if one.body and len(one.body) < LONGEST}
