"""`collector diagnose SPEC`: diagnoses a live cluster."""

from __future__ import annotations

import argparse
from pathlib import Path

from collector.commands.collecting import build_call, collect_bundle, plan_only, progress_bar
from collector.commands.reporting import build_reporter, scope_of, write_bundle
from collector.deliver.destinations import check_directory
from collector.errors import CollectorError, DeliveryError
from collector.model import Bundle
from collector.pipeline import Call, conclude


def run(arguments: argparse.Namespace) -> int:
    """Collect, validate, analyze, render and deliver; the exit code is the verdict's."""
    call = build_call(arguments)
    if arguments.check:
        return plan_only(call)
    if arguments.bundle:
        check_directory(Path(arguments.bundle))
    reporter = build_reporter(arguments, call.settings, call.spec, scope=_scope(call), seconds=call.limits.deadline)
    reporter.begin()
    call = call._replace(
        limits=call.limits._replace(deadline=reporter.budget.for_collecting, afterwards=reporter.afterwards), prepare=reporter.prepare
    )
    try:
        with progress_bar(wanted=not arguments.quiet) as progress:
            bundle = collect_bundle(call._replace(progress=progress))
        problems = _saved(bundle, arguments.bundle)
        return reporter.finish(conclude(bundle), problems)
    except Exception as error:  # so that a bug, too, ends the run for a dead-man service
        reporter.fail(error.exit_code if isinstance(error, CollectorError) else CollectorError.exit_code)
        raise


def _saved(bundle: Bundle, name: str | None) -> tuple[str, ...]:
    """Save the bundle if requested; return the error if that fails, since the report is delivered all the same."""
    try:
        if name:
            write_bundle(name, bundle)
    except DeliveryError as error:
        return (str(error),)
    return ()


def _scope(call: Call) -> str:
    nomad, chosen = call.settings.nomad, {name: sorted(given) for name, given in call.selection._asdict().items()}
    return scope_of(call.settings.describe(), chosen, call.spec.vars, namespace=nomad.namespace, region=nomad.region)
