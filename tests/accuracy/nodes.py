"""Copies a node of one recording into another: to enlarge clusters, and to combine two incidents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from collector.replay.recording import HttpExchange, Recording
from tests.accuracy.rewrite import UUID_TEXT, Rewrite, both, command, http, words

STREAMS = ("/events", "/event/stream", "/metrics")
"""Answers that are no single JSON document."""


@dataclass(frozen=True, slots=True)
class Node:
    """What identifies a node in a recording: its name, address, and the IDs of the node and its allocations."""

    name: str
    address: str
    ids: tuple[str, ...]

    def concerns(self, text: str) -> bool:
        return self.name in text or any(ident in text for ident in self.ids) or bool(re.search(rf"{re.escape(self.address)}(?!\d)", text))


def bodies(recording: Recording, suffix: str) -> Iterator[Any]:
    """Return the JSON answers whose path ends like this."""
    for exchange in recording.http:
        if exchange.path.endswith(suffix) and exchange.status == 200 and exchange.body.startswith(("[", "{")):
            yield json.loads(exchange.body)


def find(recording: Recording, name: str) -> Node:
    """Return the node of that name."""
    members = next(bodies(recording, "/v1/agent/members"))
    members = next((body for body in bodies(recording, "/v1/agent/members") if isinstance(body, list)), members)
    address = next(row["Addr"] for row in members if row["Name"] == name)
    ids = {row["ID"] for body in bodies(recording, "/v1/nodes") for row in body if row["Name"] == name}
    ids |= {row["ID"] for body in bodies(recording, "allocations") for row in body if row["NodeName"] == name}
    ids |= {row["ID"] for body in bodies(recording, "/v1/catalog/nodes") for row in body if row["Node"] == name}
    return Node(name, address, tuple(sorted(ids)))


def primary(recording: Recording) -> str | None:
    """Return the node that says it is primary."""
    for exchange in recording.http:
        if exchange.path == "/info" and '"isPrimary": true' in exchange.body:
            return str(json.loads(exchange.body)["primary"]["hostname"])
    return None


def moved_in(target: Recording, source: Recording, node: Node, name: str, address: str, *, extra: Rewrite = lambda text: text) -> Recording:
    """Return `target` with `node` of `source` added under another name, address and IDs. `extra` adapts the copied texts."""
    ids = {ident: _other_id(ident, name) for ident in node.ids}
    rename = both(extra, words({node.name: name, **ids}), lambda text: re.sub(rf"{re.escape(node.address)}(?!\d)", address, text))
    index = 1 + max(
        int(found) for body in bodies(target, "allocations") for row in body for found in re.findall(r"\[(\d+)\]$", row["Name"])
    )
    rename = both(rename, lambda text: re.sub(r'("Name": ?"[\w-]+\.[\w-]+\[)\d+(\]")', rf"\g<1>{index}\2", text))
    lists = {_key(exchange): exchange for exchange in source.http}
    grown = [_grown(exchange, lists.get(_key(exchange)), node, rename) for exchange in target.http]
    own = [http(exchange, rename) for exchange in source.http if _is_of(exchange, node)]
    execs = [command(one, rename) for one in source.execs if one.alloc in node.ids]
    return Recording(target.meta, (*grown, *own), (*target.execs, *execs))


def _other_id(ident: str, name: str) -> str:
    return ident[:24] + f"{abs(hash_of(name + ident)):012x}"[:12] if UUID_TEXT.fullmatch(ident) else ident


def hash_of(text: str) -> int:
    """Return a number that is the same in every run."""
    return sum(ord(letter) * 31**place for place, letter in enumerate(text)) % (16**12)


def _key(exchange: HttpExchange) -> tuple[str, str, str]:
    return exchange.base, exchange.path, json.dumps(dict(exchange.query), sort_keys=True)


def _is_of(exchange: HttpExchange, node: Node) -> bool:
    """True if the node itself was queried, or a server about it."""
    return node.concerns(exchange.base) or node.concerns(exchange.path) or any(node.concerns(value) for value in exchange.query.values())


def _grown(exchange: HttpExchange, same: HttpExchange | None, node: Node, rename: Rewrite) -> HttpExchange:
    """Return the servers' lists with the node's entries added, and the job's count raised."""
    if exchange.status != 200 or not exchange.body.startswith(("[", "{")) or exchange.path.endswith(STREAMS):
        return exchange
    body = json.loads(exchange.body)
    if re.fullmatch(r"/v1/job/[\w-]+", exchange.path) and isinstance(body, dict):
        for group in body["TaskGroups"]:
            group["Count"] += 1
        return replace(exchange, body=json.dumps(body))
    if same is None or not isinstance(body, list) or same.body[:1] != "[":
        return exchange
    new = [json.loads(rename(json.dumps(row))) for row in json.loads(same.body) if isinstance(row, dict) and _entry_of(row, node)]
    return replace(exchange, body=json.dumps([*body, *new])) if new else exchange


def _entry_of(row: dict[str, Any], node: Node) -> bool:
    """True if it is an entry about this node, in any of the forms of Nomad's and Consul's lists (Consul's services nest the node)."""
    inner = row.get("Node")
    named = inner["Node"] if isinstance(inner, dict) else inner
    return node.name in {row.get("Name") if "Addr" in row or "SchedulingEligibility" in row else None, row.get("NodeName"), named}
