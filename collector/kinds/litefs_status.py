"""LiteFS on one node: its role, positions, lag and start time, by three rungs (docs/litefs.md explains why)."""

from __future__ import annotations

from collector.errors import Unanswered
from collector.kinds import litefs_command, litefs_mount
from collector.kinds.kind import NAMESPACE, Args, Argument, Kind, of_alloc, port
from collector.kinds.litefs_http import asks_for_a_path, http
from collector.model import JSON, Rung, Status


def execute(args: Args) -> Rung:
    """Run a command in the task: `cat` reads the mount's files, anything else is a status command."""
    argv = args["rung"] or ["cat"]
    if objection := no_command(argv):
        raise Unanswered(Status.FAILED, objection)
    if not args.get("alloc"):
        raise Unanswered(Status.SKIPPED, "no allocation to run a command in")
    if argv[0] == "cat":
        return (yield from litefs_mount.read(args, litefs_mount.mount_of(argv, args["mount"])))
    return (yield from litefs_command.run(args, tuple(argv)))


def no_command(value: JSON) -> str | None:
    """Return advice for a command given as a string instead of a list: no shell splits it."""
    if value is None or (isinstance(value, list) and all(isinstance(word, str) and word for word in value)):
        return None
    words = value.split() if isinstance(value, str) else ["litefs", "status"]
    return f"a command is a list of words: [{', '.join(words)}]"


def advice(rung: str, value: JSON) -> str | None:
    """Return advice on a rung. An expression may render to a list, which is checked at run time."""
    if rung == "http":
        return asks_for_a_path(value)
    return None if isinstance(value, str) and "{{" in value else no_command(value)


KIND = Kind(
    name="litefs_status",
    summary="LiteFS on one node: role, positions, lag, start",
    rungs={"http": http, "exec": execute},
    modules=("prometheus_client.parser",),
    default_ladder=(("http", None), ("exec", ["litefs", "status"]), ("exec", ["cat"])),
    advice=advice,
    arguments={
        "task": Argument("string", "the task that runs LiteFS", required=True),
        "mount": Argument("string", "LiteFS's mount (fuse.dir) inside the task", required=True),
        "alloc": Argument("string", "full ID of the allocation, for the exec rungs", item="id"),
        "node": Argument("string", "name of the node", item="node"),
        "url": Argument("string", "http://host:port of LiteFS, if neither the http rung nor address gives it"),
        "address": Argument("string", "address of the allocation", item="address"),
        "litefs_port": port("port of LiteFS's HTTP API", 20202),
        "namespace": NAMESPACE,
    },
    target=of_alloc,
    capabilities=("nomad: namespace alloc-exec",),
    answered_by="node",
)
