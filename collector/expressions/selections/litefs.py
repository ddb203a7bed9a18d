"""Which LiteFS nodes to sample a second time, and where the leader is.

Positions are sampled one after another while the primary keeps writing, so a replica that seems behind may only have been sampled earlier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.expressions.selections.instances import endpoint, instances
from collector.expressions.selections.registered import answers, turns
from collector.kinds.litefs_state import NEVER_SYNCED_MS
from collector.loglines import moment_of
from collector.loglines.meanings import write_failed, write_refused
from collector.model import JSON, host_of

Data = Mapping[str, JSON]
LAST = 20
"""Number of lines at the end of a log that are taken to describe the present."""


def leading(leases: JSON, checks: JSON = None, port: int = 20202) -> list[Data]:
    """Return the instances whose LiteFS holds a lease, each with its advertised `url`, for when Nomad does not answer.

    LiteFS may be on another network than the node's address in Consul. Omits those that are queried at this URL anyway (address and
    `port`).
    """
    there = instances(checks)
    held = [{**holder, "url": lease["advertise_url"]} for lease in answers(leases) for holder in _holder(lease, there)]
    return [one for one in held if one["url"].rstrip("/") != endpoint(one, port)]


def _holder(lease: Data, there: Sequence[Data]) -> Sequence[Data]:
    """Return the lease's holder, found by the name in the lease, its URL's address, or its session's Consul node, in this order."""
    if not lease["held"] or not lease["advertise_url"]:
        return ()
    session = next((one["node"] for one in lease["sessions"] if one["id"] == lease["session"]), None)
    found = (
        one
        for name in (lease["hostname"], host_of(lease["advertise_url"]), session)
        for one in there
        if name in (one["node"], one["address"])
    )
    return [one] if (one := next(found, None)) else ()


def unsettled(statuses: JSON, lag: float = 3.0) -> list[JSON]:
    """Return the loop items of a litefs_status task that need a second sample, primaries first; none in a healthy cluster.

    That is: a replica behind the primary or with another checksum, one that never synced or whose lag metric exceeds `lag` seconds, a node
    that is neither primary nor replica, and every primary if there is more than one. A node that did not answer is not asked again.
    """
    seen = [(turn["item"], turn["data"]) for turn in turns(statuses) if turn.get("data") is not None]
    primaries = [pair for pair in seen if pair[1]["role"] == "primary"]
    rest = [pair for pair in seen if pair[1]["role"] != "primary"]
    reference = _positions(primaries[0][1]) if len(primaries) == 1 else {}
    doubtful = [pair for pair in rest if _is_doubtful(pair[1], reference, lag)]
    again = [*primaries, *doubtful] if doubtful or len(primaries) > 1 else []
    return [item for item, _ in again]


def failing_writes(statuses: JSON, logs: JSON = None) -> list[JSON]:
    """Return the loop items of a litefs_status task whose LiteFS is primary and logs failing writes, each with `transactions`.

    `logs` is what a nomad_logs task registered. LiteFS does not log that writes succeed again, but its position then advances.
    """
    failing = {log["alloc"] for log in answers(logs) if any(map(write_failed, log["lines"][-LAST:]))}
    seen = [(turn["item"], turn["data"]) for turn in turns(statuses) if turn.get("data") is not None]
    return [{**item, "transactions": transactions(data)} for item, data in seen if data["role"] == "primary" and item["id"] in failing]


def undated(logs: JSON) -> list[JSON]:
    """Return the loop items of a nomad_logs task whose log ends in failing or refused writes and has no time in its last line."""
    seen = [(turn["item"], turn["data"]["lines"][-LAST:]) for turn in turns(logs) if turn.get("data") is not None]
    return [item for item, lines in seen if lines and moment_of(lines[-1]) is None and any(map(_tells_of_a_write, lines))]


def _tells_of_a_write(line: str) -> bool:
    return write_refused(line) or write_failed(line)


def transactions(status: JSON) -> int:
    """Return the total number of transactions in all databases of a LiteFS; the argument is the data of one litefs_status."""
    return sum(database["txid"] for database in (status or {}).get("databases", ()))


def _is_doubtful(data: Data, reference: Mapping[str, tuple[JSON, JSON]], lag: float) -> bool:
    positions = _positions(data)
    return (
        data["role"] != "replica"
        or data["lag_file_ms"] == NEVER_SYNCED_MS
        or (data["lag_seconds"] or 0.0) > lag
        or any(_differs(positions.get(name), position) for name, position in reference.items())
    )


def _positions(data: Data) -> dict[str, tuple[JSON, JSON]]:
    return {database["name"]: (database["txid"], database["checksum"]) for database in data["databases"]}


def _differs(position: tuple[JSON, JSON] | None, reference: tuple[JSON, JSON]) -> bool:
    """True for another transaction, or the same with another checksum. Metrics have no checksum: null is not a difference."""
    if position is None or position[0] != reference[0]:
        return True
    return None not in (position[1], reference[1]) and position[1] != reference[1]
