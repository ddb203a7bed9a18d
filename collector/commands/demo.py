"""`collector demo`: runs the pipeline through the real HTTP and command-line path on a recorded incident."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from collector.commands.collecting import collect_bundle, commit_of, progress_bar, read_spec
from collector.commands.reporting import build_reporter
from collector.errors import DeliveryError
from collector.model import JSON, Bundle, Report
from collector.pipeline import Call, conclude
from collector.replay import Recording, demo_environment, recorded_meta
from collector.resources import incident, incidents, spec_path
from collector.rulebook import explain
from collector.settings import Settings
from collector.spec import parse_extra_vars
from collector.streams import say

SPEC = "navidrome"


def run(arguments: argparse.Namespace) -> int:
    """Replay an incident and report on it; return 0 on success, whatever the verdict."""
    if arguments.incident == "list":
        say("".join(f"{name:20} {_truth(incident(name))}\n" for name in incidents()))
        return 0
    given = parse_extra_vars(arguments.extra_vars)
    recording = Recording.load(_file(arguments.incident))
    with replayed(recording, given) as call, progress_bar(wanted=not arguments.quiet) as progress:
        reporter = build_reporter(arguments, call.settings, call.spec)
        report = diagnosed(call._replace(progress=progress), recording)
    code = reporter.finish(report)
    return code if code == DeliveryError.exit_code else 0


@contextmanager
def replayed(recording: Recording, given: Mapping[str, JSON]) -> Iterator[Call]:
    """Yield a call whose servers are a recording replayed on loopback until the block ends."""
    with demo_environment(recording, path=os.environ.get("PATH", "")) as environ:
        yield _call(recording, given, Settings.from_environment({**_harmless(), **environ}))


def diagnosed(call: Call, recording: Recording) -> Report:
    """Return the report on a recorded cluster as of the moment of the recording."""
    bundle = _as_then(collect_bundle(call), recording)
    return conclude(bundle, bundle.started_at)


def _call(recording: Recording, given: Mapping[str, JSON], settings: Settings) -> Call:
    """Build the call for a recording, with the variables it was recorded with, overridden by the caller's."""
    path = str(spec_path(SPEC))
    recorded = {name: value for name, value in _vars(recording).items() if name in read_spec(path, {}).vars}
    spec = read_spec(path, {**recorded, **given})
    return Call(spec, settings, find_commit=partial(commit_of, spec, settings))


def _as_then(bundle: Bundle, recording: Recording) -> Bundle:
    """Date the bundle to the moment of the recording, so that times and ages are the incident's; name the spec as in a checkout."""
    return bundle._replace(
        started_at=float(recording.meta.get("recorded_at", bundle.started_at)), spec={**bundle.spec, "path": f"specs/{SPEC}.yml"}
    )


def _file(name: str) -> Path:
    """Return the path of a shipped incident or of the user's own recording."""
    return Path(name) if os.path.isfile(name) else incident(name)  # noqa: PTH113 - pathlib raises for an overlong name


def _truth(path: Path) -> str:
    """Return what was wrong when the incident was recorded."""
    code = recorded_meta(path).get("cause")
    return f"{code}: {explain(code)['summary']}" if code else "nothing is wrong"


def _vars(recording: Recording) -> Mapping[str, JSON]:
    """Return the variables the recording was made with; the spec may lack some of them."""
    recorded = recording.meta.get("vars")
    return recorded if isinstance(recorded, Mapping) else {}


def _harmless() -> dict[str, str]:
    """Return the variables of the user's environment that cannot lead to a real cluster."""
    return {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
