"""`collector lint SPEC...`."""

from __future__ import annotations

import argparse
from pathlib import Path

from collector.commands.reading import FILE, time_limit
from collector.errors import Problem, SpecError, UsageError
from collector.kinds import KINDS
from collector.model import count
from collector.spec import lint
from collector.streams import say
from collector.text import clean
from collector.yamlio import text_of


def run(arguments: argparse.Namespace) -> int:
    """Check every file; print one problem per line; exit with 78 if there is any."""
    found = 0
    for name in arguments.files:
        problems = _problems(name)
        found += len(problems)
        say("".join(f"{clean(str(problem))}\n" for problem in problems))
    if not found:
        say(f"{count(len(arguments.files), 'file')}, no problems\n")
    return SpecError.exit_code if found else 0


def _problems(name: str) -> list[Problem]:
    try:
        with time_limit(FILE, name):
            text = text_of(Path(name))
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from error
    except SpecError as error:
        return error.problems
    return lint(text, name, kinds=KINDS)
