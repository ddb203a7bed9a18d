"""Keeps an undelivered report or mail as a file."""

from __future__ import annotations

import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path

from collector.files import write_atomic

KEEP = 10
"""Maximum number of undelivered reports kept, so that a mail server that is down for a week cannot fill the disk."""

_NAME = re.compile(r"undelivered-\d{8}T\d{6}Z-[0-9a-f]{6}\.[a-z]+")
"""The name of a kept report. Without --state the directory is for everybody's temporary files, which may have similar names."""


def keep_undelivered(directory: Path, content: bytes, suffix: str) -> str:
    """Save a report below `directory`, readable by its owner only; return a clause that says where, or why that failed too."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    path = directory / f"undelivered-{stamp}-{secrets.token_hex(3)}.{suffix}"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(path, content)
    except OSError as error:
        return f"and it could not be kept as {path} either: {error.strerror}"
    for old in sorted(filter(_is_ours, directory.glob("undelivered-*")))[:-KEEP]:
        with suppress(OSError):
            old.unlink()
    return f"it is kept as {path}"


def _is_ours(path: Path) -> bool:
    """True if the file was kept by an earlier run of this user; without --state the directory is shared with other programs."""
    try:
        return bool(_NAME.fullmatch(path.name)) and path.lstat().st_uid == os.getuid()
    except OSError:
        return False
