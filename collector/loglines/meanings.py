"""Meanings of a line used by several rules, by the words of LiteFS, the operating system, and validators of certificates and tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping

from collector.loglines.envelope import moment, opened

_DISK = re.compile(
    r"(?i)no space left on device|ENOSPC|database or disk is full|\b(?:errno|os error)[ =:]{1,2}28\b"
    r"|Auf dem Gerät ist kein Speicherplatz mehr|Aucun espace disponible sur le périphérique|No queda espacio en el dispositivo"
    r"|Spazio esaurito sul device|Não há espaço disponível no dispositivo|Geen ruimte meer over op apparaat|Brak miejsca na urządzeniu"
)
"""The C library's words in several languages: Python and Rust print the error number beside them, C, Java and PHP only the words."""
_OTHER_LIMIT = re.compile(
    r"(?i)/sys/|/proc/|cgroup|inotify|\bfsnotify(?::| watch)|file watch|watch(?:es)? limit|add(?:ing)? (?:a )?watch|syscall: 'watch'"
    r"|\bsemaphores?:|\bsem(?:get|op)\b|\bshm(?:get|_open)\b|shared memory segment|session keyring|create session key:"
    r"|(?:network|user|mount|pid|ipc) namespace"
    r"|\A[\s{]*(?:errno: -?\d+,\s*)?(?:syscall: '\w+',\s*)?code: 'ENOSPC'"
)
"""Other limits reported as ENOSPC or EDQUOT (inotify(7), semget(2), shmget(2), namespaces(7), keyrings(7)). Node prints an error's code on
a line of its own, below the message that names the limit."""
_QUOTA = re.compile(r"(?i)disk quota exceeded|EDQUOT|\b(?:errno|os error)[ =:]{1,2}122\b")
_ASKS_FOR_LEASE = re.compile(
    r"cannot fetch cluster ID from|lease renewal error|cannot acquire lease or find primary|create consul session"
    r"|fetch primary url|cannot find primary|register node|acquire lease|cannot remove lease|set leaser cluster id"
)
"""LiteFS v0.5.14, store.go and consul/consul.go: errors of requests to Consul."""
_WRITE_REFUSED = re.compile(r"fuse: \w+\(\): .*read only replica")
_READ_ONLY = re.compile(r"(?i)attempt to write a read-?only database|SQLITE_READONLY\b")
"""SQLite's error 8, for a write that the file system rejects, as LiteFS does on a replica with a rollback journal."""
_AGENT_REFUSED = re.compile(r"(?i):(?:850[0-3]|8600)\b.{0,200}?\brefused\b")
"""The default ports of a Consul agent (HTTP, HTTPS, gRPC, DNS), at whatever address of the node."""
_CONSUL_NAME = re.compile(r"(?i)\b[\w-]{1,63}\.(?:service|node|query)\.(?:[\w-]{1,63}\.)?consul\b")
_UNRESOLVED = re.compile(
    r"(?i)ENOTFOUND|EAI_AGAIN|no such host|server misbehaving|i/o timeout|name or service not known|failure in name resolution|UnknownHost"
    r"|(?:not|failed to|unable to) (?:be )?(?:resolved?|lookup)|getaddrinfo|NXDOMAIN|SERVFAIL"
)
"""Resolvers' messages about a name; the node's own agent answers for Consul's domain."""
_OF_TEMPLATE = re.compile(r"(?i)\Amissing: |\btemplate\b")
_DEPENDENCY = re.compile(r"\b([a-z]+)(?:\.\w+)*\(")
"""consul-template's notation of what a template reads: `kv.block(KEY)`, `health.service(NAME)`, `vault.read(PATH)`,
`nomad.var.block(PATH)`."""
_MALFORMED = re.compile(r"database disk image is malformed|file is (?:encrypted or is )?not a database")
"""SQLite's errors 11 and 26, for corrupt database files."""
_UNUSABLE = re.compile(r"unable to open database file|disk I/O error|attempt to write a read-?only database")
"""SQLite's errors 14, 10 and 8, for a file that cannot be opened, read or written."""
_OF_IMAGE = re.compile(
    r"(?is)(?!.*container configuration for image).*(?:pull|manifest|no such image|failed to find docker (?:image|auth)|repository"
    r"|registry|toomanyrequests|image archive|local docker image)"
)
"""Messages of the docker and podman drivers for failing to get an image, as opposed to starting it."""
_STATIC = re.compile(r"Using static (?:primary:|to determine primary)")
_OF_CONSUL = re.compile(r"initializing consul: key=")
_DATES = re.compile(
    r'(?i)certificate[^"]{0,40}(?:expired|not yet valid)|not yet valid|not valid yet|issued in the future|used before issued'
    r'|RequestTimeTooSkewed|clock skew|token[^"]{0,20}(?:is|has) expired'
)

