"""What every command that makes a report shares: render it as asked, hand it over, turn the verdict into the exit code."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from collector.bundle import dump_bundle
from collector.errors import UsageError
from collector.files import write_atomic
from collector.model import Bundle, Report, Verdict
from collector.render import render

EXIT_CODES = {Verdict.OK: 0, Verdict.WARNING: 1, Verdict.CRITICAL: 2, Verdict.UNKNOWN: 3}


def rendered(report: Report, arguments: argparse.Namespace, format_name: str) -> str:
    """The report in one format, as wide and as colourful as where it goes allows."""
    to_terminal = arguments.out is None and sys.stdout.isatty()
    return render(
        report,
        format_name,
        width=shutil.get_terminal_size((80, 24)).columns if to_terminal else None,
        colour=to_terminal and not arguments.no_color and not os.environ.get("NO_COLOR"),
        template_dirs=[_directory(name) for name in arguments.template_dir],
        verbose=arguments.verbose,
        quiet=arguments.quiet,
    )


def hand_over(report: Report, arguments: argparse.Namespace, format_name: str) -> None:
    """Write the report to stdout, or whole and private to `--out`."""
    text = rendered(report, arguments, format_name)
    if arguments.out:
        write_file(arguments.out, text.encode())
    else:
        sys.stdout.write(text)


def write_bundle(name: str, bundle: Bundle) -> None:
    """Save a bundle; gzip where the name ends in .gz."""
    write_file(name, dump_bundle(bundle, compress=name.endswith(".gz")))


def write_file(name: str, content: bytes) -> None:
    """Write a file whole and readable by its owner only."""
    try:
        write_atomic(Path(name), content)
    except OSError as error:
        raise UsageError(f"cannot write {name}: {error.strerror}") from error


def _directory(name: str) -> Path:
    path = Path(name)
    if not path.is_dir():
        raise UsageError(f"--template-dir {name}: there is no such directory")
    return path
