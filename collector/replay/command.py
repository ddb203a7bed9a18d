"""Answers `nomad alloc exec [flags] ALLOC ARGV...` from the answers of a recording: the `nomad` on the PATH of a replay.

A program of its own (demo.py writes its call), started for every command. It must answer within a few hundredths of a second, so it imports
nothing but fast-loading parts of the standard library, and reads a single JSON index.
"""

from __future__ import annotations

import json
import sys
import time

TYPE_CHECKING = False  # `typing` takes as long to import as all else here
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

VALUED = {"namespace", "task", "region", "address", "token", "e"}
"""Flags that take a value."""


def main(index: str, words: Sequence[str]) -> NoReturn:
    """Print the answer recorded for these arguments and exit with its code; `index` is the JSON file of all answers."""
    if list(words[:2]) != ["alloc", "exec"]:
        _fail("this nomad replays a recording: it only knows `alloc exec`")
    flags, (alloc, *argv) = _parsed(words[2:])
    with open(index, encoding="utf-8") as file:  # noqa: PTH123 - as above
        answers = json.load(file)
    of_alloc = [answer for answer in answers if answer["alloc"].startswith(alloc)]
    if not of_alloc:
        _fail(f'No allocation(s) with prefix or ID "{alloc}" found')
    for answer in of_alloc:
        if answer["task"] == flags.get("task", answer["task"]) and answer["argv"] == argv:
            if answer["rc"] is None:
                time.sleep(3600)  # it hung during the recording, until it was killed
            sys.stdout.buffer.write(answer["stdout"].encode("utf-8", "surrogatepass"))
            sys.stderr.buffer.write(answer["stderr"].encode("utf-8", "surrogatepass"))
            sys.exit(answer["rc"])
    _fail(f"failed to exec into task: {json.dumps(argv)} is not in this recording")


def _parsed(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return flags and arguments, of which there are at least two."""
    flags, left = {}, list(words)
    while left and left[0].startswith("-"):
        name, equals, value = left.pop(0).lstrip("-").partition("=")
        flags[name] = value if equals else left.pop(0) if name in VALUED and left else "true"
    if len(left) < 2:  # noqa: PLR2004 - an allocation and a command
        _fail("A task name and a command are required")
    return flags, left


def _fail(text: str) -> NoReturn:
    sys.stderr.write(text + "\n")
    sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
