"""`python -m tests.mutation [rules|patterns]`: mutate, see which tests fail, write docs/mutation.md.

`python -m tests.mutation FILE...` mutates only the rules of these files (`disk.full`, `joins`), prints the survivors, and writes nothing.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

from tests.mutation import patterns, rules

DOCUMENT = Path(__file__).parents[2] / "docs" / "mutation.md"
PROCESSES = 2
SUBJECTS = {
    "patterns": (patterns, "Redaction patterns", "the examples of `tests/redact`"),
    "rules": (
        rules,
        "Rules",
        "the cases of `tests/rules`, the reports on the recorded incidents, lint, and the answers of `tests/decided`",
    ),
}
HEAD = """\
# Mutation testing

Written by `make mutation`; do not edit. Each rule and each redaction pattern is broken in one place at a time: a condition, field,
alternative or look-around is removed, a truth value or a bound is inverted, a place to look is changed. Then the tests that state examples
run. A mutant that they detect needs no attention; one that survives marks a place that could break unnoticed, or that makes no difference.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One mutation: its subject, position and kind, and whether it survived."""

    about: str
    what: str
    unseen: bool


def run(subject: ModuleType, files: Sequence[str] = ()) -> list[Outcome]:
    """Try every mutant of a subject, or of some of its files."""
    subject.prepare()
    mutants = [mutant for mutant in subject.mutants() if not files or mutant.file.removesuffix(".yml") in files]
    with get_context("fork").Pool(PROCESSES) as pool:
        unseen = pool.map(subject.survives, mutants, chunksize=8)
    return [Outcome(mutant.about, mutant.what, survived) for mutant, survived in zip(mutants, unseen, strict=True)]


def section(title: str, tests: str, outcomes: Sequence[Outcome]) -> str:
    """Return one subject's part of the document."""
    told = Counter(_part(outcome) for outcome in outcomes)
    unseen = Counter(_part(outcome) for outcome in outcomes if outcome.unseen)
    rows = [f"| {part} | {number} | {number - unseen[part]} | {unseen[part]} |" for part, number in told.most_common()]
    lines = [
        f"## {title}",
        "",
        f"Noticed by {tests}.",
        "",
        "| what was broken | breaks | noticed | not noticed |",
        "| --- | --- | --- | --- |",
        *rows,
    ]
    return "\n".join(["", *lines, "", "### Not noticed", "", *_listed(outcomes), ""])


def _part(outcome: Outcome) -> str:
    """Return the kind of mutation, the first word of its position: a condition, a join, or the whole rule."""
    words = outcome.what.replace("without ", "").split(".")[0].split(" ")[0]
    return (
        words
        if words in {"when", "unless", "explains", "rules_out"}
        else "the whole"
        if outcome.what == "without the rule"
        else "a pattern"
    )


def _listed(outcomes: Iterable[Outcome]) -> list[str]:
    """List the survivors, one line per rule. Links are only counted: every pair would need a cluster of its own."""
    by_rule: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.unseen:
            by_rule.setdefault(outcome.about, []).append(outcome)
    return [f"- {about}: {_told(unseen)}" for about, unseen in by_rule.items()]


def _told(unseen: Sequence[Outcome]) -> str:
    joins = sum(_part(outcome) == "explains" for outcome in unseen)
    told = [outcome.what for outcome in unseen if _part(outcome) != "explains"]
    return "; ".join([*told, *([f"{joins} in what it explains"] if joins else [])])


def written() -> dict[str, str]:
    """Return the document's sections by title."""
    _, *parts = DOCUMENT.read_text("utf-8").split("\n## ")
    return {part.partition("\n")[0]: f"\n## {part}" for part in parts}


def main() -> None:
    """Run the requested subjects (default: all) and update their sections of the document; or print the survivors of some rule files."""
    if files := [name for name in sys.argv[1:] if name not in SUBJECTS]:
        sys.stdout.write("\n".join([*_listed(run(rules, files)), ""]))
        return
    sections = written()
    for name in sys.argv[1:] or SUBJECTS:
        subject, title, tests = SUBJECTS[name]
        sections[title] = section(title, tests, run(subject))
    DOCUMENT.write_text(HEAD + "".join(sections[title] for _, title, _ in SUBJECTS.values()), "utf-8")


if __name__ == "__main__":
    main()
