"""LiteFS's HTTP API: `/metrics` and `/debug/vars`, then `/info` if these are not conclusive.

A healthy node takes two requests. There is no `/status` (docs/litefs.md).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from collector.errors import Unanswered
from collector.kinds import asking, bodies, shapes
from collector.kinds.kind import Args
from collector.kinds.litefs_metrics import Samples, metrics
from collector.kinds.litefs_state import SAWTOOTH, TXID, State, cluster_id, database
from collector.kinds.shapes import Obj
from collector.model import JSON, Http, Reply, Rung, Status, host_port

LIMIT = 1 << 20

EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
ASKS = "the spec asks LiteFS for"
INSTEAD = "LiteFS 0.5 has no /status; give its address alone, http://HOST:PORT, and /info, /metrics and /debug/vars are asked"

CLUSTER_ID, LITEFS_ID = "Litefs-Cluster-Id", "Litefs-Id"
NOT_LITEFS = "does not look like LiteFS"


def http(args: Args) -> Rung:
    """Request `/metrics` and `/debug/vars` in parallel, then `/info` unless they show a settled node.

    A timeout after a connection was accepted means that LiteFS hangs or is still starting, since it listens before it serves
    (mount_linux.go:230,258). The reply's reason distinguishes the two timeouts.
    """
    base = base_of(args)
    scrape, variables = yield [_get(base, "/metrics"), _get(base, "/debug/vars")]
    if scrape.code is None and variables.code is None:
        raise asking.refusal(scrape)
    state, settled = observed(scrape, variables)
    if not settled:
        (info,) = yield [_get(base, "/info")]
        add_info(state, info, seen=bool(state.is_primary is not None or state.databases), first=scrape)
        state.locked_up = bool(scrape.code) and all(_ran_out(reply) for reply in (variables, info))
    return finished(state)


def base_of(args: Args) -> str:
    """Return the base URL, from the rung, the `url` argument, or address and port."""
    url, address = args.get("rung") or args.get("url"), args.get("address")
    if url:
        if objection := asks_for_a_path(url):
            raise Unanswered(Status.FAILED, objection)
        return str(url).rstrip("/")
    if not address:
        raise Unanswered(Status.SKIPPED, "no address to ask LiteFS at")
    return f"http://{host_port(address, args['litefs_port'])}"


def asks_for_a_path(url: JSON) -> str | None:
    """Return advice for a rung that names an endpoint itself (such as `/status`), with or without expressions; None for a plain address."""
    try:
        path = urlsplit(EXPRESSION.sub("", str(url or ""))).path.rstrip("/")
    except ValueError:  # an invalid address is reported when it is requested
        path = ""
    return f"{ASKS} {path}: {INSTEAD}" if path else None


def _dated(state: State, reply: Reply) -> None:
    """Record the server's time and when that was by this machine's clock: some moment between request and response."""
    state.date = reply.date
    if reply.date is not None and reply.at:
        state.date_at, state.date_within = reply.at + reply.seconds / 2, reply.seconds / 2


def _ran_out(reply: Reply) -> bool:
    """True for a timeout. `/metrics` needs no lock on LiteFS's store, `/debug/vars` and `/info` do (store.go:437,483,530)."""
    return reply.code is None and "timeout" in (reply.cause, reply.status)


def _get(base: str, path: str) -> Http:
    return Http("litefs", path, base=base, limit=LIMIT)


def observed(scrape: Reply, variables: Reply) -> tuple[State, bool]:
    """Parse `/metrics` and `/debug/vars`; say whether they show a settled node: a primary, or a replica in contact with one.

    Without a lag (before 0.5.3) a node is not settled: `/info` shows whether it has a cluster ID, and so whether it is 0.5 at all.
    """
    state = State()
    _dated(state, scrape if scrape.date is not None else variables)
    samples = _believed(state, scrape, "/metrics", parse_metrics)
    store = _believed(state, variables, "/debug/vars", parse_vars)
    if samples is not None:
        _add_metrics(state, samples)
    reported = None if samples is None else state.is_primary
    if store is not None:
        _add_store(state, store)
    settled = store is not None and state.lag_seconds is not None and (state.is_primary is True or 0 < state.lag_seconds < SAWTOOTH)
    if reported is not None and reported != state.is_primary:
        state.notes.append("the role changed while it was asked: /metrics and /debug/vars disagree")
        settled = False
    return state, settled


def _believed(state: State, reply: Reply, path: str, parse: asking.Parser[asking.T]) -> asking.T | None:
    try:
        return asking.parsed(reply, parse)
    except Unanswered as why:
        state.notes.append(f"{path}: {why.reason}")
        return None


def parse_metrics(body: bytes) -> Samples:
    """Parse LiteFS's metrics; a page without any is not LiteFS's."""
    samples = metrics(body)
    if not any(name.startswith("litefs_") for name, _labels in samples):
        raise Unanswered(Status.FAILED, f"what answers there {NOT_LITEFS}: its metrics have no litefs_ among them")
    return samples


def parse_vars(body: bytes) -> dict[str, JSON]:
    """Parse expvar's `store`, as LiteFS publishes it (store.go:1668-1713): primary, candidate, and positions."""
    store = bodies.document(body).get("store")
    if not isinstance(store, dict):
        raise Unanswered(Status.FAILED, f"what answers there {NOT_LITEFS}: its variables have no store among them")
    return {
        "is_primary": shapes.maybe_flag(store, "isPrimary"),
        "candidate": shapes.maybe_flag(store, "candidate"),
        "databases": [_position(name, db) for name, db in shapes.named(store, "dbs")],
    }


