"""Interprets a check's output, and names where it came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from collector.model import JSON, Result

MAINTENANCE = ("_node_maintenance", "_service_maintenance")
"""IDs of the checks that `consul maint` adds; the reason is in their notes."""
OWN_WORDS = {"script", "ttl", "alias"}
"""Types of checks whose output is a program's, not Consul's: a `refused` in it may be about anything. Nomad runs a job's script itself and
reports it as `ttl`."""
LONGEST = 4000
"""Maximum characters of a check's output that are kept; Consul itself cuts at 4 KiB."""
WORDS = {
    "catalog": "text from the catalog",
    "agent": "text from {node}'s own agent",
    "exec": "text from {node}'s agent, asked from within the task",
    "probe": "asked again from here",
    "nomad": "Nomad's own check",
}
"""The possible sources of a check's output."""
_MEANINGS = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("maintenance", r"maintenance mode"),
        (
            "unhealthy",
            r"gRPC application didn't report service healthy|\Arpc error: code = (?!Unavailable|DeadlineExceeded|Canceled)\w+ desc = ",
        ),
        ("refused", r"connection refused|refused the connection|connectex: No connection could be made|ECONNREFUSED"),
        ("unreachable", r"dial tcp[^\n]*(?:i/o timeout|deadline exceeded)|did not accept a connection in time"),
        ("unreachable", r"no route to|network is unreachable|host is down"),
        ("timeout", r"deadline exceeded|Client\.Timeout|timed out|i/o timeout|read timeout|timeout awaiting|did not answer in time"),
        ("dns", r"no such host|cannot be resolved|name or service not known|temporary failure in name resolution|server misbehaving"),
        ("tls", r"x509|tls: |certificate|HTTP response to HTTPS client"),
        ("ttl", r"TTL expired"),
    )
)
"""Messages of Consul's and Nomad's checks (Go's net package) and of our own probes (kinds/probing.py); the first match counts."""
_RAN_OUT = re.compile(r"\A(?:context deadline exceeded\Z|Timed out \([\d.a-zµ]+\) running check\b)")
"""Messages for a script killed after its timeout, by Nomad's client (script_check_hook.go) and Consul's agent (agent/checks/check.go)."""
_HTTP_CODE = re.compile(
    r"(?:\bHTTP (?:GET|HEAD|POST|PUT|OPTIONS) \S+: |\bHTTP[/ ]?[\d.]* ?|\bstatus(?: code)?[ :=]+|: )([1-5]\d\d)(?!\w|\.\d)"
)
_ANSWERED = re.compile(r"\A(?:HTTP )?[A-Z]{3,7} https?://\S+: ([1-5]\d\d)(?!\S)")
"""A response; its body follows, which may contain anything (Consul's agent, and kinds/probing.py)."""
_REQUEST = re.compile(r'\A(?:Get|Head|Post|Put) "(https?://[^"]{1,300})": ')
"""An unanswered request (Go's url.Error)."""
_URL = re.compile(r"https?://[^\s\"'<>]+")


class Text(NamedTuple):
    """A check's output and its source; `passes`: a source newer than the catalog reports that the check passes.

    `now`: the result of repeating a check that runs rarely: its last run failed, and it passes from here.
    """

    result: Result
    output: str
    source: str
    passes: bool = False
    now: bool = False

    @property
    def over(self) -> bool:
        """True if the cause of the failure is over, according to the node's own agent or a repeated check."""
        return self.now or (self.passes and self.source != "probe")

    def words(self, node: str) -> str:
        """Name the source for a reader."""
        return WORDS[self.source].format(node=node)


def meaning(row_type: str | None, check_id: str, output: str) -> tuple[str, int | None]:
    """Return what failed according to a check's output, and the HTTP status in it."""
    if check_id.startswith(MAINTENANCE):
        return "maintenance", None
    if not output.strip():
        return "none", None
    if row_type in OWN_WORDS:
        return ("ttl" if "TTL expired" in output else "timeout" if _RAN_OUT.match(output.strip()) else "script"), None
    return _meaning_of_request(row_type, output)


def _meaning_of_request(row_type: str | None, output: str) -> tuple[str, int | None]:
    """Interpret the messages of Consul, Nomad or our own probe about a request."""
    if answered := _ANSWERED.match(output):
        return "http", int(answered[1])
    for name, pattern in _MEANINGS:
        if pattern.search(output):
            return name, None
    code = _HTTP_CODE.search(output)
    return ("http", int(code[1])) if code and row_type != "tcp" else ("other", None)


def failure(row: Mapping[str, JSON], text: Text, *, redirected: bool, unrun: bool) -> tuple[str, int | None]:
    """Return what failed. Nomad reports the HTTP status separately, so that its output is only the response body."""
    if row["status"] == "passing":
        return "none", None
    if text.passes:
        return ("answers-here" if text.source == "probe" else "recovered"), None
    if text.now:
        return "passes-now", None
    if redirected or unrun:
        return ("redirected" if redirected else "unrun"), None
    return ("http", row["code"]) if row.get("code") else meaning(row["type"], row["check_id"], text.output)


def answered_with(row: Mapping[str, JSON], output: str) -> str:
    """Return the response body in a check's output; empty if it contains none. For Nomad the output is the body."""
    if row.get("code"):
        return output
    _, answered, body = output.partition(" Output: ") if _ANSWERED.match(output) else ("", "", "")
    return body if answered else ""


def is_better(other: Text, catalog: Text) -> bool:
    """True if the new output should replace the old. A pass from here does not explain why the node's agent reports a failure."""
    return bool(other.output) and not (other.passes and other.source == "probe" and catalog.output)


def asked_for(output: str) -> str | None:
    """Return the first URL in an output."""
    url = _URL.search(output)
    return url[0].rstrip(":,;") if url else None


def refused_request(output: str) -> str | None:
    """Return the URL of an unanswered request in an output."""
    request = _REQUEST.match(output)
    return request[1] if request else None


def path_and_port(url: str) -> tuple[str | None, int | None]:
    """Return path and port of a URL in an output, which may be malformed (an unclosed bracket, a port of seven digits)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None, None
    try:
        return parts.path or "/", parts.port
    except ValueError:
        return parts.path or "/", None
