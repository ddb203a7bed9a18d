"""The log reader: whose line it is, which run it belongs to, and which line decides.

LiteFS writes its errors at INFO and mixes its lines with those of the application that it supervises, so the text decides, never the level
(facts: LiteFS 0.5 sends the standard logger through slog). Formats understood: logfmt, JSON, glog, traces of Python, Go, Java, Rust and
Node, bare text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

LONGEST = 2000
"""Characters of a line that are looked at: what decides stands at its start, and patterns must not meet a line of a megabyte."""
FATAL, ERROR, WARNING, PLAIN = 3, 2, 1, 0
"""How much a line weighs when the decisive one is looked for."""


class Line(NamedTuple):
    """One line: `text` as it came, `message` without its envelope, `origin` litefs or app.

    `run` counts the process's starts within this text (0 is the oldest), `weight` is one of FATAL, ERROR, WARNING, PLAIN.
    `harmless` marks LiteFS's normal start, handoff and shutdown lines; `settles` those that end a spell of trouble.
    """

    number: int
    text: str
    message: str
    origin: str
    run: int
    weight: int
    harmless: bool = False
    settles: bool = False


LITEFS_ID = r"(?:[0-9A-F]{16}: )?"
HARMLESS = re.compile(
    LITEFS_ID + r"(?:no backup client configured|using backup client|Using (?:Consul|static) to determine primary|initializing consul: "
    r"|using existing cluster id|set cluster id on |LiteFS mounted to|http server listening on|waiting to connect to cluster"
    r"|connected to cluster, ready|no proxy target set|proxy server listening on|starting (?:background )?subprocess"
    r"|waiting for signal or subprocess|primary lease acquired|acquiring existing lease from handoff|existing primary found"
    r"|stream (?:dis)?connected \(|writing snapshot|starting from txid|snapshot received for|database file is zero length on init"
    r"|wal-sync: no wal file|exiting primary, (?:destroying|preserving) lease|preserving lease for handoff"
    r"|disconnected from primary, retrying|cannot release consul key|consul key release error"
    r"|disconnected from primary with error, retrying: next frame: (?:unexpected EOF|EOF)"
    r"|disconnected from primary with error, retrying: .*\bcontext canceled\b"
    r"|sending signal to exec process|waiting for exec process to close|signal received, litefs shutting down|litefs shut down complete"
    r"|subprocess exited|LiteFS (?:development build|v\d)|config file read from|deprecated drop db frame|transaction file for txid"
    r"|cannot become primary, local node has no cluster ID|cannot acquire lease or find primary, retrying: no primary)"
)
"""LiteFS v0.5.14: start-up, handoff and shutdown. The last two are normal for a moment; rules read them with the state."""
LITEFS_OWN = re.compile(
    LITEFS_ID + r"(?:cannot (?:fetch cluster ID|find primary|connect, \"consul\"|acquire lease|acquire existing lease|remove lease"
    r"|stream from primary|create journal|cannot read local|set cluster id)|disconnected from primary|replica disconnected, retrying"
    r"|lease renewal error"
    r"|primary lease lost|handoff unsuccessful|state change recovery error|fuse: |fuse serve error|mount helper error"
    r"|client (?:transaction id|preapply)|position mismatch|http: [A-Z]+ /|backup |fatal error occurred while|invalid database header on"
    r"|node lost write access|remote begin|halt lock|restoring from backup|closing proxy server|proxy: |cannot truncate|retention)"
)
SETTLES = re.compile(
    LITEFS_ID + r"(?:connected to cluster, ready|primary lease acquired|using existing cluster id|snapshot received for|stream connected)"
)
STARTS = re.compile(r"(?:no backup client configured|using backup client|config file read from|LiteFS (?:development build|v\d))")
LAST_WORD = re.compile(r"ERROR: ")
"""LiteFS's last word before it leaves: raw, on stderr (cmd/litefs/main.go). Applications write so as well."""
ENDS = re.compile(
    LAST_WORD.pattern
    + r"(?:cannot (?:init (?:store|http server|consul|file system)|open store|run proxy server|exec|specify a database replication filter"
    r"|(?:read|parse|unmarshal) config)\b|init logger: |invalid lease type|promote: |yaml: |EOF\s*$|config file not found"
    r"|open .*\.ya?ml: |(?:fuse|data) directory (?:required|and data directory))"
)
"""Those that only LiteFS writes (v0.5.14, cmd/litefs/mount_linux.go, config.go)."""
SUPERVISES = re.compile(r"starting (?:background )?subprocess")
"""From here on the application speaks, and LiteFS itself ends with no other last word than that of a failed `exec`."""

