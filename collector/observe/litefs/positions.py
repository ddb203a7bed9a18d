"""Role, lag and position of LiteFS on each node, compared with the primary's.

In this order (docs/litefs.md): transaction IDs per database against the primary's, which need no clock; LiteFS's own lag metric; the file
`.lag`. The primary is sampled first, and again if a replica seems behind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from collector.kinds.litefs_state import NEVER_SYNCED_MS, SAWTOOTH
from collector.model import JSON, Result

NEGATIVE = -1.0
"""Seconds: a lag below this exceeds rounding errors (docs/litefs.md: clock skew can make it negative)."""
NOT_ACCEPTED = "did not accept a connection"
"""How sources/translate.py reports that connecting timed out: the process is unreachable, not hanging."""
NO_COMMAND = re.compile(r"executable file not found|is not a command of this LiteFS")
"""Why a rung's command could not run (Go's os/exec, and kinds/litefs_command.py)."""

Sample = tuple[Result, Mapping[str, JSON]]


@dataclass(slots=True)
class State:
    """LiteFS in one allocation, over all its samples, oldest first. `behind` is None if it cannot be compared.

    `ahead` is by how many seconds its clock is ahead of the primary's. `unheard`: the replica gets no heartbeat from its primary, so its
    lag means nothing. `unstreamed`: it waits for a primary that has no stream for it.
    """

    alloc: str
    node: str
    samples: list[Sample] = field(default_factory=list)
    failures: list[Result] = field(default_factory=list)
    behind: int | None = None
    diverged: str | None = None
    clock_off: bool = False
    ahead: float = 0.0
    unheard: bool = False
    unstreamed: bool = False
    databases: list[dict[str, JSON]] = field(default_factory=list)

    @property
    def data(self) -> Mapping[str, JSON] | None:
        """The data of the last sample."""
        return self.samples[-1][1] if self.samples else None

    @property
    def result(self) -> Result:
        """The result of the last sample; without one, of the last failure."""
        return self.samples[-1][0] if self.samples else self.failures[-1]

    @property
    def primary(self) -> bool:
        """True if the last sample says so; the metrics of a locked-up LiteFS may be out of date."""
        return bool(self.data and self.data["is_primary"] and not self.locked_up)

    @property
    def locked_up(self) -> bool:
        """True if only its metrics answer: requests that need the store's lock do not."""
        return bool(self.data and self.data.get("locked_up"))

    @property
    def held(self) -> tuple[str, str] | None:
        """A database that is behind with a transaction open in every sample, for which LiteFS must wait; and the kind of transaction."""
        looks = [{db["name"]: db.get("transaction") for db in data["databases"]} for _, data in self.samples]
        late = (db["name"] for db in self.databases if db["behind"] != 0)
        return next(((name, looks[-1][name]) for name in late if looks and all(look.get(name) for look in looks)), None)

    @property
    def awaits(self) -> str | None:
        """A database that its primary has, and it does not have yet."""
        late = (db["name"] for db in self.databases if db["behind"] and not db["txid"])
        return next(late, None)

    @property
    def lag(self) -> float | None:
        """Seconds behind by its own report; None for a primary, for one that has not synced, and if not reported.

        The metric is exactly 0 on a non-primary that never synced or was just demoted (store.go:1652-1659), so 0 does not mean "in sync".
        """
        data = self.data
        if data is None or self.primary or self.unheard or self.never_synced:
            return None
        if data["role"] == "unknown" and data["lag_seconds"] == 0:
            return None
        if data["lag_seconds"] is not None:
            return float(data["lag_seconds"])
        return data["lag_file_ms"] / 1000 if data["lag_file_ms"] is not None else None

    @property
    def late(self) -> float | None:
        """The lag, if its clock agrees with the primary's: it is the difference between the primary's time stamps and its own clock."""
        return self.lag if self.lag is None or not self.ahead else round(self.lag - self.ahead, 1)

    @property
    def never_synced(self) -> bool:
        """True if it has not synced since it started or was demoted."""
        data = self.data
        if data is None or self.primary or self.unheard or self.locked_up or data["role"] == "unknown":
            return False
        return data["lag_file_ms"] == NEVER_SYNCED_MS or (data["lag_seconds"] == 0 and data["lag_file_ms"] is None)

    @property
    def receives(self) -> bool:
        """True if a replica's position advanced between its first and last sample, which only its primary can cause."""
        return len(self.samples) > 1 and not self.primary and self._moved

    @property
    def writes(self) -> bool:
        """True if a primary's position advanced between its first and last sample, which only writes through its mount can cause."""
        return self.primary and len(self.samples) > 1 and self._moved

    @property
    def _moved(self) -> bool:
        """True if any database's position advanced from the first to the last sample."""
        first = {db["name"]: db["txid"] for db in self.samples[0][1]["databases"]}
        return any(db["txid"] > first.get(db["name"], db["txid"]) for db in self.samples[-1][1]["databases"])

    @property
    def older(self) -> bool:
        """True for a primary of LiteFS before 0.5: no lag metric (added in 0.5.3), and an `/info` without cluster ID (added in 0.5.0)."""
        data = self.data
        return bool(self.primary and data and data["path"] and data["lag_seconds"] is None and data["cluster_id"] is None)

    @property
    def cause(self) -> str:
        """Why HTTP did not answer, in one word; empty if it did or was not requested."""
        for result in [*self.failures, *(sample[0] for sample in self.samples)]:
            for attempt in result.attempts:
                if attempt.rung == "http" and attempt.status != "ok":
                    return "unaccepted" if NOT_ACCEPTED in attempt.reason else attempt.cause or str(attempt.status)
        return ""

    @property
    def stuck(self) -> bool:
        """True if several rungs were tried and all timed out; a missing command does not count as tried."""
        every = [attempt for result in self.failures for attempt in result.attempts]
        attempts = [attempt for attempt in every if not NO_COMMAND.search(attempt.reason)]
        return not self.samples and len(attempts) > 1 and all("timeout" in (attempt.cause, attempt.status) for attempt in attempts)


