"""A `nomad` executable for PATH that answers `nomad alloc exec` from a recording.

It is started for every command and must answer within a few hundredths of a second, so it uses only fast-loading parts of the standard
library, skips site packages, and reads a single JSON index.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

from collector.model import JSON
from collector.replay.recording import Recording

NAME = "nomad"
SCRIPT = '''\
"""Answer `nomad alloc exec [flags] ALLOC ARGV...` from the recorded answers in answers.json beside this file."""
import json, os, sys, time

VALUED = {"namespace", "task", "region", "address", "token", "e"}


def parse(words):
    flags, words = {}, list(words)
    while words and words[0].startswith("-"):
        name, equals, value = words.pop(0).lstrip("-").partition("=")
        flags[name] = value if equals else words.pop(0) if name in VALUED and words else "true"
    return flags, words


def fail(text):
    sys.stderr.write(text + "\\n")
    sys.exit(1)


def main():
    if sys.argv[1:3] != ["alloc", "exec"]:
        fail("this nomad replays a recording: it only knows `alloc exec`")
    flags, words = parse(sys.argv[3:])
    if len(words) < 2:
        fail("A task name and a command are required")
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "answers.json"), encoding="utf-8") as file:
        answers = json.load(file)
    of_alloc = [a for a in answers if a["alloc"].startswith(words[0])]
    if not of_alloc:
        fail('No allocation(s) with prefix or ID "%s" found' % words[0])
    for answer in of_alloc:
        if answer["task"] == flags.get("task", answer["task"]) and answer["argv"] == words[1:]:
            if answer["rc"] is None:
                time.sleep(3600)  # it hung during the recording, until it was killed
            sys.stdout.buffer.write(answer["stdout"].encode("utf-8", "surrogatepass"))
            sys.stderr.buffer.write(answer["stderr"].encode("utf-8", "surrogatepass"))
            sys.exit(answer["rc"])
    fail("failed to exec into task: %s is not in this recording" % json.dumps(words[1:]))


main()
'''


def write_command(recording: Recording, directory: Path) -> Path:
    """Write the executable into a directory and return its path."""
    (directory / "answers.json").write_text(json.dumps(_answers(recording)), encoding="utf-8")
    script = directory / "replayed_nomad.py"
    script.write_text(SCRIPT, encoding="utf-8")
    command = directory / NAME
    start = shlex.join([sys.executable, "-I", "-S", "-E", str(script)])
    command.write_text(f'#!/bin/sh\nexec {start} "$@"\n', encoding="utf-8")
    command.chmod(0o700)
    return command


def _answers(recording: Recording) -> list[dict[str, JSON]]:
    names = ("alloc", "task", "argv", "rc", "stdout", "stderr")
    return [{name: getattr(command, name) for name in names} for command in recording.execs]
