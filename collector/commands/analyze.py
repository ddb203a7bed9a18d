"""`collector analyze BUNDLE`: makes the report again, offline."""

from __future__ import annotations

import argparse
import os
import time
from io import BytesIO

from collector.bundle import MAX_BYTES, load_bundle
from collector.commands.reading import content_of
from collector.commands.reporting import build_reporter, scope_of, without_spec
from collector.cutoff import Overdue, cut_off_at
from collector.errors import Problem, SpecError
from collector.model import Bundle, Mark, Report
from collector.pipeline import conclude
from collector.settings import Settings
from collector.validate import validate

PATIENCE = 120.0
"""Time limit in seconds for analyzing one bundle; 5,000 nodes take a few seconds."""


def run(arguments: argparse.Namespace) -> int:
    """Read and validate the bundle (it may come from someone else), and report on it."""
    name = arguments.bundle_file
    bundle = bundle_of(content_of(name, f"the bundle {name}", MAX_BYTES + 1), name)
    scope = scope_of(bundle.endpoints, bundle.expect, bundle.vars, namespace=bundle.endpoints.get("namespace"), of="bundles")
    reporter = build_reporter(arguments, Settings.from_environment(os.environ), without_spec(bundle), scope=scope)
    return reporter.finish(_concluded(bundle, arguments.now, name))


def _concluded(bundle: Bundle, now: float | None, name: str) -> Report:
    """Return the report; raise an error for a bundle whose analysis takes too long."""
    try:
        with cut_off_at(time.monotonic() + PATIENCE):
            return conclude(bundle, now)
    except Overdue:
        raise SpecError([Problem(Mark(name), f"the analysis took longer than {PATIENCE:g} s", "how large is it?")]) from None


def bundle_of(content: bytes, name: str) -> Bundle:
    """Parse and validate a bundle file's content."""
    return validate(load_bundle(BytesIO(content), name))