_PAIR = re.compile(r'(?:^|\s)(\w[\w.-]*)=("(?:[^"\\]|\\.)*"|\S*)')
_STAMP = re.compile(r"""^(\d{4}-\d\d-\d\dT\S+)|\b(?:time|ts|timestamp)"?[=:]\s?"?(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d))""")
_PHP = re.compile(
    r"^(?:\[[^\]]*\] )?(?:NOTICE|WARNING): (?:PHP message: "
    r"|\[pool [^\]]+\] child \d+ said into std(?:err|out): \"(?:NOTICE: PHP message: )?)"
)
"""PHP-FPM's envelope, in which every line of an application is a notice or a warning of the pool's."""
_GLOG = re.compile(r"^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ [^\]]+\] (.*)")
_FATAL = re.compile(
    r"\b(?:FATAL|CRITICAL|PANIC)\b|\[(?:emerg|alert|crit)\]|^(?:panic|fatal error|fatal): |\bpanicked at\b|^Exception in thread |^Uncaught "
    r"|^[\w.$]*(?:Error|Exception)(?:$|: )|Segmentation fault|^Caused by: |^npm ERR! |core dumped|^error: unable to"
    r"|^terminate called after throwing|^Unhandled exception\b|^Can't locate \S+ in @INC|FPM initialization failed"
    r"|:in [`'][^']{1,100}': .{1,300} \([A-Z]\w*(?:::\w+)*\)$"
)
_ERROR = re.compile(
    r"\b(?:ERROR|SEVERE|ERR)\b|\[error\]|^error[: ]|\b[Ee]rror: |\b(?:failed|cannot|could not|unable to|refused|denied|no such)\b", re.ASCII
)
_WARNING = re.compile(r"\bWARN(?:ING)?\b")
_LEVELS = {
    "fatal": FATAL, "panic": FATAL, "critical": FATAL, "crit": FATAL, "emerg": FATAL, "alert": FATAL, "f": FATAL,
    "error": ERROR, "err": ERROR, "severe": ERROR, "e": ERROR, "warn": WARNING, "warning": WARNING, "w": WARNING,
    "info": PLAIN, "debug": PLAIN, "trace": PLAIN, "notice": PLAIN, "i": PLAIN,
}  # fmt: skip
_TROUBLE = frozenset({
    "error", "err", "errmsg", "error_message", "exception", "exc_info", "cause", "reason", "stack", "stacktrace", "stack_trace", "panic",
})  # fmt: skip
"""Fields in which loggers put what went wrong. What any other field holds (a title, a query, a file) is what the line is about."""
_QUOTED = re.compile(
    r"""(?P<before>\b(?:err(?:or)?|exception|cause|reason|message|panic|fatal)"?[:=]\s*)?(?P<quoted>"(?:[^"\\\n]|\\.)*+(?P<end>"?))""",
    re.IGNORECASE,
)
"""One without an end is found too, and left as it is: else each of its quotes would be tried up to the end of the line."""
_TOLD_CALMLY = re.compile(r"^[\d\-T:.,/ Z+\[\](]*\b(?:INFO|DEBUG|TRACE|NOTICE|Info|Debug)\b")
_SLOG = re.compile(r'^(?:time=\S+ )?level=INFO msg=(?:"(?:[^"\\]|\\.)*"|\S+)$')
"""How LiteFS writes everything, its errors too."""
_LEVEL_KEYS = ("level", "lvl", "severity", "levelname")
_HARMLESS_TRACE = re.compile(r"^(?:KeyboardInterrupt|SystemExit|asyncio\.exceptions\.CancelledError|GeneratorExit)\b")


def read(lines: Sequence[str], *, litefs: bool = True) -> list[Line]:
    """Every line with its origin, run and weight, in order. `litefs`: who wrote them is LiteFS, as far as is known without reading them."""
    out: list[Line] = []
    run = 0
    started = ended = spoken = False
    starting = False  # what LiteFS says first are several lines in a row, where both streams are one
    heard = litefs
    for index, whole in enumerate(lines):
        text = whole[:LONGEST]
        message, level = _open(text)
        ends = bool(ENDS.match(text))
        starts = bool(STARTS.match(message))
        if (ended and ends) or (started and starts and not starting):
            run, started, ended, spoken, heard = run + 1, False, False, False, litefs
        starting = starts or (starting and not message.strip())
        started = started or bool(message.strip())
        ended = ended or ends
        line = _line(index, text, message, level, run, last_word=ends or (heard and not spoken))
        heard = heard or line.origin == "litefs"
        spoken = spoken or bool(SUPERVISES.match(message)) or _speaks(line)
        out.append(line)
    return out


def decisive(lines: Iterable[Line]) -> Line | None:
    """The line that says why a process ended: the last fatal one of the newest run that has one, else the last error, else none.

    Of an exception with causes (Java) the last `Caused by` counts, of a Python trace its last line.
    """
    best: Line | None = None
    for line in lines:
        if (
            line.weight >= ERROR
            and not line.harmless
            and (best is None or (line.weight, line.run, line.number) >= (best.weight, best.run, best.number))
        ):
            best = line
    return best


