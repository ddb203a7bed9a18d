"""Finds the problems in a list of rules, each with its position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from collector.cutoff import compiled
from collector.errors import Problem
from collector.model import JSON, Mark
from collector.observe.topics import TOPICS
from collector.resources import schema
from collector.rulebook.joins import SYMPTOM, joins
from collector.rulebook.reading import completed, shipped
from collector.rulebook.rule import HERE, PLACEHOLDER, UNKNOWN
from collector.structure import faults, problem
from collector.suggest import did_you_mean
from collector.yamlio import Document, child

REQUIRED = ("summary", "scope", "severity", "title")
SCOPE_PARTS = frozenset({"node", "alloc", "task", "service"})
_TEXTS = ("title", "detail", "remedy", "at_risk")


def lint_rules(document: Document, at: str = "$") -> list[Problem]:
    """Return every problem in the list of rules at the JSON path `at` of a document; empty if all are valid."""
    data: JSON = document.data
    problems = [problem(document, fault) for fault in faults(data, schema("rule"), at)]
    if problems:
        return problems
    known = {rule["code"] for rule in data} | {rule.code for rule in shipped()} | {UNKNOWN}
    for index, rule in enumerate(completed(data)):
        path = child(at, index)
        missing = [name for name in REQUIRED if name not in rule]
        if missing:
            problems.append(Problem(document.mark(path), f"the first rule of a code needs {', '.join(missing)}"))
        problems += _meaning_problems(document, rule, path, known)
    return problems


def _meaning_problems(document: Document, rule: Mapping[str, JSON], at: str, known: set[str]) -> list[Problem]:
    """Check what a schema cannot: that topics, fields, codes and placeholders exist, and patterns compile."""
    problems: list[Problem] = []
    names = set(SCOPE_PARTS)
    for part in ("when", "unless"):
        if part in rule:
            problems += _condition_problems(document, rule[part], child(at, part), names)
    for part in ("explains", "rules_out"):
        for index, link in enumerate(rule.get(part, ())):
            problems += _link_problems(document, link, child(child(at, part), index), known)
    problems += _code_problems(document, rule.get("explained_by", ()), child(at, "explained_by"), known)
    for path, text in _texts(rule, at):
        for slot in PLACEHOLDER.findall(text):
            if slot not in names:
                problems.append(
                    Problem(document.mark(path), f"{{{slot}}} is no field or capture of what this rule sees", did_you_mean(slot, names))
                )
    return problems


def _texts(rule: Mapping[str, JSON], at: str) -> Iterator[tuple[str, str]]:
    for name in _TEXTS:
        if name in rule:
            yield child(at, name), rule[name]
    for index, command in enumerate(rule.get("commands", ())):
        for what, text in command.items():
            yield child(child(child(at, "commands"), index), what), text


def _condition_problems(document: Document, data: Mapping[str, JSON], at: str, names: set[str]) -> list[Problem]:
    if "see" not in data:
        parts = ((child(child(at, part), index), one) for part in ("all", "any", "none") for index, one in enumerate(data.get(part, ())))
        return [found for path, one in parts for found in _condition_problems(document, one, path, names)]
    topic = TOPICS.get(data["see"])
    if topic is None:
        return [Problem(document.mark(child(at, "see")), f"there is no topic {data['see']!r}", did_you_mean(data["see"], TOPICS))]
    names |= set(topic.fields)
    problems = []
    for name, wanted in data.get("where", {}).items():
        place = document.mark(child(child(at, "where"), name))
        if name not in topic.fields and name not in topic.scope.split():
            problems.append(Problem(place, f"{data['see']} has no field {name!r}", did_you_mean(name, topic.fields)))
        problems += _pattern_problems(place, wanted, names)
    return problems


def _pattern_problems(place: Mark, wanted: JSON, names: set[str]) -> Iterator[Problem]:
    pattern = wanted.get("matches") if isinstance(wanted, Mapping) else None
    if pattern is None:
        return
    try:
        names |= set(compiled(pattern).groupindex)
    except ValueError as error:
        yield Problem(place, str(error))


def _link_problems(document: Document, link: Mapping[str, JSON] | str, at: str, known: set[str]) -> list[Problem]:
    if isinstance(link, str):
        return [] if link in joins() else [Problem(document.mark(at), f"there is no join {link!r}", did_you_mean(link, joins()))]
    problems = _code_problems(document, link["codes"], child(at, "codes"), known)
    for part in ("if", "where"):
        problems += _condition_problems(document, link[part], child(at, part), set()) if part in link else []
    return problems


def _code_problems(document: Document, codes: Sequence[str], at: str, known: set[str]) -> list[Problem]:
    return [
        Problem(document.mark(child(at, index)), f"no rule has the code {code!r}", did_you_mean(code, known))
        for index, code in enumerate(codes)
        if code not in known and code not in {SYMPTOM + "*", HERE}
    ]
