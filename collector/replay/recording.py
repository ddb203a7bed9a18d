"""The recording file: gzip, one JSON document per line; the first is the recording's `meta`, each further one an exchange.

    {"source": "meta", "scenario": "app-crash", "recorded_at": 1795503656.4, ...}
    {"source": "nomad", "base": "http://127.0.0.1:4646", "method": "GET", "path": "/v1/nodes", "query": {}, "status": 200,
     "headers": {...}, "body": "...", "seconds": 0.001}
    {"source": "litefs", "base": ..., "method": ..., "path": ..., "query": ..., "status": null, "error": "... refused", "seconds": ...}
    {"source": "exec", "alloc": "...", "task": "...", "argv": ["cat", "/litefs/.lag"], "rc": 0, "stdout": "...", "stderr": "", ...}

A recording may come from someone else, so sizes are limited and every field's type is checked.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NoReturn, Self
from urllib.parse import urlsplit

from collector.errors import DeliveryError, Problem, SpecError
from collector.files import write_atomic
from collector.model import JSON, Mark, Query, by_name, host_port
from collector.strict_json import strict_json

MAX_LINE = 64 << 20
"""Maximum length of a line in bytes. Bodies are limited to 8 MiB when collected; JSON escapes make them at most six times as long."""
MAX_TOTAL = 1 << 30
"""Maximum uncompressed size of a recording in bytes, against gzip bombs."""
LAST_MOMENT = 250_000_000_000
"""The last Unix second that Python's calendar can represent."""
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class HttpExchange:
    """One HTTP request and its answer. `status` None: no answer, and `error` says why. Header names are lower case."""

    source: str
    base: str
    path: str
    method: str = "GET"
    query: Query = field(default_factory=dict)
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    error: str = ""
    seconds: float = 0.0

    @property
    def netloc(self) -> str:
        """`host:port`, always with the port: identifies the server."""
        return netloc(self.base)

    @property
    def full_path(self) -> str:
        """The requested path, including the path prefix of the base address."""
        return urlsplit(self.base).path.rstrip("/") + self.path


@dataclass(frozen=True, slots=True)
class ExecExchange:
    """One command inside a task and its outcome. `rc` None: it was killed at its deadline."""

    alloc: str
    task: str
    argv: tuple[str, ...]
    rc: int | None
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Recording:
    """All exchanges with one cluster, in chronological order."""

    meta: Mapping[str, JSON]
    http: tuple[HttpExchange, ...] = ()
    execs: tuple[ExecExchange, ...] = ()

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a recording; raise `SpecError` with file and line if it is invalid."""
        meta: JSON = None
        http: list[HttpExchange] = []
        execs: list[ExecExchange] = []
        for line in _lines(Path(path)):
            if meta is None:
                meta = _meta(line)
            elif line.text("source") == "exec":
                execs.append(_exec(line))
            else:
                http.append(_http(line))
        if meta is None:
            _reject(Path(path), 1, "the file is empty")
        return cls(meta, tuple(http), tuple(execs))

    def save(self, path: str | Path) -> None:
        """Write the recording with permissions for its owner only; raises `DeliveryError`."""
        lines = b"".join(json.dumps(document).encode() + b"\n" for document in self.documents())
        try:
            write_atomic(Path(path), gzip.compress(lines, mtime=0))
        except OSError as error:
            raise DeliveryError(f"the recording was not written to {path}: {error.strerror}") from error

    def documents(self) -> Iterator[dict[str, JSON]]:
        """Return the lines of the file, in order."""
        yield {**self.meta, "source": "meta"}
        for exchange in self.http:
            unsaid = {"error"} if exchange.status is not None else {"headers", "body"}
            yield {key: value for key, value in asdict(exchange).items() if key not in unsaid}
        for command in self.execs:
            yield {"source": "exec", **asdict(command)}

    def base(self, source: str) -> str | None:
        """Return the recorded address of Nomad or Consul: the one in `meta`, else that of the first request."""
        endpoints: Mapping[str, str] = self.meta.get("endpoints", {})
        return endpoints.get(source) or next((exchange.base for exchange in self.http if exchange.source == source), None)


def recorded_meta(path: str | Path) -> Mapping[str, JSON]:
    """Read only a recording's `meta`."""
    with closing(_lines(Path(path))) as lines:
        return next(lines).meta()


