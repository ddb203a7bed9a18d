"""Validates results, bundles, reports and kept runs against schemas/."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from collector.errors import Problem, SpecError
from collector.model import JSON, Bundle, Mark, Result, Status
from collector.resources import schema, schema_names
from collector.validate.fits import Test, fits, is_moment

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

SHOWN = 3
COUNTED = 100


def validate(bundle: Bundle) -> Bundle:
    """Return the bundle with each `ok` result that does not fit its kind's schema marked `invalid`, with JSON paths in its reason.

    The data of such a result is kept for a reader; stages must only use `ok` results. A reason never quotes a value.
    """
    return bundle._replace(results=tuple(validated(result) for result in bundle.results))


def validated(result: Result) -> Result:
    """Return one result after validation; results that are not `ok` are passed through."""
    if result.status != Status.OK:
        return result
    reason = misfit(result.kind, result.data)
    return result._replace(status=Status.INVALID, reason=reason) if reason else result


def misfit(kind: str, data: JSON) -> str:
    """Describe where data does not fit the schema of its kind (paths and rules, no values); empty if it fits."""
    name = f"kinds/{kind}"
    return unfit(name, data) if name in schema_names() else f"there is no kind {kind!r} to judge this by"


def unfit(name: str, data: JSON) -> str:
    """Describe where data does not fit the schema of that name (without values); empty if it fits."""
    try:
        errors = _errors(name, data)
    except RecursionError:
        return f"nested too deeply to be judged by schemas/{name}"
    return f"does not fit schemas/{name}: {_places(errors)}" if errors else ""


def schema_problems(name: str, document: JSON) -> list[tuple[str, str]]:
    """Return (JSON path, rule in words without values) for each violation, at most COUNTED of them."""
    try:
        errors = _errors(name, document)
    except RecursionError:
        return [("$", "is nested too deeply")]
    return sorted({(error.json_path, f"breaks the schema's rule {_rule(error)!r}") for error in errors})


def check(name: str, document: JSON, file: str) -> None:
    """Raise `SpecError` with every violation of the schema in a file's document."""
    if problems := schema_problems(name, document):
        raise SpecError([Problem(Mark(file, path=path), message) for path, message in problems])


def _errors(name: str, data: JSON) -> list[ValidationError]:
    """Only values that `fits` cannot accept are passed to jsonschema, which is imported here only."""
    return [] if _test(name)(data) else list(islice(_validator(name).iter_errors(data), COUNTED))


def _places(errors: Iterable[ValidationError]) -> str:
    places = sorted({f"{error.json_path} ({_rule(error)})" for error in errors})
    more = f", and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return ", ".join(places[:SHOWN]) + more


def _rule(error: ValidationError) -> str:
    """Name the violated rule. Only jsonschema's message for `required` contains no values."""
    return error.message if error.validator == "required" else str(error.validator)


@cache
def _test(name: str) -> Test:
    return fits(schema(name))


@cache
def _validator(name: str) -> Validator:
    """An empty registry keeps jsonschema from fetching a `$ref` from the network.

    JSON Schema accepts 1.0 as an integer, but code that needs a Python int would not, so this validator is stricter.
    """
    from jsonschema import Draft202012Validator, FormatChecker  # noqa: PLC0415 - takes 90 ms, needed only if something does not fit
    from jsonschema.validators import extend  # noqa: PLC0415 - see above
    from referencing import Registry  # noqa: PLC0415 - see above

    checker = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    strict: type[Validator] = extend(Draft202012Validator, type_checker=checker)  # type: ignore[no-untyped-call]
    formats = FormatChecker(())
    formats.checks("date-time")(lambda text: not isinstance(text, str) or is_moment(text))
    return strict(schema(name), registry=Registry(), format_checker=formats)
