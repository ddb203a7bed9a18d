"""Finds the git commit of a spec, without running programs that a repository's configuration may name."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from collector.settings import Settings
from collector.sources.process import Processes

CAP = 1 << 12
"""Maximum bytes of output: a hash is expected."""
GIT_SECONDS = 2.0
_ALONE: Final = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
}
"""No prompts, and no fetching of missing objects of a partial clone (by a command that its configuration names)."""
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def git_commit(path: str | Path, settings: Settings) -> str | None:
    """Return the last commit that changed a file, with `-dirty` if the file differs from it; None if git cannot tell within two seconds."""
    git = shutil.which("git", path=settings.path)
    if git is None:
        return None
    file = Path(path).absolute()
    environment = {"PATH": settings.path, "HOME": settings.home, **_ALONE}
    base = [git, "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false", "-C", str(file.parent)]
    until = time.monotonic() + GIT_SECONDS
    commit = _output([*base, "log", "-1", "--format=%H", "--", file.name], environment, until)
    if not _COMMIT.fullmatch(commit):
        return None
    # Not `git status`, which runs the filters that the repository configures.
    kept = _output([*base, "rev-parse", f"HEAD:./{file.name}"], environment, until)
    here = _output([*base, "hash-object", "--no-filters", "--", file.name], environment, until)
    if time.monotonic() >= until:
        return None  # no output within the time is not a difference
    return commit if kept == here != "" else f"{commit}-dirty"


def _output(argv: Sequence[str], environment: Mapping[str, str], until: float) -> str:
    try:
        finished = Processes().run(argv, environment, until, CAP)
    except OSError:
        return ""
    return finished.stdout.decode("utf-8", "replace").strip() if finished.code == 0 else ""
