"""Faults in answers, as data."""

from __future__ import annotations

import gzip
import json
import select
import socket
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from collector.replay import HttpExchange, wire
from tests.hostile.proxy import Behaviour, wait_for_hangup

THIEF = "127.66.66.66:6666"
MIB = 1 << 20
LOG_SIZE = 1 << 30
OK = b"HTTP/1.1 200 OK\r\n"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to spoil an answer. `spoils` False: the rest may still be a complete answer, so the verdict may be `ok`.

    `slow`: it lasts until the collector's deadline. `json`: only JSON is affected, so LiteFS still has its metrics.
    """

    name: str
    behave: Behaviour
    spoils: bool = True
    slow: bool = False
    json: bool = False


# --- bytes ---


def raw(data: bytes) -> Behaviour:
    """Send these bytes."""
    return lambda sock, _recorded: sock.sendall(data)


def answer(body: bytes | str, status: str = "200 OK", **headers: str) -> Behaviour:
    """Send a proper HTTP answer with this body; a given Content-Length need not be true."""
    content = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    given = {"Content-Type": "application/json", "Content-Length": str(len(content)), "Connection": "close"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return raw(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + content)


def changed(change: Callable[[str], bytes | str], **headers: str) -> Behaviour:
    """Send the recorded status with another body."""

    def behave(sock: socket.socket, recorded: HttpExchange) -> None:
        status = f"{recorded.status or 502} Recorded"
        answer(change(recorded.body), status, **headers)(sock, recorded)

    return behave


def reset(sock: socket.socket, _recorded: HttpExchange) -> None:
    """Reset the connection."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def silent(sock: socket.socket, _recorded: HttpExchange) -> None:
    """Send nothing."""
    wait_for_hangup(sock)


def hang_up(_sock: socket.socket, _recorded: HttpExchange) -> None:
    """Close the connection without an answer."""


def refused(sock: socket.socket, _recorded: HttpExchange) -> None:
    """Answer like a proxy whose target refuses connections."""
    sock.sendall(wire.gateway_error("refused: nothing listens", keep_alive=False))


def dripping(head: bytes, drop: bytes) -> Behaviour:
    """Send a beginning, then a byte every 20 ms for ever."""

    def drip(sock: socket.socket, _recorded: HttpExchange) -> None:
        sock.sendall(head)
        while not select.select([sock], [], [], 0.02)[0]:
            sock.sendall(drop)

    return drip


