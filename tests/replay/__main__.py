"""`python -m tests.replay INCIDENT COMMAND...`: runs a command against a recorded cluster; see docs/development.md."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from collector.errors import CollectorError, UsageError
from collector.replay import Recording, demo_environment
from collector.resources import incident


def main(argv: list[str]) -> int:
    """Run it with the variables that lead to the recording (a shipped one or a file); return its exit code."""
    if len(argv) < 2:
        sys.stderr.write("usage: python -m tests.replay INCIDENT COMMAND...\n\nINCIDENT is one that ships, or the file of one.\n")
        return UsageError.exit_code
    name, *command = argv
    try:
        recording = Recording.load(Path(name) if Path(name).is_file() else incident(name))
    except CollectorError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    with demo_environment(recording, path=os.environ["PATH"]) as cluster:
        return subprocess.run(command, env={**os.environ, **cluster}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
