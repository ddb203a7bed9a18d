"""Messages about an address that is already in use: the system's, in several languages, and those of runtimes and drivers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_NUMERIC = r"(?:\d{1,3}(?:\.\d{1,3}){3}|localhost|\*|\[[\da-f:.]{0,45}\]|::)?:\d{2,5}"
_TRANSLATED = (
    r"Adresse\ wird\ bereits\ verwendet|Adresse\ déjà\ utilisée|La\ dirección\ ya\ se\ está\ usando|Indirizzo\ già\ in\ uso"
    r"|Endereço\ já\ em\ uso|Adres\ is\ al\ in\ gebruik|Adres\ jest\ już\ w\ użyciu"
)
"""The C library's words in several languages."""
_TOLD = re.compile(rf"(?i)\bin use\b|EADDRINUSE|only one usage of each|AddrInUse|\b(?:errno|os error) 98\b|{_TRANSLATED}")
"""Every line that the patterns below match contains one of these."""
_OF_LINES = (
    # .NET, nginx, PHP and others name it in words of their own before it, Node after it; a time or a file's line is no address.
    re.compile(
        rf"(?xi)(?<![\w.\[\]:*-])(?P<address>{_NUMERIC})\b(?!:\d)[^\n]{{0,40}}?"
        r"(?:address\ already\ in\ use|EADDRINUSE|address\ in\ use)"
    ),
    re.compile(rf"(?xi)(?:address\ already\ in\ use|EADDRINUSE)[: ]{{1,3}}(?P<address>{_NUMERIC})\b"),
    re.compile(
        rf"""(?xi)(?:(?<![\w.\[\]:*-])(?P<address>[\w.\[\]:*-]{{0,80}}:\d+):\ bind:\ )?
        (?:address\ already\ in\ use|EADDRINUSE|AddrInUse|address\ in\ use|only\ one\ usage\ of\ each\ socket\ address
        |\bthat\ port\ is\ already\ in\ use|\b(?:errno|os\ error)\ 98\b|\b(?:{_TRANSLATED}))"""
    ),
    re.compile(r"(?i)\bport (?P<address>\d{1,5})\b[^\n]{0,30}\b(?:is|was|are)? ?(?:already )?in use\b(?![^\n]{0,40}\b(?:trying|using) )"),
    re.compile(r"(?i)\baddress (?P<address>[\w.\[\]*-]{0,60}:\d{2,5}) (?:is )?already in use\b"),
    re.compile(r"(?i)\bconnection in use: \((?P<address>[^)\n]{1,80})\)"),
)
_OF_EVENTS = (
    # Podman names its cause without the address first.
    re.compile(
        r"""(?xi)(?<![\w.:\[\]])(?P<address>(?:[\d.]{1,15}|\[[\da-f:]{2,39}\])?:\d{1,5})\b[^\n]{0,40}?
        (?:port\ is\ already\ allocated|address\ already\ in\ use)"""
    ),
    re.compile(r"(?i)(?P<address>)(?:port is already allocated|address already in use|\bEADDRINUSE\b)"),
)


def in_use(complaint: str) -> Mapping[str, str | bool | None]:
    """Return whether a complaint is about an address in use, and which."""
    return _of(complaint, _OF_LINES if _TOLD.search(complaint) else ())


def in_use_by_event(message: str) -> Mapping[str, str | bool | None]:
    """Return the same for a task event, in its driver's words."""
    return _of(message, _OF_EVENTS)


def _of(text: str, patterns: Sequence[re.Pattern[str]]) -> Mapping[str, str | bool | None]:
    found = [match["address"] for pattern in patterns if (match := pattern.search(text))]
    return {"in_use": bool(found), "address": next(filter(None, found), None)}
