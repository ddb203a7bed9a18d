"""Stores earlier runs: one small file per run, in a directory per spec.

No lock is needed, and none can be left behind: files are created atomically under unique names and never modified. Runs are ordered by the
number in their names, since a board without a battery-backed clock may have the wrong time.
"""

from __future__ import annotations

import gzip
import json
import re
import secrets
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from collector.errors import DeliveryError, SettingsError
from collector.files import write_atomic
from collector.history.compare import Outlook
from collector.history.run import Run, dump_run, load_run
from collector.strict_json import strict_json

KEEP_RUNS = 50
MAX_BYTES = 32 << 20
"""Maximum size of a kept run, compressed and uncompressed."""
KEEP_SECONDS = 30 * 86400
ABANDONED_SECONDS = 3600
"""A temporary file of this age was left by a run that was killed."""

_NAME = re.compile(r"(?P<number>\d{8,})-[0-9a-f]{8}\.json\.gz")


@dataclass(frozen=True, slots=True)
class Earlier:
    """The newest readable run, or None; `notes` list unreadable files and why."""

    run: Run | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Store:
    """The kept runs of one spec."""

    directory: Path

    def earlier(self) -> Earlier:
        """Return the newest readable run; damaged files are skipped with a note."""
        notes: list[str] = []
        for path in reversed(self._files()):
            try:
                return Earlier(_read(path), tuple(notes))
            except FileNotFoundError:
                continue  # another run has just deleted it
            except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
                notes.append(f"earlier run {path} is left out: {error}")
        return Earlier(None, tuple(notes))

    def keep(self, outlook: Outlook, *, owed: bool = False) -> Path:
        """Keep a run, delete runs beyond the limits, and return its file. Raises `DeliveryError` if it cannot be written.

        `owed`: its mail failed, so the next run's changes are worth a mail in any case.
        """
        text = json.dumps(dump_run(replace(outlook.run, owed=owed)), separators=(",", ":"))
        try:
            files = self._files()
            number = _number(files[-1]) + 1 if files else 1
            path = self.directory / f"{number:08}-{secrets.token_hex(4)}.json.gz"
            write_atomic(path, gzip.compress(text.encode(), compresslevel=6, mtime=0))
        except OSError as error:
            raise DeliveryError(f"this run cannot be kept in {self.directory}: {error.strerror or error}") from error
        _drop(self._surplus([*files, path]))
        return path

    def _files(self) -> list[Path]:
        """Return the files of kept runs, oldest first."""
        runs = [path for path in self.directory.iterdir() if _NAME.fullmatch(path.name)]
        return sorted(runs, key=lambda path: (_number(path), path.name))

    def _surplus(self, files: list[Path]) -> Iterator[Path]:
        yield from files[:-KEEP_RUNS]
        yield from (path for path in files[-KEEP_RUNS:-1] if _age(path) > KEEP_SECONDS)
        yield from (path for path in self.directory.glob(".*.tmp") if _age(path) > ABANDONED_SECONDS)


def open_store(state: Path, spec: str, scope: str = "") -> Store:
    """Open the store of a spec below the state directory, creating it with mode 0700; `SettingsError` if it is unusable.

    `scope` separates runs that are not comparable, because they are about another cluster or a part of it (a limit, tags).
    """
    directory = state / _directory_name(spec, scope)
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
        next(directory.iterdir(), None)
    except (FileExistsError, NotADirectoryError) as error:
        raise SettingsError(f"the state directory {state} cannot be used: {error.filename} is a file, not a directory") from error
    except OSError as error:
        raise SettingsError(f"the state directory {directory} cannot be used: {error.strerror or error}") from error
    return Store(directory)


def _directory_name(spec: str, scope: str) -> str:
    """Return a readable name, valid on any file system and distinct for each spec and scope."""
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", spec).strip(".-")[:40]
    digest = sha256(f"{spec}\x00{scope}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"{words or 'spec'}-{digest[:8]}"


def _number(path: Path) -> int:
    match = _NAME.fullmatch(path.name)
    return int(match["number"]) if match else 0


def _age(path: Path) -> float:
    """Return seconds since the file was written; 0 if it is gone or its time is in the future."""
    with suppress(OSError):
        return time.time() - path.stat().st_mtime
    return 0.0


def _read(path: Path) -> Run:
    if path.is_fifo():
        raise ValueError("it is a pipe")
    with path.open("rb") as file:
        packed = file.read(MAX_BYTES + 1)
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    text = unpack.decompress(packed, MAX_BYTES + 1)
    if max(len(text), len(packed)) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES >> 20} MiB")
    if not unpack.eof:
        raise EOFError("it ends in the middle")
    return load_run(strict_json(text))


def _drop(files: Iterator[Path]) -> None:
    for path in files:
        with suppress(OSError):
            path.unlink()