def complaint(line: Line) -> str:
    """What a line says of the writer's own trouble: its message and its fields for errors; empty where it speaks of something else.

    A log also holds what users write, search and upload. That stands in other fields or in quotes, or at a level at which nobody complains.
    """
    if line.origin == "litefs":
        return line.message
    text = _PHP.sub("", line.text)
    fields, level = _fields(text)
    if fields is None:
        return "" if _TOLD_CALMLY.match(text) else _unquoted(text)
    if _SLOG.match(text):
        return _unquoted(line.message)
    if _LEVELS.get(level.lower(), ERROR) == PLAIN:
        return ""
    return " ".join([_unquoted(line.message), *(value for name, value in fields.items() if name.lower() in _TROUBLE)])


def _unquoted(text: str) -> str:
    """Without what stands in quotes, unless the word before says that it is the error's own text."""
    return _QUOTED.sub(lambda found: found[0] if found["before"] or not found["end"] else '""', text)


def _fields(text: str) -> tuple[dict[str, str] | None, str]:
    """The fields of a line in logfmt or JSON and its level; None where it has no envelope that is known."""
    if text.startswith("{"):
        try:
            value = json.loads(text)
            if isinstance(value, dict):
                level = next((str(value[key]) for key in _LEVEL_KEYS if isinstance(value.get(key), str)), "")
                return {str(key): one if isinstance(one, str) else json.dumps(one) for key, one in value.items()}, level
        except (ValueError, RecursionError):
            return None, ""
    if "msg=" in text or "message=" in text:
        pairs = {key: _unquote(value) for key, value in _PAIR.findall(text)}
        if "msg" in pairs or "message" in pairs:
            return pairs, pairs.get("level", pairs.get("lvl", ""))
    return None, ""


def is_litefs(line: Line) -> bool:
    """Surely a line of LiteFS's: of its normal life, or a last word that nobody else has."""
    return line.harmless or bool(ENDS.match(line.text))


def moment_of(text: str) -> float | None:
    """When a line was written (Unix seconds), by its own time stamp; None where it has none, or one that names no zone.

    Formats: logfmt and JSON with a `time`, `ts` or `timestamp`, and bare text that begins with one; RFC 3339 throughout.
    """
    found = _STAMP.search(text[:LONGEST])
    return _seconds(next(filter(None, found.groups()))) if found else None


def _seconds(stamp: str) -> float | None:
    try:
        moment = datetime.fromisoformat(stamp)
        return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _speaks(line: Line) -> bool:
    """It is the application's, and does not just go on with a line before it."""
    return line.origin == "app" and not line.text.startswith((" ", "\t")) and bool(line.text.strip())


def _line(index: int, text: str, message: str, level: str, run: int, *, last_word: bool) -> Line:
    """`last_word`: here LiteFS may say its last word."""
    own = bool(HARMLESS.match(message) or LITEFS_OWN.match(message) or (last_word and LAST_WORD.match(text)))
    return Line(
        number=index,
        text=text,
        message=message,
        origin="litefs" if own else "app",
        run=run,
        weight=_weight(text, message, "" if own else level),
        harmless=bool(HARMLESS.match(message)),
        settles=bool(SETTLES.match(message)),
    )


def _weight(text: str, message: str, level: str) -> int:
    if _HARMLESS_TRACE.match(message):
        return PLAIN
    known = _LEVELS.get(level.lower())
    if known is not None:
        return known
    if text.startswith((" ", "\t")):
        return PLAIN
    for pattern, weight in ((_FATAL, FATAL), (_ERROR, ERROR), (_WARNING, WARNING)):
        if pattern.search(message):
            return weight
    return PLAIN


def _open(text: str) -> tuple[str, str]:
    """The message and the level inside a line's envelope; the line itself and no level where it has none that is known."""
    text = _PHP.sub("", text)
    if text.startswith("{"):
        found = _open_json(text)
        if found:
            return found
    glog = _GLOG.match(text)
    if glog:
        return glog[2], glog[1]
    if "msg=" in text or "message=" in text:
        pairs = dict(_PAIR.findall(text))
        message = pairs.get("msg", pairs.get("message"))
        if message is not None:
            return _unquote(str(message)), str(pairs.get("level", pairs.get("lvl", "")))
    return text, ""


def _open_json(text: str) -> tuple[str, str] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    messages = [value[key] for key in ("msg", "message", "event", "error") if isinstance(value.get(key), str)]
    levels = [value[key] for key in _LEVEL_KEYS if isinstance(value.get(key), str)]
    return (str(messages[0]), str(levels[0]) if levels else "") if messages else None


def _unquote(value: str) -> str:
    if len(value) > 1 and value.startswith('"') and value.endswith('"'):
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value
