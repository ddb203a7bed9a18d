"""Interprets log lines: who wrote each line, which run of the process it belongs to, and which line explains its end.

LiteFS logs errors at INFO and mixes its lines with those of the application it supervises, so the text decides, never the level (LiteFS 0.5
sends the standard logger through slog). Supported formats: logfmt, JSON, glog, traces of Python, Go, Java, Rust and Node, plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from collector.loglines.envelope import LONGEST, fields_of, moment_of, opened, without_pool
from collector.loglines.litefs import ENDS, HARMLESS, LAST_WORD, LEAVES, LITEFS_OWN, OF_ANYONE, SETTLES, STARTS, SUPERVISES

__all__ = ["ERROR", "FATAL", "LONGEST", "PLAIN", "WARNING", "Line", "complaint", "decisive", "is_litefs", "moment_of", "read"]

FATAL, ERROR, WARNING, PLAIN = 3, 2, 1, 0
"""Weights of lines, for choosing the decisive one."""


class Line(NamedTuple):
    """One line: `text` as collected, `message` without its envelope, `origin` litefs or app.

    `run` numbers the process's runs within this text (0 is the oldest), `weight` is FATAL, ERROR, WARNING or PLAIN. `harmless` marks
    LiteFS's normal start, handoff and shutdown lines; `settles` marks lines that say a problem is over.
    """

    number: int
    text: str
    message: str
    origin: str
    run: int
    weight: int
    harmless: bool = False
    settles: bool = False


_FATAL = re.compile(
    r"\b(?:FATAL|CRITICAL|PANIC)\b|\[(?:emerg|alert|crit)\]|^(?:panic|fatal error|fatal): |\bpanicked at\b|^Exception in thread |^Uncaught "
    r"|^(?:[\w.:$]{1,200}: )?(?:[\w.$]|::)*(?:Error|Exception)(?: \(0x[\dA-F]+\))?(?:$|: )|^\*\* \([\w.]+\) "
    r"|Segmentation fault|^Caused by: |core dumped|^error: unable to"
    r"|^crit: [\w.]{1,200}\[\d+\]"
    r"|^(?:Syntax|Execution) error\b.{1,200} at .{0,200}\)\.$"  # Clojure
    r"|^Kernel pid terminated |^Error in [\w.:$]{1,80}\(.{0,200}\) ?:|^Error loading shared library |^\[UnhandledPromiseRejection: "
    r"|^terminate called after throwing|^Unhandled exception\b|^Can't locate \S+ in @INC|FPM initialization failed"
    r"|:in [`'][^']{1,100}': .{1,300} \([A-Z]\w*(?:::\w+)*\)$"
)
_ERROR = re.compile(
    r"\b(?:ERROR|SEVERE|ERR)\b|\[error\]|^error[: ]|\b[Ee]rror(?: \d{1,4})?: |\w(?:Error|Exception): |^fail: [\w.]{1,200}\[\d+\]"
    r"|^npm (?:ERR!|error) (?!A complete log|To see|code |errno | )\S|^ ?ERR_PNPM_|^Error relocating "
    r"|\b(?:failed|cannot|could not|unable to|refused|denied|no such)\b",
    re.ASCII,
)
HEADING = re.compile(r"^(?: {2,3}[A-Z][\w\\]{1,200}(?:Exception|Error) *|APPLICATION FAILED TO START|Error: P\d{4})$")
"""Headings above an error message (PHP's Collision, Spring Boot, Prisma)."""
_POINTS_BACK = re.compile(
    r"(?i)\b(?:continue|abort(?:ing|ed)?|exit(?:ing)?|stopping|quitting)\b.{0,40}? due to"
    r" (?:(?:the|these|previous|prior|earlier|above|\d{1,4}) (?:\w{1,20} ){0,3}errors\b|\w{1,20} error\(s\))(?! ?:)"
    r"|\b(?:check|see) the (?:\w{1,20} ){0,3}(?:logs?|errors?|messages?|output|lines?) above\b"
    r"|\bfor (?:more )?details,? (?:check|see) the (?:\w{1,20} ){0,3}logs\b"
)
"""Lines that only refer to an earlier message: Authelia, Rocket, compilers."""
_WARNING = re.compile(r"\bWARN(?:ING)?\b")
_LEVELS = {
    "fatal": FATAL, "panic": FATAL, "critical": FATAL, "crit": FATAL, "emerg": FATAL, "alert": FATAL, "f": FATAL,
    "error": ERROR, "err": ERROR, "severe": ERROR, "e": ERROR, "warn": WARNING, "warning": WARNING, "w": WARNING,
    "info": PLAIN, "information": PLAIN, "verbose": PLAIN, "debug": PLAIN, "trace": PLAIN, "notice": PLAIN, "i": PLAIN,
}  # fmt: skip
_TROUBLE = frozenset({
    "error", "err", "errmsg", "error_message", "exception", "exc_info", "cause", "reason", "stack", "stacktrace", "stack_trace", "panic",
    "error.message", "error.stack_trace", "@x",
})  # fmt: skip
"""Fields in which loggers put errors. Other fields (a title, a query, a file) only say what the line is about."""
_QUOTED = re.compile(
    r"""(?P<before>\b(?:err(?:or)?|exception|cause|reason|message|panic|fatal)"?[:=]\s*|\bextended_code: \d+ \}, Some\()?"""
    r"""(?P<quoted>"(?:[^"\\\n]|\\.)*+(?P<end>"?))""",
    re.IGNORECASE,
)
"""Also matches an unterminated quote, which is left as it is; otherwise each of its quotes is tried up to the end of the line."""
_RETOLD = re.compile(r"(?<!\w)'([^'\n]{1,300})'(?!\w)")
_OF_TROUBLE = re.compile(
    r"(?i)err|exception|fail|fatal|panic|warn|crit|abort|cannot|can't|could ?n[o']t|unable|refused|denied|invalid"
    r"|cause|reason|message|code|sql"
)
"""An error may quote its own text. A sentence in single quotes without any of these before it is what a user wrote."""
_TOLD_CALMLY = re.compile(
    r"^(?:\x1b\[[\d;]{1,8}m)?(?:"
    r"[\d\-T:.,/ Z+\[\](\t]*\b(?:INFO|DEBUG|TRACE|NOTICE|Info|Debug)\b"
    r"|[\d\-:., ]{8,30} \[[\w.#-]{1,60}\] (?:INFO|DEBUG|TRACE) "  # Logback
    r"|[ID], \[\d{4}-"  # Ruby
    r"|\[[\d\-T:.+ ]{10,40}\] [\w-]{1,40}\.(?:INFO|DEBUG|NOTICE): "  # Monolog
    r"|(?:[\d:.]{8,15} (?:\w{1,40}=\S{1,80} ){0,5})?\[(?:info|debug|notice)\] "  # Elixir
    r"|(?:[\d\-:.+ ]{0,40}\[|\[[\d:]{8} |\d{1,2}:\d\d[AP]M )(?:INF|DBG|VRB|TRC)\b"  # Serilog, zerolog
    r"|[ID]\d{4} \d\d:\d\d:"  # glog
    r"|[\d\-T:.Z+]{20,35}\t(?:info|debug)\t"  # zap
    r"|[\d\-:, ]{19,23} - [\w.]{1,80} - (?:INFO|DEBUG) - "  # Python
    r"|\[Nest\] \d+  - [\d/:, APM]{15,30} (?:LOG|DEBUG|VERBOSE) "
    r"|(?:info|debug|verbose)(?:\x1b\[[\d;]{1,8}m)?: )"  # winston
)
_SLOG = re.compile(r'^(?:time=\S+ )?level=INFO msg=(?:"(?:[^"\\]|\\.)*"|\S+)$')
"""The envelope of everything LiteFS logs, including errors."""
_HARMLESS_TRACE = re.compile(r"^(?:KeyboardInterrupt|SystemExit|asyncio\.exceptions\.CancelledError|GeneratorExit)\b")


def read(lines: Sequence[str], *, litefs: bool = True) -> list[Line]:
    """Return every line with its origin, run and weight, in order. `litefs`: it is already known that LiteFS writes to this log."""
    out: list[Line] = []
    run = 0
    started = ended = spoken = supervises = False
    starting = False  # LiteFS starts with several lines in a row, if both streams are merged
    heard = litefs
    for index, whole in enumerate(lines):
        text = whole[:LONGEST]
        message, level = opened(text)
        ends = bool(ENDS.match(text)) and not (supervises and OF_ANYONE.match(text))
        starts = bool(STARTS.match(message))
        if (ended and ends) or (started and starts and not starting):
            run, started, ended, spoken, heard = run + 1, False, False, False, litefs
        starting = starts or (starting and not message.strip())
        started = started or bool(message.strip())
        ended = ended or ends
        line = _line(index, text, message, level, run, last_word=ends or (heard and not spoken))
        heard = heard or line.origin == "litefs"
        supervises = bool(SUPERVISES.match(message)) or (supervises and not starts and not LEAVES.match(message))
        spoken = spoken or bool(SUPERVISES.match(message)) or _is_applications(line)
        out.append(line)
    return out


def decisive(lines: Iterable[Line]) -> Line | None:
    """Return the line that explains why a process ended: the last fatal one of the newest run that has one, else the last error, else None.

    For an exception with causes (Java) that is the last `Caused by`, for a Python traceback its last line.
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
    """Return what a line says is wrong with its writer: the message and its error fields; empty if it is about something else.

    Logs also contain text that users write, search for and upload. It stands in other fields or in quotes, or at an informational level.
    """
    if line.origin == "litefs":
        return line.message
    text = without_pool(line.text)
    fields, level = fields_of(text)
    if fields is None:
        return "" if _TOLD_CALMLY.match(text) else _unquoted(_without_retold(text))
    if _SLOG.match(text):
        return _unquoted(line.message)
    if _LEVELS.get(level.lower(), ERROR) == PLAIN:
        return ""
    return " ".join([_unquoted(line.message), *(value for name, value in fields.items() if name.lower() in _TROUBLE)])


def _unquoted(text: str) -> str:
    """Remove quoted text, unless the preceding word shows that the error itself is quoted."""
    return _QUOTED.sub(lambda found: found[0] if found["before"] or not found["end"] else '""', text)


def _without_retold(text: str) -> str:
    """Remove whole sentences in single quotes, unless something before them indicates an error."""
    return _RETOLD.sub(lambda found: "''" if " " in found[1] and not _OF_TROUBLE.search(text, 0, found.start()) else found[0], text)


def is_litefs(line: Line) -> bool:
    """True if LiteFS certainly wrote the line: part of its normal operation, or a final error that only LiteFS has."""
    return line.harmless or bool(ENDS.match(line.text))


def _is_applications(line: Line) -> bool:
    """True if the application wrote it and it does not merely continue the previous line."""
    return line.origin == "app" and not line.text.startswith((" ", "\t")) and bool(line.text.strip())


def _line(index: int, text: str, message: str, level: str, run: int, *, last_word: bool) -> Line:
    """Parse one line. `last_word`: a final error of LiteFS is possible here."""
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
    """Return the weight by level and words; a line that only refers to other errors weighs at most WARNING."""
    weight = _own_weight(text, message, level)
    return WARNING if weight > WARNING and _POINTS_BACK.search(message) else weight


def _own_weight(text: str, message: str, level: str) -> int:
    if _HARMLESS_TRACE.match(message):
        return PLAIN
    known = _LEVELS.get(level.lower())
    if known is not None:
        return known
    if HEADING.match(text):
        return FATAL
    if text.startswith((" ", "\t")) and not text.startswith(" ERR_PNPM_"):
        return PLAIN
    for pattern, weight in ((_FATAL, FATAL), (_ERROR, ERROR), (_WARNING, WARNING)):
        if pattern.search(message):
            return weight
    return PLAIN
