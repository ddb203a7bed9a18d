"""`collector record SPEC FILE`: records a live cluster's answers, redacted, for replay and tests."""

from __future__ import annotations

import argparse
import time
from contextlib import closing, suppress
from pathlib import Path

from collector.collect.plan import select_tasks
from collector.commands.collecting import build_call, open_sources, progress_bar, redactor_of
from collector.commands.reporting import write_bundle
from collector.deliver.destinations import check_directory
from collector.errors import UsageError
from collector.pipeline import Call, gather
from collector.redact import Redactor
from collector.replay.record import Recorder, crawl
from collector.replay.recording import Recording
from collector.streams import note

CRAWL_SECONDS = 30.0
REFUSED = 400
"""HTTP statuses from here on are refusals or errors."""


def run(arguments: argparse.Namespace) -> int:
    """Run the spec's collection, keep every exchange, and say on stderr how many were recorded."""
    call = build_call(arguments)
    _check_hidden(call)
    for name in filter(None, (arguments.recording, arguments.bundle)):
        check_directory(Path(name))
    redactor = redactor_of(call)
    with closing(open_sources(call)) as sources:
        recorder = Recorder(sources, Redactor(call.settings.secret_values()), call.settings.describe())
        with progress_bar(wanted=True) as progress:
            bundle = gather(call._replace(progress=progress), recorder, redactor)
        with suppress(KeyboardInterrupt):  # the exchanges so far are kept, as when collecting is interrupted
            if not bundle.interrupted:
                crawl(recorder, deadline=time.monotonic() + CRAWL_SECONDS)
    meta = {"scenario": call.spec.name, "recorded_at": bundle.started_at, "vars": redactor.data(dict(call.given))}
    recording = recorder.recording(meta, redactor if call.spec.redact else None)
    recording.save(arguments.recording)
    if arguments.bundle:
        write_bundle(arguments.bundle, bundle)
    note(f"{arguments.recording}: {len(recording.http)} HTTP answers{_unusable(recording)} and {len(recording.execs)} commands")
    return 0


def _check_hidden(call: Call) -> None:
    """Refuse specs with `no_log` tasks: a recording would contain what they hide."""
    hidden = next((task.name for task in select_tasks(call.spec, call.selection) if task.no_log), None)
    if hidden:
        raise UsageError(f"the task {hidden!r} has no_log, and a recording would hold what it collects: leave it out with --skip-tags")


def _unusable(recording: Recording) -> str:
    """Count the answers that are refusals, errors or missing, which may mean a wrong token."""
    bad = sum(one.status is None or one.status >= REFUSED for one in recording.http)
    return f" ({'all' if bad == len(recording.http) else bad} of them refusals, errors or none at all)" if bad else ""
