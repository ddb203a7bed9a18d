"""The bundle file: everything a run collected, as JSON, so that the report can be made again without the cluster.

A bundle may come from someone else, so its size, shape and types are checked before it is used.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from typing import IO

from collector.errors import Problem, SpecError
from collector.model import JSON, Attempt, Bundle, Mark, Result, Status, Target
from collector.strict_json import strict_json
from collector.validate import check

FORMAT = 1
MAX_BYTES = 512 << 20
GZIP_MAGIC = b"\x1f\x8b"


def dump_bundle(bundle: Bundle, *, compress: bool) -> bytes:
    """Return the file's bytes. With `compress`, gzip without a time stamp, so that equal bundles give equal files."""
    document = {"format": FORMAT, **bundle._asdict(), "results": [_row(result) for result in bundle.results]}
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return gzip.compress(text, mtime=0) if compress else text


def _row(result: Result) -> dict[str, JSON]:
    """Return a result as a dict without copying its data, which would double the memory needed for a large cluster."""
    return {**result._asdict(), "target": result.target._asdict(), "attempts": [attempt._asdict() for attempt in result.attempts]}


def load_bundle(stream: IO[bytes], name: str) -> Bundle:
    """Parse a bundle file; raise `SpecError` if it is not a valid one."""
    document = _decode(_read(stream, name), name)
    _check(document, name)
    return _bundle(document)


def _read(stream: IO[bytes], name: str) -> bytes:
    """Return the decompressed bytes, reading at most MAX_BYTES whatever the gzip header claims."""
    try:
        raw = stream.read(MAX_BYTES + 1)
        if raw.startswith(GZIP_MAGIC):
            unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            raw = unpack.decompress(raw, MAX_BYTES + 1)
            if not unpack.eof and not unpack.unconsumed_tail:
                raise _cut(name)
    except (OSError, zlib.error) as error:
        raise _refused(name, f"cannot be read: {error}") from error
    if len(raw) > MAX_BYTES:
        raise _refused(name, f"larger than {MAX_BYTES >> 20} MiB")
    return raw


def _decode(raw: bytes, name: str) -> JSON:
    try:
        return strict_json(raw)
    except (ValueError, RecursionError) as error:
        if b'"source": "meta"' in raw[: raw.find(b"\n")]:
            raise _refused(name, "is a recording, which `collector demo` replays") from error
        if _ends_early(raw, error):
            raise _cut(name) from error
        if isinstance(error, json.JSONDecodeError):
            raise _refused(name, f"is not JSON: {error.msg}", error.lineno, error.colno) from error
        raise _refused(name, f"is not JSON: {error}") from error


def _ends_early(raw: bytes, error: Exception) -> bool:
    """True if the JSON object is truncated. Within a string, the decoder reports the position where the string begins."""
    text = raw.strip()
    at_the_end = isinstance(error, json.JSONDecodeError) and error.pos >= len(error.doc.rstrip())
    return text.startswith(b"{") and (at_the_end or not text.endswith(b"}"))


def _check(document: JSON, name: str) -> None:
    if isinstance(document, Mapping) and document.get("format") not in (FORMAT, None):
        raise _refused(name, f"has format {document['format']!r}; this collector reads format {FORMAT}")
    if isinstance(document, Mapping) and "schema_version" in document:
        raise _refused(name, "is a report, which `collector diff` reads and nothing else")
    check("bundle", document, name)


def _bundle(document: Mapping[str, JSON]) -> Bundle:
    known = {key: value for key, value in document.items() if key != "format"}
    return Bundle(**{**known, "rules": tuple(known["rules"]), "results": tuple(_result(row) for row in known["results"])})


def _result(row: Mapping[str, JSON]) -> Result:
    attempts = tuple(
        Attempt(**{**attempt, "status": Status(attempt["status"]), "endpoints": tuple(attempt["endpoints"])}) for attempt in row["attempts"]
    )
    return Result(**{**row, "target": Target(**row["target"]), "status": Status(row["status"]), "attempts": attempts})


def _refused(name: str, message: str, line: int = 1, column: int = 1) -> SpecError:
    return SpecError([Problem(Mark(name, line, column), message, "a bundle is what `collector diagnose --bundle FILE` wrote")])


def _cut(name: str) -> SpecError:
    return SpecError([Problem(Mark(name), "the file ends in the middle", "was it copied in part?")])
