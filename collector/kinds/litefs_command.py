"""Output of a custom `litefs status` command. LiteFS 0.5 has none, but a wrapper or a later release may."""

from __future__ import annotations

import re
from collections.abc import Callable

from collector.durations import seconds_of
from collector.errors import Unanswered
from collector.kinds import asking, bodies, litefs_mount
from collector.kinds.kind import Args
from collector.kinds.litefs_state import CLUSTER_ID, State
from collector.model import JSON, Exec, Reply, Rung, Status
from collector.text import snippet

UNKNOWN_COMMAND = re.compile(rb"unknown command|^The commands are:|Usage:\s*\n?\s*litefs <command>", re.MULTILINE)
NO_BINARY = re.compile(rb"executable file not found|no such file or directory|not found", re.IGNORECASE)
PAIR = re.compile(r"[-*]?\s*(?P<key>[A-Za-z][\w .\-/]{0,40}?)\s*[:=](?P<value>.*)")
KEPT = 4000
MAX_PAIRS = 200
ROLES = {"primary": "primary", "leader": "primary", "replica": "replica", "follower": "replica", "secondary": "replica", "none": "none"}
TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def run(args: Args, argv: tuple[str, ...]) -> Rung:
    """Run the command. If its output does not contain the role, the mount's files are read as well, and the output is kept beside them."""
    (reply,) = yield [Exec(args["alloc"], args["task"], argv, args.get("namespace"))]
    state = parse(argv, reply)
    if state.role == "unknown":
        try:
            return {**(yield from litefs_mount.read(args, args["mount"].rstrip("/") or "/")), "status_command": state.status_command}
        except Unanswered as why:
            state.notes.append(why.reason)
    return state.data()


def parse(argv: tuple[str, ...], reply: Reply) -> State:
    """Parse JSON or `key: value` lines; keep any other output as text."""
    output = reply.body if reply.body.strip() else reply.stderr
    parsed = structured(bodies.plain(reply.body))
    if reply.cause or reply.status not in (Status.OK, Status.FAILED) or (reply.status != Status.OK and not parsed):
        raise _no_status(argv, reply)
    state = State()
    state.status_command = {"rc": reply.code, "text": bodies.plain(output)[:KEPT], "parsed": parsed}
    for name, value in (parsed or {}).items():
        _learn(state, re.sub(r"[^a-z]", "", name.lower()), value)
    state.settle_role()
    return state


def _no_status(argv: tuple[str, ...], reply: Reply) -> Unanswered:
    command, output = " ".join(argv), reply.stderr + reply.body
    if not reply.cause and UNKNOWN_COMMAND.search(output):
        reason = f"`{command}` is not a command of this LiteFS (its CLI has export, import, mount, run, version)"
        return Unanswered(Status.FAILED, reason, reply=reply)
    if not reply.cause and NO_BINARY.search(output):
        return Unanswered(Status.FAILED, f"`{argv[0]}` is not there in the task: {snippet(output)}", reply=reply)
    return asking.not_run(reply, final=reply.status == Status.DENIED)


def structured(text: str) -> dict[str, JSON] | None:
    """Return the scalars of a JSON object, or of lines that are all `key: value`; None for any other text."""
    try:
        data = bodies.decode(text.encode())
    except Unanswered:
        return _pairs(text)
    flat = {key: value for key, value in data.items() if not isinstance(value, dict | list)} if isinstance(data, dict) else {}
    if isinstance(data, dict) and isinstance(data.get("primary"), dict):
        flat["primaryHostname"] = data["primary"].get("hostname")
    return {key: value for key, value in flat.items() if value is None or isinstance(value, str | int | float | bool)} or None


def _pairs(text: str) -> dict[str, JSON] | None:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines or len(lines) > MAX_PAIRS:
        return None
    matches = [match for line in lines if (match := PAIR.fullmatch(line))]
    return {match["key"]: match["value"].strip() for match in matches} if len(matches) == len(lines) else None


def _learn(state: State, name: str, value: JSON) -> None:
    """Adopt values under the names a status command is likely to use; ignore those of the wrong form."""
    for names, part, read in MEANINGS:
        if name in names and (known := read(value)) is not None:
            setattr(state, part, known)


def _role(value: JSON) -> str | None:
    return ROLES.get(str(value).strip().lower())


def _truth(value: JSON) -> bool | None:
    return TRUTH.get(str(value).strip().lower())


def _text(value: JSON) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _cluster_id(value: JSON) -> str | None:
    text = _text(value)
    return text if text and CLUSTER_ID.fullmatch(text) else None


def _hostname(value: JSON) -> str | None:
    return None if _truth(value) is not None else _text(value)


def _seconds(value: JSON) -> float | None:
    if isinstance(value, str):
        return seconds_of(value.strip().replace(" ", ""))
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


MEANINGS: tuple[tuple[frozenset[str], str, Callable[[JSON], JSON]], ...] = (
    (frozenset({"role", "state"}), "role", _role),
    (frozenset({"isprimary", "primary"}), "is_primary", _truth),
    (frozenset({"candidate", "iscandidate"}), "candidate", _truth),
    (frozenset({"primary", "primaryhostname", "primaryhost"}), "primary_hostname", _hostname),
    (frozenset({"clusterid"}), "cluster_id", _cluster_id),
    (frozenset({"version"}), "version", _text),
    (frozenset({"lag", "lagseconds", "replicationlag"}), "lag_seconds", _seconds),
    (frozenset({"uptime", "uptimeseconds"}), "uptime_seconds", _seconds),
)
"""(names, letters only) → field of the state, and its parser."""
