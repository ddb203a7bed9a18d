"""`collector diagnose SPEC`: the main job."""

from __future__ import annotations

import argparse

from collector.commands.collecting import build_call, collect_and_conclude, plan_only, progress_bar
from collector.commands.reporting import EXIT_CODES, hand_over, write_bundle


def run(arguments: argparse.Namespace) -> int:
    """Collect, validate, analyse, render, deliver; the verdict is the exit code."""
    call = build_call(arguments)
    if arguments.check:
        return plan_only(call)
    with progress_bar(wanted=not arguments.quiet) as progress:
        bundle, report = collect_and_conclude(call.watched_by(progress))
    if arguments.bundle:
        write_bundle(arguments.bundle, bundle)
    hand_over(report, arguments, arguments.output or "text")
    return EXIT_CODES[report.verdict]
