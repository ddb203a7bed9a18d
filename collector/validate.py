"""Results against the schemas of their kinds: what does not fit is kept, marked `invalid`, and never believed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from collector.fits import Test, fits
from collector.model import JSON, Bundle, Result, Status
from collector.resources import schema, schema_names

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

SHOWN = 3
COUNTED = 100


def validate(bundle: Bundle) -> Bundle:
    """The same bundle; a result that was `ok` and does not fit its kind's schema is `invalid`, with JSON paths in its reason.

    Its data is left as it is, for a reader; whoever uses results must take only those that are `ok`. A reason never quotes a value.
    """
    return bundle._replace(results=tuple(validated(result) for result in bundle.results))


def validated(result: Result) -> Result:
    """One result, judged. Only `ok` ones are: the others claim nothing."""
    if result.status != Status.OK:
        return result
    reason = misfit(result.kind, result.data)
    return result._replace(status=Status.INVALID, reason=reason) if reason else result


def misfit(kind: str, data: JSON) -> str:
    """Where data does not fit the schema of its kind: paths and the rules they break; empty when it fits."""
    name = f"kinds/{kind}"
    if name not in _known():
        return f"there is no kind {kind!r} to judge this by"
    try:
        errors = [] if _test(name)(data) else list(islice(_validator(name).iter_errors(data), COUNTED))
    except RecursionError:
        return f"nested too deeply to be judged by schemas/{name}"
    return f"does not fit schemas/{name}: {_places(errors)}" if errors else ""


def schema_problems(name: str, document: JSON) -> list[tuple[str, str]]:
    """Where a document breaks the schema of that name: (JSON path, the rule in words without values), at most COUNTED of them."""
    try:
        errors = list(islice(_validator(name).iter_errors(document), COUNTED))
    except RecursionError:
        return [("$", "is nested too deeply")]
    return sorted({(error.json_path, f"breaks the schema's rule {_rule(error)!r}") for error in errors})


def _places(errors: Iterable[ValidationError]) -> str:
    places = sorted({f"{error.json_path} ({_rule(error)})" for error in errors})
    more = f", and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return ", ".join(places[:SHOWN]) + more


def _rule(error: ValidationError) -> str:
    """The rule that is broken. Only the message of `required` is free of the values that were found."""
    return error.message if error.validator == "required" else str(error.validator)


@cache
def _known() -> frozenset[str]:
    return frozenset(schema_names())


@cache
def _test(name: str) -> Test:
    """True only for data that surely fits: jsonschema is needed, and imported, for the rest alone."""
    return fits(schema(name))


@cache
def _validator(name: str) -> Validator:
    """Built once per kind. An empty registry keeps jsonschema from fetching a `$ref` from the network.

    To JSON Schema 1.0 is an integer, and what takes integers in Python refuses it: none of ours are written so. A moment is one that a
    calendar has, which no pattern can say.
    """
    from jsonschema import Draft202012Validator, FormatChecker  # noqa: PLC0415 - costs 90 ms, for which only what does not fit need wait
    from jsonschema.validators import extend  # noqa: PLC0415 - comes with it
    from referencing import Registry  # noqa: PLC0415 - comes with it

    checker = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    strict: type[Validator] = extend(Draft202012Validator, type_checker=checker)  # type: ignore[no-untyped-call]
    formats = FormatChecker(())
    formats.checks("date-time", raises=ValueError)(lambda text: not isinstance(text, str) or bool(datetime.fromisoformat(text)))
    return strict(schema(name), registry=Registry(), format_checker=formats)
