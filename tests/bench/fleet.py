"""A cluster of any size made from a recorded incident: copies of its nodes with other names, IDs and addresses.

The recording has a primary, a healthy replica and an unhealthy one. The primary exists once; every fiftieth of the others is a copy of the
unhealthy replica, the rest are copies of the healthy one. Shared answers (the job, leaders, the lease) are as recorded; lists have an entry
for each copy. Addresses are in 127/8 and only requested through the benchmark's own proxy: nothing is sent to them.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from collector.replay.derive import derive
from collector.replay.match import Index
from collector.replay.recording import HttpExchange, Recording, netloc

INCIDENT = Path(__file__).parents[2] / "incidents" / "app-crash.jsonl.gz"
JOB = "navidrome"
SICK_EVERY = 50
LISTS = {
    ("nomad", "/v1/nodes"): lambda row: row["Name"],
    ("nomad", "/v1/allocations"): lambda row: row["NodeName"],
    ("nomad", f"/v1/job/{JOB}/allocations"): lambda row: row["NodeName"],
    ("consul", "/v1/agent/members"): lambda row: row["Name"],
    ("consul", f"/v1/health/service/{JOB}"): lambda row: row["Node"]["Node"],
    ("consul", f"/v1/health/service/{JOB}-litefs"): lambda row: row["Node"]["Node"],
}
"""What lists nodes or their instances, and how a row says whose it is. Whatever else is asked is about one node, or shared."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """A recorded node: its name, address and IDs."""

    name: str
    address: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """A node of the fleet: what it is a copy of, and replacements for that one's words."""

    of: Member
    number: int
    sick: bool

    @property
    def name(self) -> str:
        """Its own name; the first copy, the primary, keeps the recorded name, which is in the lease."""
        return f"node-{self.number:05d}" if self.number else self.of.name

    @property
    def address(self) -> str:
        """Its own address."""
        if not self.number:
            return self.of.address
        return f"127.{16 + self.number // 62500}.{self.number // 250 % 250}.{self.number % 250 + 1}"

    def words(self) -> Iterator[tuple[str, str]]:
        """Pairs of recorded text and its replacement."""
        if self.number:
            yield self.of.name, self.name
            yield self.of.address, self.address
            yield from ((known, self.own(known)) for known in self.of.ids)

    def own(self, known: str) -> str:
        """Replace a recorded ID by this copy's."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{known}/{self.number}")) if self.number else known

    def written(self, text: str) -> str:
        """Return a recorded text as this copy would have written it."""
        for known, own in self.words():
            text = text.replace(known, own)
        return text.replace("_nomad-check-", f"_nomad-check-{self.number:05d}") if self.number else text


class Fleet:
    """The answers of a cluster with `size` nodes. Knows only paths and queries, no HTTP."""

    def __init__(self, size: int, incident: Path = INCIDENT) -> None:
        recording = Recording.load(incident)
        self.recording = recording
        self._index = Index(recording)
        self._bases = {source: netloc(recording.base(source) or "") for source in ("nomad", "consul")}
        sick = str(recording.meta["node"])
        members = {name: _member(recording, name) for name in _names(recording)}
        primary = _primary(recording)
        healthy = next(name for name in members if name not in {sick, primary})
        self.copies = [Copy(members[primary], 0, sick=False)]
        for number in range(1, size):
            is_sick = number % SICK_EVERY == 0
            self.copies.append(Copy(members[sick if is_sick else healthy], number, is_sick))
        self._by_address = {copy.address: copy for copy in self.copies}
        self._by_id = {copy.own(known): (copy, known) for copy in self.copies for known in copy.of.ids}
        self._lists: dict[tuple[str, str], list[str]] = {}

    def copy_of(self, address: str, path: str) -> Copy | None:
        """Return the node that a request is about; None for shared answers."""
        by_address = self._by_address.get(address.rpartition(":")[0])
        return by_address or next((self._by_id[part][0] for part in path.split("/") if part in self._by_id), None)

    def answer(self, address: str, path: str, query: Mapping[str, str]) -> HttpExchange | None:
        """Return a server's answer to a GET; None if the recording has no basis for one."""
        host, _, port = address.rpartition(":")
        copy = self._by_address.get(host)
        if copy is not None:
            return self._of_copy(copy, f"{copy.of.address}:{port}", path, query)
        for source, base in self._bases.items():
            if address == base and (source, path) in LISTS:
                return self._listing(source, path, query)
        named = next((self._by_id[part] for part in path.split("/") if part in self._by_id), None)
        if named is not None:
            return self._of_copy(named[0], address, path.replace(named[0].own(named[1]), named[1]), query)
        return self._recorded(address, path, query)

    def _of_copy(self, copy: Copy, address: str, path: str, query: Mapping[str, str]) -> HttpExchange | None:
        found = self._recorded(address, path, query)
        return replace(found, body=copy.written(found.body)) if found else None

    def _recorded(self, address: str, path: str, query: Mapping[str, str]) -> HttpExchange | None:
        return self._index.answer("GET", address, path, query) or derive(self._index, address, path, query)

    def _listing(self, source: str, path: str, query: Mapping[str, str]) -> HttpExchange | None:
        """Return a list, or the page requested with Nomad's `per_page` and `next_token`."""
        found = self._recorded(self._bases[source], path, query)
        if found is None:
            return None
        if (source, path) not in self._lists:
            self._lists[source, path] = list(self._rows(json.loads(found.body), LISTS[source, path]))
        rows = self._lists[source, path]
        start, size = int(query.get("next_token", 0)), int(query.get("per_page", len(rows)))
        headers = {**found.headers, "x-nomad-nexttoken": str(start + size)} if start + size < len(rows) else found.headers
        return replace(found, headers=headers, body=f"[{','.join(rows[start : start + size])}]")

    def _rows(self, recorded: Sequence[Row], owner: Any) -> Iterator[str]:
        """Return every row once per copy of its node, as text; for healthy nodes only live ones, rows without a node unchanged."""
        names = {copy.of.name for copy in self.copies}
        yield from (json.dumps(row) for row in recorded if owner(row) not in {*names, *_names(self.recording)})
        for copy in self.copies:
            for row in recorded:
                if owner(row) == copy.of.name and (copy.sick or row.get("DesiredStatus", "run") == "run"):
                    yield copy.written(json.dumps(row)).replace(f"{JOB}.{JOB}[", f"{JOB}.{JOB}[{copy.number}")


def _names(recording: Recording) -> list[str]:
    return sorted(row["Name"] for row in _body(recording, "nomad", "/v1/nodes"))


def _primary(recording: Recording) -> str:
    lease = next(one for one in recording.http if one.source == "consul" and one.path == f"/v1/kv/litefs/{JOB}" and "raw" in one.query)
    return str(json.loads(lease.body)["hostname"])


def _member(recording: Recording, name: str) -> Member:
    nodes = [row for row in _body(recording, "nomad", "/v1/nodes") if row["Name"] == name]
    allocs = [row for row in _body(recording, "nomad", "/v1/allocations") if row["NodeName"] == name]
    agents = [row for row in _body(recording, "consul", "/v1/agent/members") if row["Name"] == name]
    ids = [nodes[0]["ID"], *(row["ID"] for row in allocs), *(row["Tags"]["id"] for row in agents)]
    return Member(name, nodes[0]["Address"], tuple(ids))


def _body(recording: Recording, source: str, path: str) -> Any:
    return json.loads(next(one.body for one in recording.http if one.source == source and one.path == path and one.status))
