"""Rules as data: their form, the shipped rules, a user's own, linting, and explanations of codes.

conditions.py  what must be observed, and where
joins.py       what a finding explains, and named groups of such links
rule.py        a compiled rule
cache.py       a cache of shipped YAML files
reading.py     reads rules/*.yml
lint.py        finds every problem in a list of rules
explain.py     explains a code
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
from collector.rulebook.reading import codes, compile_all, shipped, symptoms
from collector.rulebook.rule import Rule
from collector.yamlio import Document

__all__ = ["codes", "explain", "lint_rules", "rules_of", "shipped", "symptoms"]


def rules_of(own: Sequence[JSON], search: Search = re.Pattern.search) -> tuple[Rule, ...]:
    """Return the shipped rules and a spec's own, whose patterns are searched with `search`.

    Raises `SpecError` if one of the spec's rules is invalid: bundles may come from anywhere.
    """
    if not own:
        return shipped()
    problems = lint_rules(Document("rules", list(own), {}, {}))
    if problems:
        raise SpecError(problems)
    return (*shipped(), *compile_all(own, (f"rule {number} of the spec's own" for number in count(1)), search))
