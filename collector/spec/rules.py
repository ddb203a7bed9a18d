"""A spec's own rules: those in it and those in the files that it names."""

from __future__ import annotations

from pathlib import Path

from collector.errors import Problem, SpecError
from collector.model import JSON
from collector.yamlio import Document, child, read


def own_rules(document: Document) -> tuple[list[JSON], list[Problem]]:
    """The rules of a spec whose structure is right, and what is wrong with them. Files are looked for beside the spec."""
    sources, problems = sources_of(document)
    for source, at in sources:
        problems += rule_problems(source, at)
    return [rule for source, _ in sources for rule in source.data or []], problems


def sources_of(document: Document) -> tuple[list[tuple[Document, str]], list[Problem]]:
    """Where a spec's own rules are: documents, each with the JSON path of its list; and what is wrong with files that cannot be read."""
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
    """What is wrong with a list of rules."""
    from collector.rulebook import lint_rules  # noqa: PLC0415 - brings jsonschema, which only a spec with rules of its own needs

    return lint_rules(document, at)
