"""`collector lint SPEC...`."""

from __future__ import annotations

import argparse
from pathlib import Path

from collector.errors import Problem, SpecError, UsageError
from collector.kinds import KINDS
from collector.spec import lint
from collector.streams import say


def run(arguments: argparse.Namespace) -> int:
    """Check every file; all problems are printed, one a line, and make the exit code 78."""
    problems: list[Problem] = []
    for name in arguments.files:
        problems += _problems(name)
    for problem in problems:
        say(f"{problem}\n")
    if not problems:
        say(f"{len(arguments.files)} file{'s' if len(arguments.files) > 1 else ''}, no problems\n")
    return SpecError.exit_code if problems else 0


def _problems(name: str) -> list[Problem]:
    try:
        text = Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {name}: {error}") from error
    return lint(text, name, kinds=KINDS)
