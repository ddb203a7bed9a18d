"""A spec's own rules: inline ones and those in the files that it names."""

from __future__ import annotations

from pathlib import Path

from collector.errors import Problem, SpecError
from collector.model import JSON
from collector.yamlio import Document, child, read


def own_rules(document: Document) -> tuple[list[JSON], list[Problem]]:
    """Return the rules of a structurally valid spec, and their problems. Files are looked for beside the spec."""
    sources, problems = sources_of(document)
    for source, at in sources:
        problems += rule_problems(source, at)
    return [rule for source, _ in sources for rule in source.data or []], problems


def sources_of(document: Document) -> tuple[list[tuple[Document, str]], list[Problem]]:
    """Return the documents with the spec's rules, each with the JSON path of its list, and the problems of unreadable files."""
    analyze = document.data.get("analyze", {})
    sources = [(document._replace(data=analyze["rules"]), "$.analyze.rules")] if analyze.get("rules") else []
    problems: list[Problem] = []
    for index, name in enumerate(analyze.get("rule_files", [])):
        try:
            sources.append((read(Path(document.file).parent / name), "$"))
        except SpecError as error:
            mark = document.mark(child("$.analyze.rule_files", index))
            problems += [Problem(mark, f"{name}: {error.problems[0].message}"), *error.problems[1:]]
    return sources, problems


def rule_problems(document: Document, at: str = "$") -> list[Problem]:
    """Return the problems of a list of rules."""
    from collector.rulebook import lint_rules  # noqa: PLC0415 - imports jsonschema, needed only for a spec's own rules

    return lint_rules(document, at)
