"""A rule, compiled from the plain data of a YAML file (schemas/rule.schema.json)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from collector.model import JSON, Severity
from collector.rulebook.conditions import Condition, Search, compile_condition
from collector.rulebook.joins import SYMPTOM, Link, compile_link, links

HERE = "here"
"""In `explained_by`: any finding on the same node."""
PLACEHOLDER = re.compile(r"\{(\w+)\}")
"""In a rule's texts: a field, a capture or a scope part."""
OPTIONAL = re.compile(r"\[([^\[\]]*\{\w+\}[^\[\]]*)\]")
"""A part of a rule's text that is omitted if its placeholder has no value."""
UNKNOWN = "unknown"
"""The code of a root that no rule explains."""


class Rule(NamedTuple):
    """One way to recognise a cause or a symptom. Texts contain placeholders `{name}` for fields, captures and scope parts."""

    code: str
    summary: str
    scope: str
    severity: Severity
    when: Condition
    title: str
    directness: int = 3
    unless: Condition | None = None
    detail: str = ""
    remedy: str = ""
    at_risk: str = ""
    commands: tuple[tuple[str, str], ...] = ()
    explains: tuple[Link, ...] = ()
    rules_out: tuple[Link, ...] = ()
    reference: str = ""
    last_resort: bool = False
    explained_by: frozenset[str] | None = None
    place: str = ""

    @property
    def symptom(self) -> bool:
        """True if its code is a symptom's."""
        return self.code.startswith(SYMPTOM)


def compile_rule(data: Mapping[str, JSON], place: str = "", search: Search = re.Pattern.search) -> Rule:
    """Compile a rule that fits the schema and has valid patterns (see lint)."""
    return Rule(
        code=data["code"],
        summary=data["summary"],
        scope=data["scope"],
        severity=Severity(data["severity"]),
        when=compile_condition(data["when"], search),
        title=data["title"],
        directness=data.get("directness", 3),
        unless=compile_condition(data["unless"], search) if "unless" in data else None,
        detail=data.get("detail", "").strip(),
        remedy=data.get("remedy", "").strip(),
        at_risk=data.get("at_risk", "").strip(),
        commands=tuple(pair for command in data.get("commands", ()) for pair in command.items()),
        explains=tuple(links(data.get("explains", ()), search)),
        rules_out=tuple(compile_link(link, search) for link in data.get("rules_out", ())),
        reference=data.get("reference", ""),
        last_resort=data.get("last_resort", False),
        explained_by=frozenset(data["explained_by"]) if "explained_by" in data else None,
        place=place,
    )
