"""The fuzz targets: everything that reads external input. Each takes bytes and may only raise the exceptions that callers expect."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from collector.analyze import analyze
from collector.bundle import dump_bundle, load_bundle
from collector.commands import diff
from collector.errors import CollectorError, Unanswered
from collector.history import compare, outlook
from collector.history.run import dump_run, load_run
from collector.loglines import decisive, read
from collector.observe.checks.texts import meaning
from collector.redact import Redactor
from collector.render import changes_text, report_document
from collector.replay.recording import Recording
from collector.resources import incident
from collector.settings.address import parse_address
from collector.spec import load_spec
from collector.strict_json import strict_json
from tests.analysis.bundles import bundle
from tests.e2e.incidents import diagnose, report
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
    with tempfile.NamedTemporaryFile(suffix=".jsonl.gz") as file:
        file.write(gzip.compress(body, 1))
        file.flush()
        return Recording.load(file.name)


def _report(body: bytes) -> object:
    document = diff._report(body, "fuzzed.json")
    return document and changes_text({**document, "changes": compare(document, document)})


def _lines(body: bytes) -> object:
    return decisive(read(_text(body).splitlines()))


def _analysis(body: bytes) -> object:
    """Analyze a task's log and its check's output."""
    lines = _text(body).splitlines()
    return analyze(bundle({"nodes": {"n2": {"log": lines, "checks": {"ping": {"status": "critical", "output": "\n".join(lines)[:4000]}}}}}))


def _kept(body: bytes) -> object:
    """A kept run that can be read can also be compared."""
    with suppress(ValueError, RecursionError):
        return outlook(load_run(strict_json(body)), report_document(report("app-crash")))
    return None


RAW: dict[str, Target] = {
    **PARSERS,
    "spec": _spec,
    "bundle": _bundle,
    "recording": _recording,
    "report": _report,
    "log": _lines,
    "analysis": _analysis,
    "run": _kept,
    "check": lambda body: meaning("http", "check", _text(body)),
    "redaction": lambda body: Redactor(("s3cret-value",)).counted(_text(body)),
    "address": lambda body: parse_address("NOMAD_ADDR", _text(body)),
}
TARGETS: dict[str, Target] = {name: partial(_expected, run) for name, run in RAW.items()}


def seeds(name: str) -> Iterator[bytes]:
    """Return realistic input for such a reader: bodies of a recorded cluster, or files of this repository."""
    recording = Recording.load(incident("app-crash"))
    if name == "spec":
        yield from (path.read_bytes() for path in sorted((ROOT / "specs").glob("*.yml")))
    elif name == "recording":
        yield b"\n".join(gzip.decompress(incident("app-crash").read_bytes())[:LONGEST].split(b"\n")[:-1])
    elif name == "bundle":
        yield dump_bundle(diagnose("app-crash"), compress=False)
    elif name == "run":
        yield json.dumps(dump_run(outlook(None, report_document(report("app-crash"))).run)).encode()
    elif name == "report":
        yield json.dumps(report_document(report("app-crash"))).encode()
    else:
        yield from {one.body.encode() for one in recording.http if one.body and len(one.body) < LONGEST}
