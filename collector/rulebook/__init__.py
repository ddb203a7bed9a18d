"""Rules as data: the form of a rule, the rules that ship, a user's own, what is wrong with them, and what they say of a code.

conditions.py  what must be observed where
joins.py       what a finding explains, and what many rules share of that, by name
rule.py        a rule as the engine uses it
kept.py        what a YAML file that ships says, read once and for all
reading.py     rules/*.yml to rules
lint.py        every problem of a list of rules
explain.py     a code in words
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count

from collector.errors import SpecError
from collector.model import JSON
from collector.rulebook.conditions import Search
from collector.rulebook.explain import explain
from collector.rulebook.lint import lint_rules
from collector.rulebook.reading import codes, made, shipped, symptoms
from collector.rulebook.rule import Rule
from collector.yamlio import Document

__all__ = ["codes", "explain", "lint_rules", "rules_of", "shipped", "symptoms"]


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
