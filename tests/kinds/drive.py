"""Drives a rung without I/O, from a case file or a recorded incident."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path

from collector.kinds import KINDS
from collector.model import JSON, Dial, Exec, Http, Reply, Request, Rung, Status, host_port

CASES = Path(__file__).parent / "cases"
INCIDENTS = Path(__file__).parents[2] / "incidents"
CAUSES = {"refused": Status.UNREACHABLE, "reset": Status.UNREACHABLE, "dns": Status.UNREACHABLE, "timeout": Status.TIMEOUT}
NOMADS_OWN = ("failed to exec into task", "No path to node", "Unexpected response code", "No allocation(s)")


def arguments(kind: str, given: Mapping[str, JSON], value: JSON = None) -> dict[str, JSON]:
    """Return an item's arguments as passed to a rung."""
    return {name: given.get(name, argument.default) for name, argument in KINDS[kind].arguments.items()} | {"rung": value}


def drive(rung: Rung, answer: Callable[[Request], Reply]) -> JSON:
    """Run a rung to its end; raises what it raises."""
    try:
        batch = next(rung)
        while True:
            assert batch, "a rung that asks nothing would never be resumed"
            batch = rung.send([answer(request) for request in batch])
    except StopIteration as done:
        return done.value


def described(request: Request) -> JSON:
    """Return a request in the notation of case files."""
    if isinstance(request, Exec):
        return {"exec": list(request.argv), "alloc": request.alloc, "task": request.task} | (
            {"namespace": request.namespace} if request.namespace else {}
        )
    if isinstance(request, Dial):
        return {"dial": host_port(request.host, request.port)}
    where = (
        ({"base": request.base} if request.base else {})
        | ({} if request.token else {"token": False})
        | ({} if request.verify else {"verify": False})
    )
    return {"get": request.path, "source": request.source} | where | ({"query": dict(request.query)} if request.query else {})


def reply(said: Mapping[str, JSON], endpoint: str = "recorded") -> Reply:
    """Parse a case file's reply: `code` with `json` or `text`, `rc` with `stdout` and `stderr`, `dial`, or the `cause` of a failure."""
    if "rc" in said:
        return _executed(said, endpoint)
    if "code" not in said:
        cause = said.get("cause", "")
        return Reply(endpoint, CAUSES.get(cause, Status.FAILED) if cause else Status.OK, cause=cause, reason=said.get("reason", cause))
    body = json.dumps(said["json"], ensure_ascii=False) if "json" in said else said.get("text", "")
    headers, code = said.get("headers", {}), said["code"]
    status = Status.OK if 200 <= code < 300 else Status.DENIED if code in (401, 403) else Status.FAILED
    return Reply(
        endpoint,
        status,
        code=code,
        body=body.encode(),
        headers=headers,
        reason="" if status == Status.OK else f"{endpoint} answered {code}",
        date=parsedate_to_datetime(headers["date"]).timestamp() if "date" in headers else None,
        truncated=said.get("truncated", False),
        at=said.get("at", 0.0),
        seconds=said.get("seconds", 0.0),
    )


def _executed(said: Mapping[str, JSON], endpoint: str) -> Reply:
    stdout, stderr = said.get("stdout", "").encode(), said.get("stderr", "").encode()
    if said["rc"] == 0:
        return Reply(endpoint, Status.OK, code=0, body=stdout, stderr=stderr)
    own = said.get("stderr", "").startswith(NOMADS_OWN) and "executable file not found" not in said["stderr"]
    status = Status.UNREACHABLE if own and "403" not in said["stderr"] else Status.DENIED if own else Status.FAILED
    reason = said["stderr"].strip() if own else f"exit code {said['rc']}"
    return Reply(endpoint, status, code=said["rc"], body=stdout, stderr=stderr, cause="exec" if own else "", reason=reason)


class Recorded:
    """A recorded incident that answers only exactly recorded requests (path and query). Others get a 404, or an unknown command."""

    def __init__(self, incident: str) -> None:
        with gzip.open(INCIDENTS / f"{incident}.jsonl.gz", "rt", encoding="utf-8") as lines:
            self.meta, *self.rows = [json.loads(line) for line in lines]
        self.said: dict[str, JSON] = {}
        for row in self.rows:
            self.said.setdefault(_key(row), _said(row))

    def __call__(self, request: Request) -> Reply:
        return reply(self.find(request))

    def find(self, request: Request) -> JSON:
        """Return the recorded answer, in the notation of case files."""
        if isinstance(request, Dial):
            return self.said.get(f"dial {request.host}:{request.port}", {"cause": "refused"})
        if isinstance(request, Exec):
            unknown = {"rc": 1, "stderr": f"failed to exec into task: {request.argv} was not recorded\n"}
            return self.said.get(json.dumps([request.alloc, request.task, list(request.argv)]), unknown)
        return self.said.get(_http(request), {"code": 404, "text": "not recorded"})

    def bodies(self, source: str, path: str) -> list[tuple[str, JSON]]:
        """Return recorded JSON answers to a path: (base, body)."""
        rows = [row for row in self.rows if row["source"] == source and row.get("path") == path and row.get("status") == 200]
        return [(row["base"], json.loads(row["body"])) for row in rows]


def _key(row: Mapping[str, JSON]) -> str:
    if row["source"] == "exec":
        return json.dumps([row["alloc"], row["task"], row["argv"]])
    configured = row["source"] in ("nomad", "consul") and row["base"].startswith("http://127.0.0.1:")
    return _asked(row["source"], None if configured else row["base"], row["path"], row["query"])


def _http(request: Http) -> str:
    return _asked(request.source, request.base, request.path, request.query)


def _asked(source: str, base: str | None, path: str, query: Mapping[str, JSON]) -> str:
    return f"{base or source}{path}?{json.dumps({name: str(value) for name, value in query.items()}, sort_keys=True)}"


def _said(row: Mapping[str, JSON]) -> JSON:
    if row["source"] == "exec":
        return {"rc": row["rc"], "stdout": row["stdout"], "stderr": row["stderr"]}
    if row["status"] is None:
        return {"cause": "refused" if "refused" in row["error"] else "timeout"}
    said: dict[str, JSON] = {"code": row["status"], "headers": row["headers"]}
    try:
        return said | {"json": json.loads(row["body"])}
    except ValueError:
        return said | {"text": row["body"]}
