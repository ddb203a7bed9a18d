"""The program's entry point: arguments in, exit code out. Each kind of outcome has its own exit code."""

from __future__ import annotations

import _thread
import contextlib
import errno
import gc
import importlib
import os
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType

from collector.cli.arguments import parse
from collector.cutoff import MAKES_A_CLASS
from collector.errors import CollectorError
from collector.streams import flush, note, open_missing

INTERNAL_ERROR = 70
INTERRUPTED = 130
BETWEEN_LOOKS = 50_000
"""Allocations between garbage collections: a short run creates hardly any cycles (docs/benchmarks.md)."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (docs/command-line.md)."""
    try:
        code = _command(sys.argv[1:] if argv is None else argv)
        flush()
    except CollectorError as error:
        _print_error(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _print_error("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of stdout has gone (`collector … | head`): not our failure, but not a verdict either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    except Exception as bug:  # noqa: BLE001 - the last resort: a bug must not look like a verdict
        lack = _exhausted_resource(bug)
        if not lack:
            return _report_bug(bug)
        _print_error(lack)
        return INTERNAL_ERROR
    return code


def _exhausted_resource(bug: Exception) -> str:
    """Name the system resource that ran out, if that is the cause of the error."""
    if isinstance(bug, MemoryError):
        return "there is not enough memory: raise the limit of this process (`ulimit -v`, a container's or unit's memory)"
    if isinstance(bug, OSError) and bug.errno in {errno.EMFILE, errno.ENFILE}:
        return "too few files may be open: raise the limit of this process (`ulimit -n`, a unit's LimitNOFILE)"
    return ""


def _command(argv: Sequence[str]) -> int:
    try:
        arguments = parse(argv)
    except SystemExit as leaving:  # argparse, after --help and --version
        return leaving.code if isinstance(leaving.code, int) else INTERNAL_ERROR
    command = importlib.import_module(f"collector.commands.{arguments.command}")
    code: int = command.run(arguments)
    return code


def run() -> None:
    """Entry point of the console script; exits at once, even if a worker thread hangs."""
    code = INTERNAL_ERROR
    try:
        open_missing()
        gc.set_threshold(BETWEEN_LOOKS)
        sys.unraisablehook = _on_unraisable
        _end_as_by_ctrl_c(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        code = main()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # its reader has gone
                stream.flush()
    finally:  # Python's exit code for an uncaught exception is 1, which would be a verdict
        os._exit(code)


def _end_as_by_ctrl_c(*numbers: signal.Signals) -> None:
    """Treat SIGTERM and SIGHUP (systemd, timeout, a closed terminal) like Ctrl-C: report what there is and leave no child behind.

    Signals that the caller ignores (nohup) stay ignored.
    """
    for number in numbers:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, frame: FrameType | None) -> None:
    """Raise `KeyboardInterrupt`, later where a class is being made: up to Python 3.11 it would become a RuntimeError (cutoff.py)."""
    while frame is not None:
        if frame.f_code.co_name == MAKES_A_CLASS:
            _thread.start_new_thread(_interrupt_soon, ())
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _on_unraisable(lost: sys.UnraisableHookArgs) -> None:
    """Handle exceptions raised in destructors: repeat Ctrl-C, which would be lost, and print no traceback for anything else."""
    if lost.exc_type is KeyboardInterrupt:  # raised here it would be lost again
        _thread.start_new_thread(_interrupt_soon, ())


def _interrupt_soon() -> None:
    time.sleep(0.01)
    _thread.interrupt_main()


def _print_error(message: str) -> None:
    note(f"collector: {message}")


def _report_bug(bug: Exception) -> int:
    """Report a bug: one line without values (they could hold a secret), the code locations, and what to do."""
    if (
        isinstance(bug, ModuleNotFoundError) and bug.name and not bug.name.startswith("collector")
    ):  # `python -m collector` with a Python that lacks our packages
        _print_error(f"{sys.executable} has no package {bug.name!r}: call bin/collector, or install requirements/run.txt into this Python")
        return INTERNAL_ERROR
    from traceback import walk_tb  # noqa: PLC0415 - only for a bug

    walked = walk_tb(bug.__traceback__)
    frames = [f"{os.path.basename(frame.f_code.co_filename)}:{line}" for frame, line in walked]  # noqa: PTH119 - no pathlib import for this
    _print_error(
        f"internal error: {type(bug).__name__} at {' > '.join(frames[-6:])}. This is a bug of the collector: please report this line."
    )
    return INTERNAL_ERROR