def _add_metrics(state: State, samples: Samples) -> None:
    primary = samples.get(("litefs_is_primary", ""))
    state.is_primary = None if primary is None else primary == 1
    state.lag_seconds = samples.get(("litefs_lag_seconds", ""))
    state.started_at = samples.get(("process_start_time_seconds", ""))
    streams = samples.get(("litefs_http_stream_count", ""))
    state.stream_count = None if streams is None else int(streams)
    state.databases = [
        database(db, int(value), None) for (name, db), value in sorted(samples.items()) if name == "litefs_db_txid" and value >= 0
    ]


def _add_store(state: State, store: Obj) -> None:
    state.candidate = store["candidate"]
    state.databases = store["databases"] or state.databases
    state.is_primary = state.is_primary if store["is_primary"] is None else store["is_primary"]


def _position(name: str, db: Obj) -> dict[str, JSON]:
    txid, checksum = shapes.text(db, "txid"), shapes.text(db, "checksum")
    if not TXID.fullmatch(txid):
        raise shapes.invalid('"txid" is not 16 hexadecimal digits')
    return database(name, int(txid, 16), checksum if TXID.fullmatch(checksum) else None, _transaction(shapes.mapping(db, "locks")))


def _transaction(locks: Obj) -> str | None:
    """Return the open transaction of a client, derived from SQLite's locks; those that LiteFS itself holds are excluded.

    In WAL mode a client holds `shared` and `dms` while connected, and a reader one of `read0` to `read4`. LiteFS takes all of them
    exclusively (db.go, TryAcquireWriteLock), in rollback mode `shared`.
    """
    if locks.get("recover") == "exclusive" or locks.get("shared") == "exclusive":
        return None
    if "exclusive" in (locks.get("write"), locks.get("reserved"), locks.get("pending")):
        return "write"
    reads = [locks.get(name) for name in ("read0", "read1", "read2", "read3", "read4")]
    rollback = locks.get("shared") == "shared" and locks.get("dms") == "unlocked"
    return "read" if "shared" in reads or rollback else None


def add_info(state: State, reply: Reply, *, seen: bool, first: Reply) -> None:
    """Add the contents of `/info`; if nothing else was seen either, this is not LiteFS, or it does not answer."""
    try:
        known = asking.parsed(reply, parse_info)
    except Unanswered as why:
        if not seen:
            raise _unlike(reply, first) from None
        state.notes.append(f"/info: {why.reason}")
        return
    notes = known.pop("notes")
    is_primary = known.pop("is_primary")
    if state.is_primary is not None and is_primary is not None and is_primary != state.is_primary:
        state.notes.append("the role changed while it was asked: /info is the latest")
    state.is_primary = state.is_primary if is_primary is None else is_primary
    state.learn({**known, "litefs_id": asking.header(reply, LITEFS_ID)})
    if state.date is None:
        _dated(state, reply)
    from_header, odd = cluster_id(asking.header(reply, CLUSTER_ID), f"the header {CLUSTER_ID} of /info")
    state.learn({"cluster_id": from_header})
    state.notes += [*notes, *odd]


def _unlike(info: Reply, first: Reply) -> Unanswered:
    if first.code is None and info.code is None:
        return asking.refusal(first)
    if asking.header(info, LITEFS_ID):
        return Unanswered(
            Status.FAILED, f"{info.endpoint}: this is LiteFS, but its /info, /metrics and /debug/vars cannot be read", reply=info
        )
    about = f"{first.endpoint}: what answers there {NOT_LITEFS} (HTTP {first.code or info.code})"
    return Unanswered(Status.FAILED, about, reply=first._replace(cause="protocol"))


def parse_info(body: bytes) -> dict[str, JSON]:
    """Parse `/info` of any 0.4 or 0.5 release; unknown fields are ignored.

    Up to 0.5.6 `primary` is a boolean and `id` a number; since then `primary` is an object and `isPrimary` the boolean (litefs.go:61-70).
    """
    info = bodies.document(body)
    if not {"primary", "isPrimary", "clusterID"} & info.keys():
        raise Unanswered(Status.FAILED, f"what answers there {NOT_LITEFS}: its /info has none of the fields")
    own_id, notes = cluster_id(shapes.maybe_text(info, "clusterID"), "/info")
    known = {
        "cluster_id": own_id,
        "candidate": shapes.maybe_flag(info, "candidate"),
        "path": shapes.maybe_text(info, "path"),
    }
    if isinstance(info.get("primary"), bool):
        notes.append("/info has the shape of LiteFS before 0.5.7: it does not name the primary")
        return {**known, "is_primary": info["primary"], "primary_hostname": None, "notes": notes}
    primary = shapes.mapping(info, "primary")
    return {
        **known,
        "is_primary": shapes.maybe_flag(info, "isPrimary"),
        "primary_hostname": shapes.text(primary, "hostname"),
        "notes": notes,
    }


def finished(state: State) -> JSON:
    """Derive role and uptime. Uptime is measured by the server's own clock (HTTP Date), so clock skew does not matter."""
    state.settle_role()
    if state.date is not None and state.started_at is not None:
        uptime = state.date - state.started_at
        state.uptime_seconds = round(max(0.0, uptime), 3) if uptime > -1 else None
        if uptime <= -1:
            state.notes.append("the process started after its own clock's time: the clock was set back")
    return state.data()
