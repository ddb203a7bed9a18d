"""The three standard streams: opened if missing, written to, with a clear error if that fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from collector.characters import ESCAPES, UNSAFE
from collector.errors import DeliveryError


def open_missing() -> None:
    """Open /dev/null where whoever started us closed standard input, output or error.

    Python has no stream then, and the next file or connection gets the free number: what is printed would go into it. In ascending order,
    as the lowest free number is the one that is given out.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", errors="backslashreplace"))  # noqa: PTH123, SIM115 - a descriptor, for as long as the process lives


def say(text: str) -> None:
    """What was asked for, on standard output; `DeliveryError` where there is no room for it. That its reader has gone is not our matter."""
    _written(lambda: sys.stdout.write(encodable(text, sys.stdout)))


def encodable(text: str, stream: TextIO) -> str:
    """The text with `?` for what the stream's encoding has no character for."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def flush() -> None:
    """Get what was said out, or say why not."""
    _written(sys.stdout.flush)


def note(text: str) -> None:
    """A line for whoever watches, on standard error: words alone, for a file may have any name. Where nobody can be told, nobody is."""
    with suppress(OSError, ValueError):
        sys.stderr.write(UNSAFE.sub("", ESCAPES.sub("", text)) + "\n")


def _written(write: Callable[[], object]) -> None:
    try:
        write()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise DeliveryError(f"cannot write to standard output: {error.strerror}") from error