def netloc(base: str) -> str:
    """Return `host:port` of a base address, with the scheme's default port if none is given. Raises ValueError without a host."""
    parts = urlsplit(base)
    port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    if not parts.hostname or port is None:
        raise ValueError(f"{base!r} is not an address of the form http://host:port")
    return host_port(parts.hostname, port)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the file; fields are checked as they are read."""

    path: Path
    number: int
    value: JSON

    def meta(self) -> dict[str, JSON]:
        if self.text("source") != "meta":
            _reject(self.path, self.number, f"source is {self.value['source']!r}, expected 'meta'")
        return dict(self.value)

    def text(self, key: str, default: str | None = None) -> str:
        return str(self._typed(key, str, default))

    def number_(self, key: str) -> float:
        return float(self._typed(key, (int, float), 0.0))

    def code(self, key: str) -> int | None:
        if self.value.get(key) is None:
            return None
        return int(self._typed(key, int, None))

    def texts(self, key: str) -> dict[str, str]:
        found = self._typed(key, dict, {})
        if not all(isinstance(value, str | int | float) for value in found.values()):
            _reject(self.path, self.number, f"{key} holds a value that is not text")
        return {name: str(value) for name, value in found.items()}

    def parameters(self, key: str) -> Query:
        """Read query parameters; a repeated parameter has a list of values."""
        found = {name: value if isinstance(value, list) else [value] for name, value in self._typed(key, dict, {}).items()}
        if not all(isinstance(one, str | int | float) for values in found.values() for one in values):
            _reject(self.path, self.number, f"{key} holds a value that is not text")
        return by_name((name, str(one)) for name, values in found.items() for one in values)

    def words(self, key: str) -> tuple[str, ...]:
        found = self._typed(key, list, None)
        if not all(isinstance(word, str) for word in found):
            _reject(self.path, self.number, f"{key} holds a value that is not text")
        return tuple(found)

    def _typed(self, key: str, kind: type | tuple[type, ...], default: JSON) -> JSON:
        found = self.value.get(key, default)
        if not isinstance(found, kind) or isinstance(found, bool):
            _reject(self.path, self.number, f"{key} is missing or of the wrong type")
        return found


def _lines(path: Path) -> Generator[_Line, None, None]:
    total = 0
    try:
        with gzip.open(path, "rb") as file:
            number = 0
            while raw := file.readline(MAX_LINE + 1):
                number += 1
                total += len(raw)
                if len(raw) > MAX_LINE or total > MAX_TOTAL:
                    _reject(path, number, "the recording is too large")
                yield _Line(path, number, _document(path, number, raw))
    except (OSError, EOFError, zlib.error) as error:
        _reject(path, 1, f"cannot be read: {error}")


def _document(path: Path, number: int, raw: bytes) -> JSON:
    try:
        value = strict_json(raw)
    except (ValueError, RecursionError) as error:
        _reject(path, number, f"not JSON: {error}")
    if not isinstance(value, dict):
        _reject(path, number, "not a JSON object")
    return value


def _meta(line: _Line) -> dict[str, JSON]:
    """Read `meta`, of which the moment and the servers' addresses are used."""
    if {"format", "results"} <= line.value.keys():
        _reject(line.path, line.number, "is a bundle, which `collector analyze` reads")
    meta = line.meta()
    if not 0 <= line.number_("recorded_at") <= LAST_MOMENT:
        _reject(line.path, line.number, "recorded_at is no moment of any calendar")
    for base in line.texts("endpoints").values():
        _check_address(line, base)
    return meta


def _check_address(line: _Line, base: str) -> None:
    try:
        netloc(base)
    except ValueError as error:
        _reject(line.path, line.number, str(error))


def _http(line: _Line) -> HttpExchange:
    exchange = HttpExchange(
        source=line.text("source"),
        base=line.text("base"),
        path=line.text("path"),
        method=line.text("method", "GET"),
        query=line.parameters("query"),
        status=line.code("status"),
        headers={name.lower(): value for name, value in line.texts("headers").items()},
        body=line.text("body", ""),
        error=line.text("error", ""),
        seconds=line.number_("seconds"),
    )
    _check_address(line, exchange.base)
    if exchange.status is not None and not 100 <= exchange.status <= 999:  # noqa: PLR2004 - what fits a status line
        _reject(line.path, line.number, f"{exchange.status} is not an HTTP status")
    return exchange


def _exec(line: _Line) -> ExecExchange:
    return ExecExchange(
        alloc=line.text("alloc"),
        task=line.text("task"),
        argv=line.words("argv"),
        rc=line.code("rc"),
        stdout=line.text("stdout", ""),
        stderr=line.text("stderr", ""),
        seconds=line.number_("seconds"),
    )


def _reject(path: Path, number: int, message: str) -> NoReturn:
    hint = "a recording is made by `collector record`"
    raise SpecError([Problem(Mark(str(path), number), message, hint)]) from None
