"""Who has no space left to write, by the words of the system, of SQLite and of Node."""

from __future__ import annotations

import re

_DISK = re.compile(r"(?i)no space left on device|ENOSPC|database or disk is full")
_OTHER_LIMIT = re.compile(r"(?i)/sys/|/proc/|cgroup|inotify|file watchers|\A\s*code: 'ENOSPC'")
"""The kernel says ENOSPC of these, too. Node has an error's code on a line of its own, below the message that tells which it is."""
_QUOTA = re.compile(r"(?i)disk quota exceeded|EDQUOT")


def full(text: str) -> str | None:
    """What a complaint says is full: the `disk`, a `quota` of it, or None."""
    if _QUOTA.search(text):
        return "quota"
    return "disk" if _DISK.search(text) and not _OTHER_LIMIT.search(text) else None
