"""Locates the real servers' programs and their versions."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache" / "bin"
"""Where `make servers` puts what it builds."""


@dataclass(frozen=True, slots=True)
class Binary:
    """A program: an absolute path, and the version it reports, empty if it does not."""

    name: str
    path: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version or 'of unknown version'} ({self.path})"


def find(name: str) -> Binary | None:
    """Return the program called `name`, from PATH or built by `make servers`; None if there is none."""
    path = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), str(CACHE)]))
    return Binary(name, path, _version(path)) if path else None


def _version(path: str) -> str:
    """Return the program's version; a LiteFS built from its module says `development build`, so Go is asked for the module's version."""
    told = subprocess.run([path, "version"], capture_output=True, text=True, timeout=30, check=False).stdout
    return _number(told) or _number(_module(path))


def _number(text: str) -> str:
    found = re.search(r"\bv?(\d+\.\d+\.\d+(?:-[0-9a-z.]+)?)", text)
    return found[1] if found else ""


def _module(path: str) -> str:
    """Return the main module's line from the build information in the binary; empty without Go."""
    if not (go := shutil.which("go")):
        return ""
    told = subprocess.run([go, "version", "-m", path], capture_output=True, text=True, timeout=30, check=False).stdout
    return next((line for line in told.splitlines() if line.strip().startswith("mod\t")), "")
