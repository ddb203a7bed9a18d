"""Formats a report as a mail: subject, threading, text and HTML parts, the full page attached."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from hashlib import sha256

from collector.deliver.destinations import Mail
from collector.model import JSON, UNEXPLAINED, name_of

MAX_PAGE = 8 << 20
"""Larger pages (in bytes) are not attached: many servers reject mails above 10 MB, and base64 adds a third."""

MAX_SUBJECT = 200
MAX_SYMPTOM = 80
"""Maximum length of a subject, and of the symptom in it."""

MAX_LINE = 998
"""The line length that every mail server accepts (RFC 5322, 2.1.1)."""


@dataclass(frozen=True, slots=True)
class Content:
    """The three forms of the report in a mail."""

    text: str
    html: str
    page: str


def compose(mail: Mail, document: Mapping[str, JSON], content: Content, *, sender: str, now: float) -> EmailMessage:
    """Return the message; `document` is the report document, `now` Unix seconds. Text from the report cannot inject headers."""
    domain = sender.rpartition("@")[2]
    thread = f"<{_thread(name_of(document), sender)}@{domain}>"
    message = EmailMessage()
    message["Subject"] = subject(document, mail.prefix)
    message["From"] = sender
    message["To"] = ", ".join(mail.to)
    message["Date"] = formatdate(now)
    message["Message-ID"] = make_msgid(domain=domain)
    message["In-Reply-To"] = thread
    message["References"] = thread
    message["Auto-Submitted"] = "auto-generated"
    message["X-Collector-Verdict"] = document["verdict"]
    _fill(message, content, _file_name(document))
    message.policy = message.policy.clone(max_line_length=_line_length(message["Subject"]))
    return message


def _line_length(subject: str) -> int:
    """Return the maximum length of header lines: 78, but more for a longer subject, which would otherwise start with an empty line.

    Encoded words (RFC 2047) are short enough, and must be.
    """
    return MAX_LINE if subject.isascii() else 78


def default_sender() -> str:
    """Return `collector@HOSTNAME`, used if no sender is configured."""
    return "collector@" + (re.sub(r"[^A-Za-z0-9.-]+", "-", socket.gethostname()).strip(".-") or "localhost")


def _thread(name: str, sender: str) -> str:
    """Return the Message-ID of the thread's root for a spec, job and sender.

    It is never sent: clients group mails that refer to the same ID.
    """
    return "collector." + sha256(f"{name}\n{sender}".encode("utf-8", "replace")).hexdigest()[:24]


def _fill(message: EmailMessage, content: Content, name: str) -> None:
    page = content.page.encode("utf-8", "replace")
    fits = len(page) <= MAX_PAGE
    note = "" if fits else f"\nThe HTML page is not attached: it has {len(page) >> 20} MB.\n"
    message.set_content(_encodable(content.text + note), cte="quoted-printable")
    message.add_alternative(_encodable(content.html), subtype="html", cte="quoted-printable")
    if fits:
        message.add_attachment(page, maintype="text", subtype="html", filename=name, params={"charset": "utf-8"})


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _file_name(document: Mapping[str, JSON]) -> str:
    stem = re.sub(r"[^A-Za-z0-9]+", "-", f"{name_of(document)}-{document['started_at'][:19]}").strip("-")
    return f"{stem}.html"


def subject(document: Mapping[str, JSON], prefix: str) -> str:
    """Return verdict, cause and change on one line: `[collector] navidrome CRITICAL odroid8: app.exited - new`."""
    what = " ".join(filter(None, [prefix, name_of(document), document["verdict"].upper(), _cause(document)]))
    change = _change(document)
    return _one_line(f"{what} - {change}" if change else what)


def _cause(document: Mapping[str, JSON]) -> str:
    roots = document["root_causes"]
    if not roots:
        coverage = document["coverage"]
        return "" if document["verdict"] == "ok" else f"{coverage['collected']} of {coverage['planned']} items seen"
    more = f" (+{len(roots) - 1} more)" if len(roots) > 1 else ""
    return _name(roots[0]) + _symptom(roots[0]) + more


def _symptom(finding: Mapping[str, JSON]) -> str:
    """Return the symptom to show if the code is only `unknown`."""
    if finding["code"] != "unknown":
        return ""
    seen = finding["title"].removesuffix(UNEXPLAINED)
    return f": {seen if len(seen) <= MAX_SYMPTOM else seen[: MAX_SYMPTOM - 3] + '...'}"


def _name(finding: Mapping[str, JSON]) -> str:
    return f"{finding['node']}: {finding['code']}" if finding["node"] else str(finding["code"])


def _change(document: Mapping[str, JSON]) -> str:
    """Describe the change: the state of the cause in the subject, what else is new or worse, and what is resolved."""
    rows = [row for row in (document.get("changes") or {}).get("findings", ()) if row["root"]]
    first = next(iter(document["root_causes"]), None)
    own = next((row["state"] for row in rows if first and (row["code"], row["node"]) == (first["code"], first["node"])), "")
    others = [_rows(state, rows) for state in ("new", "worse", "flapping", "resolved") if state != own]
    return ", ".join(filter(None, [own, *others])) or _previous_verdict(document)


def _previous_verdict(document: Mapping[str, JSON]) -> str:
    """Return the previous verdict if it differs and no cause explains that, as when something became visible or invisible."""
    before = ((document.get("changes") or {}).get("verdict") or {}).get("from")
    return f"was {before}" if before not in (None, document["verdict"]) else ""


def _rows(state: str, rows: Sequence[Mapping[str, JSON]]) -> str:
    """Summarize the causes in a state: `resolved odroid8: app.exited (+1 more)`; empty if there are none."""
    names = [_name(row) + _symptom(row) for row in rows if row["state"] == state]
    more = f" (+{len(names) - 1} more)" if len(names) > 1 else ""
    return f"{state} {names[0]}{more}" if names else ""


def _one_line(text: str) -> str:
    line = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", " ", text).split())
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 3] + "..."