def flood(head: bytes, chunk: bytes, size: int = LOG_SIZE) -> Behaviour:
    """Send a beginning, then `size` bytes as fast as possible."""

    def behave(sock: socket.socket, _recorded: HttpExchange) -> None:
        sock.sendall(head)
        for _ in range(size // len(chunk)):
            sock.sendall(chunk)

    return behave


def large(chunk: bytes, size: int = 60 * MIB) -> Behaviour:
    """Return a list of that size; its trailing comma makes it invalid JSON, which is found only at its end."""
    return flood(OK + b"Content-Length: %d\r\n\r\n[" % (size // len(chunk) * len(chunk) + 1), chunk, size)


def bomb(block: bytes, times: int) -> bytes:
    """Return a gzip stream that repeats a block: after a full flush the compressed form repeats, too."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    first, again = (deflate.compress(block) + deflate.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + again * (times - 1)


def half(sock: socket.socket, recorded: HttpExchange) -> None:
    """Announce the whole recorded body and send half of it."""
    content = recorded.body.encode()
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % max(2, len(content)) + content[: len(content) // 2])


# --- JSON ---


def mapped(change: Callable[[Any], Any]) -> Callable[[str], str]:
    """Apply a change to the JSON value; other bodies are unchanged."""

    def apply(body: str) -> str:
        try:
            return json.dumps(change(json.loads(body)))
        except ValueError:
            return body

    return apply


def every(leaf: Callable[[Any], Any]) -> Callable[[str], str]:
    """Replace each scalar of a JSON body."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: walk(part) for key, part in value.items()}
        return [walk(part) for part in value] if isinstance(value, list) else leaf(value)

    return mapped(walk)


def every_text(payload: str) -> Callable[[str], str]:
    """Append a payload to each string of a JSON body, and to each line of any other."""
    with_payload = every(lambda value: value + payload if isinstance(value, str) else value)

    def apply(body: str) -> str:
        changed_body = with_payload(body)
        return changed_body if changed_body != body else "\n".join(line + payload for line in body.split("\n"))

    return apply


FREE_TEXT = {"Output", "Notes", "Description", "StatusDescription", "ClientDescription", "DisplayMessage", "HealthDescription", "Message"}


def free_text(payload: str) -> Callable[[str], str]:
    """Add a payload before and after each string meant for humans; identifiers are kept."""

    def walk(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: walk(part, name) for name, part in value.items()}
        if isinstance(value, list):
            return [walk(part, key) for part in value]
        return payload + value + payload if isinstance(value, str) and key in FREE_TEXT else value

    def apply(body: str) -> str:
        try:
            return json.dumps(walk(json.loads(body)))
        except ValueError:
            return "\n".join(payload + line + payload for line in body.split("\n"))

    return apply


def numbers_replaced(text: str) -> Callable[[str], str]:
    """Replace each number of a JSON body by `text`, which may be invalid."""
    marker = 12345678987654321
    numbered = every(lambda value: marker if isinstance(value, int | float) and not isinstance(value, bool) else value)
    return lambda body: numbered(body).replace(str(marker), text)


def keys_twice(body: str) -> str:
    """Duplicate the first key of each object."""
    return body.replace("{", '{"Name":1,"Name":2,', 1) if "{" in body else '{"a":1,"a":2}'


WRONG_TYPES: dict[str, Any] = {"a number": 7, "a text": "x", "a list": [1], "an object": {"x": {}}, "true": True, "null": None}

# --- payloads ---

ANSI = "\x1b[31m\x1b[2J\x1b[1;1Hred"
OSC = "\x1b]0;owned\x07\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\"
BIDI = "\u202eevil\u202c\u2066x\u2069\u200f"
NUL = "a\x00b\x01\x7f\x9b31m"
MARKUP = "</pre></script><script>alert(7131)</script><img src=x onerror=alert(7131)>\"'`]]>&lt;"
TEMPLATE = "{{ 7131*7 }}{% for x in ().__class__.__mro__ %}{{ x }}{% endfor %}{# gone #}${{7131*7}}"
MARKDOWN = "\n\n# owned\n[x](javascript:alert(7131)) | ![y](http://evil.example/z) | `code`"
LINES = "\r\nCRITICAL - owned | a=1\nX-Evil: 1\n.\r\n"
SURROGATE = "\ud800\udfff\ud83d"
LONG = "A" * (64 << 10)
PAYLOADS = {
    "ANSI sequences": ANSI,
    "OSC sequences": OSC,
    "bidi overrides": BIDI,
    "NUL and control characters": NUL,
    "HTML": MARKUP,
    "template text": TEMPLATE,
    "Markdown": MARKDOWN,
    "line breaks and protocol words": LINES,
    "lone surrogates": SURROGATE,
    "64 KiB more": LONG,
}

CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

CONNECTION = (
    Fault("refused", refused),
    Fault("reset", reset),
    Fault("hung up", hang_up),
    Fault("silent", silent, slow=True),
    Fault("status line drips", dripping(b"HTTP/1.1 2", b"0"), slow=True),
    Fault("headers drip", dripping(OK + b"X-Slow: ", b"x"), slow=True),
    Fault("body drips", dripping(OK + b"Content-Length: 100000\r\n\r\n", b"["), slow=True),
    Fault("body cut short", half),
    Fault("length too short", changed(lambda body: body, Content_Length="1"), spoils=True),
    Fault("length too long", changed(lambda body: body, Content_Length="99999999")),
    Fault("length is no number", changed(lambda _: "[", Content_Length="many")),
    Fault("broken chunks", raw(OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\nab")),
    Fault("gzip bomb of 1 GiB", answer(bomb(b"[" * MIB, 1024), Content_Encoding="gzip")),
    Fault("broken gzip", answer(b"not gzip", Content_Encoding="gzip")),
    Fault("gzip with 1 GiB behind it", flood(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"[]"), bytes(MIB))),
    Fault("two lengths", raw(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[] ")),
    Fault("chunk without an end to its size", flood(CHUNKED + b"2;", b"x" * MIB)),
    Fault("chunks of one byte", flood(CHUNKED, b"1\r\n \r\n" * 65536), slow=True),
    Fault("trailers without end", flood(CHUNKED + b"2\r\n[]\r\n0\r\n", b"X: y\r\n" * 65536), slow=True),
    Fault("HTTP 100 without end", flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 4096), slow=True),
    Fault("60 MiB of empty lists", large(b"[]," * MIB)),
    Fault("60 MiB of keys", large(b'{"a":{"b":0}},' * 65536)),
    Fault("60 MiB of text that takes four bytes a letter", large(b'"' + "\U0001f600".encode() + b"x" * MIB + b'",')),
    Fault("1 GiB without end", flood(OK + b"\r\n", b"x" * MIB)),
    Fault("not HTTP", raw(b"SSH-2.0-OpenSSH_9.2\r\n")),
    Fault("one header of 1 MiB", raw(OK + b"X: " + b"x" * MIB + b"\r\n\r\n")),
    Fault("10,000 headers", raw(OK + b"X: y\r\n" * 10_000 + b"\r\n")),
)
CODES = {
    204: "",
    400: "bad request",
    401: "",
    403: "Permission denied",
    404: "not found",
    429: '{"Healthy":false}',
    500: "rpc error",
    503: "<html>unavailable",
    799: "",
}
STATUS = (
    *(Fault(f"HTTP {code}", answer(body, f"{code} Hm")) for code, body in CODES.items()),
    Fault("redirect to another host", answer("", "302 Found", Location=f"http://{THIEF}/v1/nodes")),
    Fault("redirect to nonsense", answer("", "307 Hm", Location="http://[::1\x1b]0;x")),
    Fault("HTML with 200", answer("<!doctype html><title>Sign in</title>", Content_Type="text/html")),
)
JSON = (
    Fault("empty body", answer("")),
    Fault("null", answer("null")),
    Fault("[]", answer("[]")),
    Fault("{}", answer("{}")),
    Fault("[null]", answer("[null]")),
    Fault("a text", answer('"x"')),
    Fault("a number", answer("7")),
    Fault("JSON cut in half", changed(lambda body: body[: len(body) // 2]), json=True),
    Fault("100,000 brackets", answer("[" * 100_000 + "]" * 100_000)),
    Fault("deep objects", answer('{"a":' * 50_000 + "1" + "}" * 50_000)),
    Fault("numbers 1e400", changed(numbers_replaced("1e400")), json=True),
    Fault("numbers of 400 digits", changed(numbers_replaced("1" + "0" * 400)), json=True),
    Fault("numbers 1e308", changed(numbers_replaced("1e308")), spoils=False),
    Fault("numbers -1", changed(numbers_replaced("-1")), spoils=False),
    Fault("numbers 2^63", changed(numbers_replaced(str(1 << 63))), spoils=False),
    Fault("NaN", changed(numbers_replaced("NaN")), json=True),
    Fault("Infinity", changed(numbers_replaced("-Infinity")), json=True),
    Fault("keys twice", changed(keys_twice), json=True),
    Fault("invalid UTF-8", changed(lambda body: body.encode().replace(b'"', b'"\xff\xfe', 7)), json=True),
    Fault("UTF-16", changed(lambda body: body.encode("utf-16"))),
    Fault("byte order mark", changed(lambda body: "\ufeff" + body), spoils=False),
    *(Fault(f"each value is {name}", changed(every(lambda _, v=value: v)), spoils=False) for name, value in WRONG_TYPES.items()),
    *(Fault(f"{name} in each text", changed(every_text(payload)), spoils=False) for name, payload in PAYLOADS.items()),
    *(Fault(f"{name} in each message", changed(free_text(payload)), spoils=False) for name, payload in PAYLOADS.items()),
)
FAULTS = (*CONNECTION, *STATUS, *JSON)
