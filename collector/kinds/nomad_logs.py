"""The end of a task's log."""

from __future__ import annotations

import re

from collector.errors import Unanswered
from collector.kinds import asking, bodies, shapes
from collector.kinds.kind import ALLOC, API, NAMESPACE, NODE, TASK, Args, Argument, Kind, of_alloc
from collector.model import Http, Reply, Rung, Status

OFFSET = 65536
KEPT = 400
NO_LOG = re.compile(rb"No logs available|not started yet|file not found|no such file or directory|log entry for task .* not found")
"""Nomad's message if there is no log yet (client/fs_endpoint.go); it differs for a lost client and an unknown allocation."""


def api(args: Args) -> Rung:
    """Request the last `OFFSET` bytes of the stream; any agent forwards the request to the node."""
    alloc = asking.segment(args["alloc"])
    tail = {"task": args["task"], "type": args["stream"], "plain": "true", "origin": "end", "offset": OFFSET}
    within = asking.within(args.get("namespace"))
    log = Http("nomad", f"/v1/client/fs/logs/{alloc}", {**tail, **within}, limit=OFFSET * 4)
    directory = [Http("nomad", f"/v1/client/fs/ls/{alloc}", {"path": "alloc/logs", **within})] if args.get("written") else []
    reply, *listing = yield from asking.ask_together([log, *directory])
    lines, cut = parse(_content(reply))
    written_at = next((_written_at(one, args["task"], args["stream"]) for one in listing), None)
    return {
        "alloc": args["alloc"],
        "node": args.get("node"),
        "task": args["task"],
        "stream": args["stream"],
        "lines": lines,
        "wanted": args["lines"],
        "bytes": len(reply.body) if reply.status == Status.OK else 0,
        "cut": cut or reply.truncated,
        **({} if written_at is None else {"written_at": written_at}),
    }


def _written_at(listing: Reply, task: str, stream: str) -> float | None:
    """Return the modification time of the stream's newest file (`task.stderr.3`); None if that is not permitted."""
    if listing.status != Status.OK:
        return None
    try:
        rows = bodies.listing(listing.body)
        own = [row for row in rows if re.fullmatch(re.escape(f"{task}.{stream}.") + r"\d+", shapes.text(row, "Name"))]
        return max(filter(None, (shapes.timestamp(row, "ModTime") for row in own)), default=None)
    except Unanswered:
        return None


def _content(reply: Reply) -> bytes:
    if reply.status == Status.OK:
        return reply.body
    if reply.status == Status.FAILED and NO_LOG.search(reply.body[:4096]):
        return b""
    raise asking.refusal(reply)


def parse(body: bytes) -> tuple[list[str], bool]:
    """Return the last `KEPT` lines, and whether older ones were omitted. A first line cut by the offset is dropped.

    Nomad declares no encoding: UTF-8 is assumed, with U+FFFD for invalid bytes. Control characters other than line feeds are kept.
    """
    lines = bodies.plain(body).split("\n")
    if lines[-1] == "":
        lines.pop()
    began_before = len(body) >= OFFSET
    if began_before and len(lines) > 1:
        lines.pop(0)
    return lines[-KEPT:], began_before or len(lines) > KEPT


KIND = Kind(
    name="nomad_logs",
    summary="the last lines of a task's stderr or stdout",
    rungs={"api": api},
    default_ladder=API,
    arguments={
        "alloc": ALLOC,
        "task": TASK,
        "stream": Argument("string", "which stream", default="stderr", choices=("stderr", "stdout")),
        "lines": Argument("integer", "how many lines the report shows", default=20, least=1, most=KEPT),
        "written": Argument("boolean", "also ask when the last line was written", default=False, capability="nomad: namespace read-fs"),
        "namespace": NAMESPACE,
        "node": NODE,
    },
    target=of_alloc,
    capabilities=("nomad: namespace read-logs",),
    answered_by="client",
)
