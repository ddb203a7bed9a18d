"""LiteFS's lease in Consul: its holder, and the ID of the LiteFS cluster. Source: docs/litefs.md."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from urllib.parse import quote

from collector.durations import seconds_of
from collector.errors import Unanswered
from collector.kinds import asking, bodies, shapes
from collector.kinds.kind import API_OR_STALE, Args, Argument, Kind
from collector.kinds.litefs_state import cluster_id
from collector.kinds.shapes import Obj
from collector.model import JSON, Http, Reply, Rung, Status

NOT_FOUND = 404


def api(args: Args) -> Rung:
    """Request the key, its cluster ID and the sessions in parallel. A missing key means that nobody holds the lease."""
    path = f"/v1/kv/{quote(args['key'].strip('/'), safe='/')}"
    requests = [Http("consul", path), Http("consul", f"{path}/clusterid"), Http("consul", "/v1/session/list")]
    return parse(args["key"], (yield from asking.ask_together(requests)))


def parse(key: str, replies: Sequence[Reply]) -> JSON:
    """Combine the three answers; only the key itself is required (404 counts as an answer)."""
    lease, cluster, listed = replies
    entry = _entry(lease)
    session = shapes.maybe_text(entry, "Session")
    sessions = _sessions(listed)
    value, notes = holder(entry)
    own_id, odd = _cluster_id(cluster)
    return {
        "key": key,
        "held": session is not None,
        "session": session,
        "session_alive": _alive(session, sessions, listed),
        **value,
        "modify_index": shapes.maybe_whole(entry, "ModifyIndex"),
        "lock_index": shapes.maybe_whole(entry, "LockIndex"),
        "cluster_id": own_id,
        "sessions": sessions or [],
        "notes": notes + odd,
    }


def _entry(reply: Reply) -> Obj:
    if reply.code == NOT_FOUND:
        return {}
    return asking.parsed(reply, parse_entry)


def parse_entry(body: bytes) -> Obj:
    """Parse `/v1/kv/KEY`, a list of one. For a missing key Consul answers 404, never an empty list."""
    rows = bodies.listing(body)
    if not rows:
        raise shapes.invalid("the answer is a list without a key, which Consul never gives")
    return rows[0]


def holder(entry: Obj) -> tuple[dict[str, JSON], list[str]]:
    """Return the hostname and URL that the primary wrote into the key, and notes on anything unexpected."""
    nothing: dict[str, JSON] = {"hostname": None, "advertise_url": None}
    raw = content(entry)
    if not raw:
        return nothing, ["the key is held but has no value"] if shapes.text(entry, "Session") else []
    try:
        value = bodies.document(raw)
        return {"hostname": shapes.maybe_text(value, "hostname"), "advertise_url": shapes.maybe_text(value, "advertise-url")}, []
    except Unanswered as why:
        return nothing, [f"the key's value is not what LiteFS writes: {why.reason}"]


def content(entry: Obj) -> bytes:
    """Return the value of a key, which Consul encodes in base64; empty if there is none, or if it is not base64."""
    try:
        return base64.b64decode(shapes.text(entry, "Value"), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _cluster_id(reply: Reply) -> tuple[str | None, list[str]]:
    if reply.status != Status.OK:
        return None, []
    return cluster_id(bodies.plain(content(_entry(reply))).strip(), "the key clusterid")


def _sessions(reply: Reply) -> list[dict[str, JSON]] | None:
    if reply.status != Status.OK:
        return None
    return [_session(row) for row in asking.parsed(reply, bodies.listing)]


def _session(row: Obj) -> dict[str, JSON]:
    return {
        "id": shapes.identity(row, "ID"),
        "name": shapes.text(row, "Name"),
        "node": shapes.text(row, "Node"),
        "ttl": seconds_of(shapes.text(row, "TTL")),
        "behavior": shapes.text(row, "Behavior"),
    }


def _alive(session: str | None, sessions: list[dict[str, JSON]] | None, listed: Reply) -> bool | None:
    """None if the list cannot be read. Consul also silently omits sessions that the token may not read."""
    if session is None or sessions is None:
        return None
    if any(row["id"] == session for row in sessions):
        return True
    return None if asking.filtered(listed) else False


KIND = Kind(
    name="consul_lease",
    summary="the key that LiteFS's primary holds, its session, and the cluster ID",
    rungs={"api": api, "stale": asking.of_any_server(api)},
    default_ladder=API_OR_STALE,
    arguments={"key": Argument("string", "lease.consul.key of litefs.yml", required=True)},
    capabilities=("consul: key read", "consul: session read"),
)
