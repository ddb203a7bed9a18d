"""The spec language: YAML text to a `Spec`, and every problem of a spec with its place.

schema.py      the language as a JSON schema
places.py      where expressions stand in a task
meaning.py     names, expressions, order
sense.py       recipients that can be reached, limits that can be passed, lists that count
rules.py       a spec's own rules, in it and in files
patterns.py    patterns that take for ever
tasks.py       a checked entry of `collect` to a `Task`
variables.py   -e
given.py       whether what -e gives can be used
load.py        all of it in order
"""

from collector.spec.load import check_syntax, lint, load_spec
from collector.spec.schema import spec_schema
from collector.spec.variables import parse_extra_vars

__all__ = ["check_syntax", "lint", "load_spec", "parse_extra_vars", "spec_schema"]
