"""Small hand-written recordings, and ways to query a replay."""

from __future__ import annotations

import gzip
import json
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from collector.replay import ExecExchange, HttpExchange, Recording

NOMAD = "http://127.0.0.1:4646"
CONSUL = "http://127.0.0.1:8500"
LITEFS = "http://127.0.0.8:20202"
INCIDENTS = sorted((Path(__file__).parents[2] / "incidents").glob("*.jsonl.gz"))


def answered(path, body="", *, base=NOMAD, status=200, source="nomad", headers=None, **query):
    """Return an exchange with an answer."""
    return HttpExchange(source, base, path, query=query, status=status, body=body, headers=headers or {})


def unanswered(path, error, *, base=LITEFS):
    """Return an exchange without an answer."""
    return HttpExchange("litefs", base, path, error=error)


def recording(*http: HttpExchange, execs: tuple[ExecExchange, ...] = ()) -> Recording:
    return Recording({"scenario": "by hand"}, http, execs)


def write_lines(path: Path, *documents: object) -> Path:
    """Write a recording file of these lines, valid or not."""
    lines = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in documents]
    path.write_bytes(gzip.compress(b"\n".join(lines)))
    return path


class Client:
    """One kept-alive connection to a replay, as a forward proxy's client uses it."""

    def __init__(self, proxy: str) -> None:
        self.connection = HTTPConnection(urlsplit(proxy).netloc, timeout=10)

    def get(self, url: str, method: str = "GET") -> tuple[HTTPResponse, str]:
        self.connection.request(method, url)
        response = self.connection.getresponse()
        return response, response.read().decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
