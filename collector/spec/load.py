"""Loads a spec from YAML text, or reports every problem with its position."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from collector.errors import Problem, SpecError
from collector.expressions import Expressions
from collector.kinds import KINDS, Kind
from collector.model import JSON, THRESHOLDS, Spec, Task
from collector.spec.patterns import slow_redactions, slow_rules
from collector.spec.places import kind_of
from collector.spec.rules import own_rules, rule_problems, sources_of
from collector.spec.schema import spec_schema
from collector.spec.semantics import semantic_faults
from collector.spec.tasks import duration, rung_of, task
from collector.spec.variables import check_given, override, own_misfits
from collector.structure import faults, problem
from collector.yamlio import Document, child, load


def load_spec(
    text: str,
    path: str,
    *,
    extra_vars: Mapping[str, JSON] | None = None,
    kinds: Mapping[str, Kind] = KINDS,
    syntax: bool = True,
) -> Spec:
    """Load a spec from YAML text. `path` names it in messages, and its rule files are looked for beside it.

    Raises `SpecError` with all problems, and `UsageError` for an extra variable that the spec does not have or cannot use. With `syntax`
    false, expressions are not compiled, which avoids importing Jinja2: only names and filters are checked; `lint` checks the rest.
    """
    document = load(text, path)
    problems = _problems(document, kinds, Expressions() if syntax else None)
    rules, wrong = own_rules(document) if not problems else ([], [])
    if problems or wrong:
        raise SpecError([*problems, *wrong])
    data = document.data
    variables = override(data.get("vars", {}), extra_vars or {})
    check_given(extra_vars or {}, variables, data, kinds)
    return Spec(
        name=data["name"],
        path=path,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        vars=variables,
        tasks=_tasks(document, kinds),
        thresholds=_thresholds(data),
        rules=tuple(rules),
        report=tuple(data.get("report", ["text"])),
        expect={name: int(wanted) if isinstance(wanted, float) else wanted for name, wanted in data.get("expect", {}).items()},
        redact=tuple(data.get("redact", [])),
    )


def check_syntax(spec: Spec, expressions: Expressions) -> None:
    """Compile the expressions of a spec that was loaded without `syntax`; `expressions` caches them.

    Raises `SpecError` as `load_spec` does.
    """
    if problems := _problems(load(spec.text, spec.path), KINDS, expressions):
        raise SpecError(problems)


def lint(text: str, path: str, *, kinds: Mapping[str, Kind] = KINDS) -> list[Problem]:
    """Return every problem of a spec or a rule file, sorted by line; empty for a valid one."""
    try:
        document = load(text, path)
        problems = _rule_file_problems(document) if isinstance(document.data, list) else _spec_problems(document, kinds)
    except SpecError as error:
        problems = error.problems
    return sorted(problems, key=lambda problem: (problem.mark.file != path, problem.mark.line, problem.mark.column))


def _spec_problems(document: Document, kinds: Mapping[str, Kind]) -> list[Problem]:
    """Return the problems of a spec; later checks need a spec that has passed the earlier ones."""
    return (
        _problems(document, kinds, Expressions())
        or [*own_rules(document)[1], *_own_misfits(document, kinds), *_advice(document, kinds)]
        or [*slow_redactions(document), *(one for source, at in sources_of(document)[0] for one in slow_rules(source, at))]
    )


def _rule_file_problems(document: Document) -> list[Problem]:
    """Return the problems of a rule file (a list). A list without codes is probably a spec's tasks, in the form of an Ansible playbook."""
    if document.data and not any(isinstance(entry, Mapping) and "code" in entry for entry in document.data):
        message = "a list is a file of rules, and these have no code"
        return [Problem(document.mark("$"), message, "a spec is a mapping with version, name and collect")]
    return rule_problems(document) or slow_rules(document)


def _problems(document: Document, kinds: Mapping[str, Kind], expressions: Expressions | None) -> list[Problem]:
    data = document.data
    found = faults(data, spec_schema(kinds))
    broken = {match.group(1) for fault in found if (match := re.match(r"\$\.collect\[(\d+)\]", fault.path))}
    if all(fault.path.startswith("$.collect[") for fault in found):
        tasks = [(f"$.collect[{index}]", raw) for index, raw in enumerate(data["collect"]) if str(index) not in broken]
        found += semantic_faults(data, tasks, kinds, expressions)
    return [problem(document, fault) for fault in found]


def _own_misfits(document: Document, kinds: Mapping[str, Kind]) -> list[Problem]:
    return [Problem(document.mark(child("$.vars", name)), message) for name, message in own_misfits(document.data, kinds)]


def _advice(document: Document, kinds: Mapping[str, Kind]) -> list[Problem]:
    """Return problems that do not prevent a run: a rung that its kind advises against, and settings for retries that never happen.

    A run would only report the outcome, and other rungs may answer.
    """
    found = []
    for index, entry in enumerate(document.data["collect"]):
        kind = kinds[kind_of(entry, kinds)]
        for key in ("until", "delay") if not entry.get("retries") else ():
            if key in entry:
                mark = document.key_mark(f"$.collect[{index}].{key}")
                found.append(Problem(mark, f"{key} means nothing without retries", "say how often to try again: retries: 3"))
        for place, rung in enumerate(entry.get("try") or ()):
            name, value = rung_of(rung)
            if advice := kind.advice(name, value):
                found.append(Problem(document.mark(f"$.collect[{index}].try[{place}].{name}"), advice))
    return found


def _tasks(document: Document, kinds: Mapping[str, Kind]) -> tuple[Task, ...]:
    entries = document.data["collect"]
    registers = {raw["register"] for raw in entries if "register" in raw}
    return tuple(task(raw, document.mark(f"$.collect[{index}]"), kinds, registers) for index, raw in enumerate(entries))


def _thresholds(data: Mapping[str, JSON]) -> dict[str, float]:
    given = data.get("analyze", {}).get("thresholds", {})
    return {name: duration(given[name]) if name in given else default for name, default in THRESHOLDS.items()}
