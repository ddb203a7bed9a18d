"""The rules that ship with the collector, a user's own, what is wrong with them, and what they explain of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import count

from collector import yamlio
from collector.cutoff import compiled
from collector.errors import Problem, SpecError
from collector.joins import joins, spelled_out
from collector.model import JSON, Mark
from collector.observe.topics import TOPICS
from collector.resources import rule_files, schema
from collector.rule import SYMPTOM, UNKNOWN, Rule, Search, compile_rule
from collector.suggest import did_you_mean
from collector.yamlio import Document, child

REQUIRED = ("summary", "scope", "severity", "title")
SCOPE_PARTS = frozenset({"node", "alloc", "task", "service"})
_SLOT = re.compile(r"\{(\w+)\}")
_TEXTS = ("title", "detail", "remedy")


@cache
def shipped() -> tuple[Rule, ...]:
    """All rules of the collector. Raises `SpecError` if one is wrong, which a test forbids."""
    rules: list[Rule] = []
    for path in rule_files():
        document = yamlio.read(path)
        rules += made(document.data, (f"{path.name}:{document.mark(child('$', index)).line}" for index in count()))
    return tuple(rules)


def rules_of(own: Sequence[JSON], search: Search = re.Pattern.search) -> tuple[Rule, ...]:
    """The shipped rules and a spec's own, whose patterns are looked for by `search`.

    Raises `SpecError` when one of the spec's is wrong: bundles come from anywhere.
    """
    if not own:
        return shipped()
    problems = lint_rules(Document("rules", list(own), {}, {}))
    if problems:
        raise SpecError(problems)
    return (*shipped(), *made(own, (f"rule {number} of the spec's own" for number in count(1)), search))


def made(rules: Sequence[JSON], places: Iterable[str], search: Search = re.Pattern.search) -> Iterator[Rule]:
    """The rules of one list that lint finds nothing wrong with, each with its place in words."""
    for data, place in zip(completed(rules), places, strict=False):
        yield compile_rule({**data, "explains": list(spelled_out(data.get("explains", ())))}, place, search)


def completed(rules: Sequence[JSON]) -> list[dict[str, JSON]]:
    """The rules of one list, where a further rule of a code has what it leaves out from the first one of that code, but for `unless`."""
    first: dict[str, Mapping[str, JSON]] = {}
    return [{**{k: v for k, v in first.setdefault(rule["code"], rule).items() if k != "unless"}, **rule} for rule in rules]


def codes() -> tuple[str, ...]:
    """Every cause code that a finding can have as a root, sorted; symptoms are none."""
    return tuple(sorted({rule.code for rule in shipped() if not rule.symptom} | {UNKNOWN}))


def symptoms() -> tuple[str, ...]:
    """Every code of what is wrong to see and is no cause, sorted."""
    return tuple(sorted({rule.code for rule in shipped() if rule.symptom}))


def lint_rules(document: Document, at: str = "$") -> list[Problem]:
    """Everything wrong with the list of rules at `at` (a JSON path) of a document, each with its place; empty when all is well."""
    data: JSON = document.data
    problems = list(_schema_problems(document, data, at))
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


def _schema_problems(document: Document, data: JSON, at: str) -> Iterator[Problem]:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 60 ms that only linting and validating need

    for error in sorted(Draft202012Validator(schema("rule")).iter_errors(data), key=lambda one: list(map(str, one.absolute_path))):
        path = at
        for part in error.absolute_path:
            path = child(path, part)
        yield Problem(document.mark(path), error.message)


def _meaning_problems(document: Document, rule: Mapping[str, JSON], at: str, known: set[str]) -> list[Problem]:
    """What a schema cannot say: topics, fields, patterns, codes and placeholders that are not there."""
    problems: list[Problem] = []
    names = set(SCOPE_PARTS)
    for part in ("when", "unless"):
        if part in rule:
            problems += _condition_problems(document, rule[part], child(at, part), names)
    for part in ("explains", "rules_out"):
        for index, link in enumerate(rule.get(part, ())):
            problems += _link_problems(document, link, child(child(at, part), index), known)
    for path, text in _texts(rule, at):
        for slot in _SLOT.findall(text):
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
        return [problem for path, one in parts for problem in _condition_problems(document, one, path, names)]
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
    problems = [
        Problem(document.mark(child(child(at, "codes"), index)), f"no rule has the code {code!r}", did_you_mean(code, known))
        for index, code in enumerate(link["codes"])
        if code not in known and code != SYMPTOM + "*"
    ]
    return problems + (_condition_problems(document, link["if"], child(at, "if"), set()) if "if" in link else [])


def explain(code: str) -> dict[str, JSON]:
    """What a code means, from its rules alone: `{code, summary, severity, recognised, explains, remedy, commands, references}`.

    Raises `SpecError` with a suggestion for a code that no rule has.
    """
    if code == UNKNOWN:
        return _EXPLAIN_UNKNOWN
    mine = [rule for rule in shipped() if rule.code == code]
    if not mine:
        every = {rule.code for rule in shipped()} | {UNKNOWN}
        raise SpecError([Problem(Mark("rules", 1, 1), f"there is no code {code!r}", did_you_mean(code, every))])
    return {
        "code": code,
        "summary": mine[0].summary,
        "severity": str(mine[0].severity),
        "symptom": mine[0].symptom,
        "recognised": [rule.detail or rule.title for rule in mine],
        "explains": sorted({named for rule in mine for link in rule.explains for named in link.codes} - {code}),
        "rules_out": sorted({named for rule in mine for link in rule.rules_out for named in link.codes}),
        "remedy": [rule.remedy for rule in mine if rule.remedy],
        "commands": [{"what": what, "command": text} for rule in mine for what, text in rule.commands],
        "references": sorted({rule.reference for rule in mine if rule.reference}),
        "rules": [rule.place for rule in mine],
    }


_EXPLAIN_UNKNOWN: dict[str, JSON] = {
    "code": UNKNOWN,
    "summary": "something is wrong and no rule explains it",
    "severity": "critical",
    "symptom": False,
    "recognised": ["symptoms that no cause explains, taken together by node; the strongest evidence is shown instead of a guess"],
    "explains": [SYMPTOM + "*"],
    "rules_out": [],
    "remedy": ["Look at the evidence; if the cause is one that comes back, write a rule for it (docs/rules.md)."],
    "commands": [],
    "references": [],
    "rules": [],
}
