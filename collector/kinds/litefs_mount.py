"""Files in LiteFS's mount, read with `cat` and `ls` inside the task: `.lag`, `.primary` and each database's `-pos`.

Source: docs/litefs.md.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from collector.errors import Unanswered
from collector.kinds import asking, bodies
from collector.kinds.kind import Args
from collector.kinds.litefs_state import State, database
from collector.model import JSON, Exec, Reply, Rung, Status

LAG = re.compile(r"[+-]?\d{1,18}")
POSITION = re.compile(r"(?P<txid>[0-9a-f]{16})/(?P<checksum>[0-9a-f]{16})")
POS = "-pos"
MAX_DATABASES = 32
ABSENT = re.compile(rb"No such file or directory|can't open")
STALE = b"ransport endpoint is not connected"
NOT_ALLOWED = b"ermission denied"


def mount_of(argv: Sequence[str], mount: str) -> str:
    """Return the mount point from the path `MOUNT/.lag`."""
    path = argv[1] if len(argv) > 1 else ""
    return (posixpath.dirname(path) if path.endswith("/.lag") else mount).rstrip("/") or "/"


def read(args: Args, mount: str) -> Rung:
    """Read `.lag`, `.primary` and the directory in parallel, then every position."""
    lag, primary, listing = yield [
        _run(args, *argv) for argv in (("cat", f"{mount}/.lag"), ("cat", f"{mount}/.primary"), ("ls", "-a", mount))
    ]
    state = parse(mount, lag, primary, listing)
    names = databases(listing)
    if names:
        replies = yield [_run(args, "cat", f"{mount}/{name}{POS}") for name in names]
        state.databases = [row for name, reply in zip(names, replies, strict=True) if (row := position(name, reply))]
    return state.data()


def _run(args: Args, *argv: str) -> Exec:
    return Exec(args["alloc"], args["task"], argv, args.get("namespace"))


def parse(mount: str, lag: Reply, primary: Reply, listing: Reply) -> State:
    """Derive role and lag from `.lag` and `.primary`.

    `.primary` exists on replicas only; `.lag` is 0 on the primary and 2147483647 on a node that never synced.
    """
    for reply in (lag, primary, listing):
        _raise_for(mount, reply)
    hostname = bodies.plain(primary.body).strip() if primary.status == Status.OK else None
    milliseconds = _milliseconds(lag)
    names = databases(listing)
    if milliseconds is None and not hostname and not names:
        raise Unanswered(Status.FAILED, f"{mount} in the task is not LiteFS's mount: it has no .lag", reply=lag)
    state = State()
    state.lag_file_ms, state.primary_hostname = milliseconds, hostname or ("" if _absent(primary) else None)
    state.role, state.is_primary = _role(state.primary_hostname, milliseconds)
    if milliseconds is None:
        state.notes.append(f"{mount}/.lag cannot be read: LiteFS before 0.5.0 has none")
    return state


def _role(hostname: str | None, milliseconds: int | None) -> tuple[str, bool | None]:
    if hostname:
        return "replica", False
    if milliseconds is None:
        return "unknown", None
    if milliseconds == 0:
        return ("primary", True) if hostname == "" else ("unknown", None)
    return ("none" if hostname == "" else "unknown"), False


def _milliseconds(reply: Reply) -> int | None:
    text = bodies.plain(reply.body).strip() if reply.status == Status.OK else ""
    return int(text) if LAG.fullmatch(text) else None


def _absent(reply: Reply) -> bool:
    return reply.status != Status.OK and not reply.cause and ABSENT.search(reply.stderr) is not None


def _raise_for(mount: str, reply: Reply) -> None:
    """Raise `Unanswered` if no other file could help: the command did not run, or the mount is dead or inaccessible."""
    if reply.status == Status.OK:
        return
    if STALE in reply.stderr:
        raise Unanswered(Status.FAILED, f"{mount} is a dead mount: Transport endpoint is not connected", reply=reply)
    if NOT_ALLOWED in reply.stderr and not reply.cause:
        reason = f"{mount}: Permission denied: without fuse.allow-other LiteFS's mount lets only its own user in"
        raise Unanswered(Status.FAILED, reason, reply=reply)
    if reply.cause or reply.status != Status.FAILED or not reply.stderr.startswith((b"cat", b"ls")):
        raise asking.not_run(reply, final=reply.status == Status.DENIED)


def databases(listing: Reply) -> list[str]:
    """Return the databases, from file names that end in `-pos`; at most `MAX_DATABASES`."""
    names = bodies.plain(listing.body).split("\n") if listing.status == Status.OK else []
    return sorted({name[: -len(POS)] for name in names if name.endswith(POS) and len(name) > len(POS) and "/" not in name})[:MAX_DATABASES]


def position(name: str, reply: Reply) -> dict[str, JSON] | None:
    """Parse a `-pos` file; None if it is invalid."""
    match = POSITION.fullmatch(bodies.plain(reply.body).strip()) if reply.status == Status.OK else None
    return database(name, int(match["txid"], 16), match["checksum"]) if match else None