_CURRENT = re.compile(r"current time (\S{19,35}) is (?:after|before) (\S{19,35})")
"""How far off the dates of a certificate are, in Go's words (crypto/x509)."""
_EXPIRED = re.compile(r"(?i)expired(?!.{0,20}\bnot yet valid)")
LIFETIME = 300.0
"""Seconds for which a token is valid, at the least: it has not expired because a clock is some seconds fast."""


def meanings(message: str, complaint: str) -> Mapping[str, str | bool | None]:
    """Return the fields of a log line that depend on its words alone."""
    return {
        "full": full(complaint),
        "asks_for_lease": bool(_ASKS_FOR_LEASE.search(message)),
        "lease_type": "static" if _STATIC.match(message) else "consul" if _OF_CONSUL.match(message) else None,
        "write_refused": bool(_WRITE_REFUSED.match(message)),
        "read_only": read_only(complaint),
        "agent_refused": agent_refused(message),
        "malformed": malformed(complaint),
        "unusable": _first(_UNUSABLE, complaint),
        "misdated": misdated(complaint),
    }


def meanings_of_event(message: str) -> Mapping[str, str | bool | None]:
    """Return the fields of a task event that depend on its words alone."""
    return {
        "full": full(message),
        "asks_consul": asks_consul(message),
        "misdated": misdated(message),
        "of_image": bool(_OF_IMAGE.match(message)) and "port is already allocated" not in message,
    }


def meanings_of_check(output: str) -> Mapping[str, str | bool | None]:
    """Return the fields of a check that depend on its output's words alone."""
    return {
        "full": full(output),
        "read_only": read_only(output),
        "malformed": malformed(output),
        "misdated": misdated(output),
        "agent_refused": agent_refused(output),
    }


def read_only(text: str) -> str | None:
    """Return SQLite's words for a database that cannot be written, or None."""
    return _first(_READ_ONLY, text)


def agent_refused(text: str) -> bool:
    """True if the text says that a Consul agent's port refused a connection, or that a lookup of a name it serves failed."""
    return bool(_AGENT_REFUSED.search(text) or (_CONSUL_NAME.search(text) and _UNRESOLVED.search(text)))


def asks_consul(event: str) -> bool | None:
    """Whether a template waits for Consul, or may (rather than only for Vault or Nomad); None for other task events."""
    if not _OF_TEMPLATE.search(event):
        return None
    named = set(_DEPENDENCY.findall(event))
    return not named or not named <= {"vault", "nomad"} or " more" in event


def malformed(text: str) -> str | None:
    """Return SQLite's words for a corrupt database, or None."""
    return _first(_MALFORMED, text)


def misdated(text: str) -> bool:
    """True if a certificate, token or request is rejected because of its dates."""
    return bool(_DATES.search(text))


def misdated_by(text: str) -> float | None:
    """Return by how many seconds a clock must be off to miss the dates in the text; None if the text does not say."""
    found = _CURRENT.search(text)
    now, limit = map(moment, found.groups()) if found else (None, None)
    if now is not None and limit is not None:
        return abs(now - limit)
    return LIFETIME if _EXPIRED.search(text) else None


def write_refused(text: str) -> bool:
    """True if LiteFS refused a write."""
    return bool(_WRITE_REFUSED.match(opened(text)[0]))


def write_failed(text: str) -> bool:
    """True if a write failed for lack of space, or because the system does not allow access to the file."""
    return bool(full(text) or _UNUSABLE.search(text))


def full(text: str) -> str | None:
    """Return what a complaint says is full, `disk` or `quota`, or None."""
    what = "quota" if _QUOTA.search(text) else "disk" if _DISK.search(text) else None
    return None if what and _OTHER_LIMIT.search(text) else what


def _first(words: re.Pattern[str], text: str) -> str | None:
    found = words.search(text)
    return found[0] if found else None
