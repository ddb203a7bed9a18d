"""`collector lint SPEC...`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from collector.deliver.destinations import objection
from collector.errors import Problem, SpecError, UsageError
from collector.kinds import KINDS
from collector.spec import lint
from collector.yamlio import Document, load


def run(arguments: argparse.Namespace) -> int:
    """Check every file; all problems are printed, one a line, and make the exit code 78."""
    problems: list[Problem] = []
    for name in arguments.files:
        problems += _problems(name)
    for problem in problems:
        sys.stdout.write(f"{problem}\n")
    if not problems:
        sys.stdout.write(f"{len(arguments.files)} file{'s' if len(arguments.files) > 1 else ''}, no problems\n")
    return SpecError.exit_code if problems else 0


def _problems(name: str) -> list[Problem]:
    try:
        text = Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {name}: {error}") from error
    return lint(text, name, kinds=KINDS) or _undeliverable(load(text, name))


def _undeliverable(document: Document) -> list[Problem]:
    """Destinations that `diagnose` would refuse; a file of rules has none."""
    entries = document.data.get("report", ()) if isinstance(document.data, dict) else ()
    told = [(f"$.report[{index}]", objection(entry)) for index, entry in enumerate(entries)]
    return [Problem(document.mark(path), said) for path, said in told if said]
