"""The state of one LiteFS, however it was queried; None means unknown."""

from __future__ import annotations

import re
from collections.abc import Mapping

from collector.model import JSON

TXID = re.compile(r"[0-9a-f]{16}")
CLUSTER_ID = re.compile(r"LFSC[0-9A-Fa-f]{16}")
"""Source: litefs v0.5.14, litefs.go:32-58."""
NEVER_SYNCED_MS = 2147483647
"""`.lag` of a node that has not synced since it started or was demoted (litefs v0.5.14, fuse/lag_node.go:25-76)."""
SAWTOOTH = 3.0
"""Seconds. A connected replica gets a heartbeat every second, so its lag metric oscillates between 0 and 1 (docs/litefs.md)."""


class State:
    """The data of `litefs_status` (docs/kinds.md). Fields not yet known have their defaults."""

    role: str = "unknown"
    is_primary: bool | None = None
    candidate: bool | None = None
    cluster_id: str | None = None
    litefs_id: str | None = None
    path: str | None = None
    primary_hostname: str | None = None
    databases: list[dict[str, JSON]]
    lag_seconds: float | None = None
    lag_file_ms: int | None = None
    started_at: float | None = None
    uptime_seconds: float | None = None
    stream_count: int | None = None
    locked_up: bool = False
    version: str | None = None
    status_command: dict[str, JSON] | None = None
    notes: list[str]
    date: float | None = None
    date_at: float | None = None
    date_within: float | None = None

    def __init__(self) -> None:
        self.databases, self.notes = [], []

    def data(self) -> JSON:
        """Convert to plain data; `locked_up` is included only if true."""
        return {name: getattr(self, name) for name in State.__annotations__ if name != "locked_up" or self.locked_up}

    def learn(self, known: Mapping[str, JSON]) -> None:
        """Set the fields that are still unknown."""
        for name, value in known.items():
            if value is not None and getattr(self, name) in (None, "unknown", []):
                setattr(self, name, value)

    def settle_role(self) -> None:
        """Derive the role: a node that is not primary and knows of none has the role `none`.

        Knowing a primary does not mean being connected to it: LiteFS sets the name before it connects (store.go:1373-1385).
        """
        if self.role != "unknown":
            self.is_primary = self.role == "primary" if self.is_primary is None else self.is_primary
            return
        if self.is_primary:
            self.role = "primary"
        elif self.is_primary is False and (self.primary_hostname or (self.lag_seconds or 0) > 0):
            self.role = "replica"
        elif self.is_primary is False and self.primary_hostname == "":
            self.role = "none"


def cluster_id(text: str | None, where: str) -> tuple[str | None, list[str]]:
    """Return a well-formed cluster ID, or None and a note: a garbled ID must not be taken for another cluster's."""
    if not text or CLUSTER_ID.fullmatch(text):
        return text or None, []
    return None, [f"{where} has no cluster ID of LiteFS's form (LFSC and 16 hexadecimal digits), but {text[:40]!r}"]


def database(name: str, txid: int, checksum: str | None, transaction: str | None = None) -> dict[str, JSON]:
    """Return a database's position, and the kind of transaction (write or read) that a client has open, if any."""
    return {"name": name, "txid": txid, "checksum": checksum, **({"transaction": transaction} if transaction else {})}
