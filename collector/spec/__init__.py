"""The spec language: converts YAML text to a `Spec`, or lists every problem with its position.

schema.py      the language as a JSON schema
places.py      a task's kind and name, and where it has expressions
semantics.py   checks what a schema cannot: names, expressions, order, recipients, thresholds
rules.py       the spec's own rules, inline and in files
patterns.py    finds slow patterns
backtracking.py tries a pattern on texts on which it would backtrack
tasks.py       converts an entry of `collect` to a `Task`
variables.py   parses, applies and checks -e
load.py        runs all of it
"""

from collector.spec.load import check_syntax, lint, load_spec
from collector.spec.schema import spec_schema
from collector.spec.variables import parse_extra_vars

__all__ = ["check_syntax", "lint", "load_spec", "parse_extra_vars", "spec_schema"]