def compare(every: list[State], ahead: Mapping[str, float], node: Callable[[str | None], str | None]) -> None:
    """Fill in the results of comparisons: distances, divergence, wrong clocks. Without exactly one primary nothing is compared.

    `ahead` maps nodes to the seconds by which their clock is ahead of Nomad's servers; `node` resolves a host name used by LiteFS.
    """
    primaries = [state for state in every if state.primary]
    primary = primaries[0] if len(primaries) == 1 else None
    for state in every:
        state.unheard = bool(primary and primary.older and not state.primary and state.data and state.data["lag_seconds"] is not None)
    for state in every:
        state.ahead = ahead.get(state.node, 0.0) - ahead.get(_followed(state, primary, node), 0.0)
        if state.data is not None:
            _position(state, primary)
    _clocks(every, primary)
    _streams([state for state in every if state.data and state is not primary], primary)


def _followed(state: State, primary: State | None, node: Callable[[str | None], str | None]) -> str:
    """Return the node whose clock its lag refers to: the primary, or while none answers, the node it names as primary."""
    return primary.node if primary else node((state.data or {}).get("primary_hostname")) or ""


def _clocks(every: list[State], primary: State | None) -> None:
    """Mark the clocks that a negative lag shows to be wrong: the replica's, or the primary's if several replicas agree."""
    replicas = [state for state in every if state.lag is not None]
    negative = [state for state in replicas if (state.lag or 0.0) < NEGATIVE]
    for state in [primary] if primary and len(negative) > 1 and len(negative) == len(replicas) else negative:
        state.clock_off = True


def _streams(replicas: list[State], primary: State | None) -> None:
    """Mark replicas without contact as `unstreamed` if the primary has no more streams than connected replicas."""
    streams = primary.data["stream_count"] if primary and primary.data else None
    silent = [state for state in replicas if (state.late or 0.0) >= SAWTOOTH or (state.never_synced and state.behind)]
    if streams is not None and streams <= len(replicas) - len(silent):
        for state in silent:
            state.unstreamed = bool(state.data and state.data["primary_hostname"])


def _position(state: State, primary: State | None) -> None:
    """Set the transactions behind, per database and at most; and a database with different content at the same position.

    With two samples a replica is behind only if its second position is lower than the primary's first one. With one sample, a small
    distance with a fresh lag metric is what was written between the two answers.
    """
    mine = state.data["databases"] if state.data else ()
    there = {db["name"]: db for db in primary.samples[0][1]["databases"]} if primary and primary is not state else {}
    now = {db["name"]: db for db in primary.samples[-1][1]["databases"]} if primary and primary is not state else {}
    excused = len(state.samples) == 1 and state.lag is not None and 0 <= state.lag < SAWTOOTH
    for db in mine:
        target = there.get(db["name"])
        behind = None if target is None else max(0, target["txid"] - db["txid"])
        if behind is not None and excused:
            behind = 0
        state.databases.append({"name": db["name"], "txid": db["txid"], "checksum": db["checksum"], "behind": behind})
        for other in (target, now.get(db["name"])):
            if other and other["txid"] == db["txid"] and other["checksum"] and db["checksum"] and other["checksum"] != db["checksum"]:
                state.diverged = db["name"]
    known = {db["name"] for db in mine}
    missing = [] if excused else [db for name, db in there.items() if name not in known and db["txid"]]
    state.databases += [{"name": db["name"], "txid": 0, "checksum": None, "behind": db["txid"]} for db in missing]
    distances = [db["behind"] for db in state.databases if db["behind"] is not None]
    state.behind = max(distances) if distances else None
