"""The three standard streams: opened if missing, written to, with a clear error if that fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from collector.errors import DeliveryError
from collector.text import ESCAPES, UNSAFE


def open_missing() -> None:
    """Open /dev/null in place of standard streams that the caller closed.

    Otherwise the next file or connection would get the free descriptor, and prints would go into it. In ascending order, since the system
    assigns the lowest free descriptor.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", errors="backslashreplace"))  # noqa: PTH123, SIM115 - open for the life of the process


def say(text: str) -> None:
    """Print requested output on standard output; raise `DeliveryError` if it cannot be written. A reader that has gone is not an error."""
    _written(lambda: sys.stdout.write(encodable(text, sys.stdout)))


def encodable(text: str, stream: TextIO) -> str:
    """Replace characters that the stream's encoding lacks by `?`."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def flush() -> None:
    """Flush standard output; raise `DeliveryError` if that fails."""
    _written(sys.stdout.flush)


def note(text: str) -> None:
    """Print a note on standard error, without control characters (file names may hold any). Failures are ignored."""
    with suppress(OSError, ValueError):
        sys.stderr.write(UNSAFE.sub("", ESCAPES.sub("", text)) + "\n")


def _written(write: Callable[[], object]) -> None:
    try:
        write()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise DeliveryError(f"cannot write to standard output: {error.strerror}") from error
