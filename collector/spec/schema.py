"""The spec language as a JSON schema: the one place that says which keys there are, what they mean, and of which type they are.

The loader checks specs against this document (structure.py) and editors against the committed copy of it, schemas/spec.schema.json.
"""

from __future__ import annotations

from collections.abc import Mapping

from collector.kinds.kind import Argument, Kind
from collector.model import FORMATS, JSON, THRESHOLDS, Verdict

Schema = dict[str, JSON]

_THRESHOLDS = {
    "lag_warning": "a replica behind by more than this is a warning",
    "lag_critical": "a replica behind by more than this is critical",
    "skew_warning": "a node's clock off by more than this is a warning",
}

_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT}
_EXPRESSION = {"title": 'an expression "{{ ... }}"', "type": "string", "pattern": r"\{\{"}
_DURATION_TEXT = {
    "title": 'a duration such as "500ms", "3s", "2m" or "1h30m"',
    "type": "string",
    "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$",
}
_DURATION = {"anyOf": [{"title": "a number of seconds", "type": "number", "minimum": 0}, _DURATION_TEXT]}
_SOME_TIME = {
    "anyOf": [
        {"title": "a number of seconds above 0", "type": "number", "minimum": 0.001},
        {**_DURATION_TEXT, "pattern": f"(?=.*[1-9]){_DURATION_TEXT['pattern']}"},
    ]
}
_CONDITION = {
    "anyOf": [
        {"title": "an expression", **_TEXT},
        {"title": "true or false", "type": "boolean"},
        {"title": "a list of expressions", "type": "array", "minItems": 1, "items": _TEXT},
    ]
}
_NAME = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}


def spec_schema(kinds: Mapping[str, Kind]) -> Schema:
    """The schema of a spec whose tasks may be of these kinds."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "collector:spec",
        "title": "Collection spec",
        "description": "What to collect from a cluster, how to judge it, and where the report goes. Reference: docs/spec.md.",
        **_object(_top_level(), required=["version", "name", "collect"]),
        "$defs": {"task": _task(kinds)},
    }


def _top_level() -> dict[str, Schema]:
    return {
        "version": _about("version of the spec language", {"title": "the one that this collector reads: docs/spec.md", "const": 1}),
        "name": _about("name of the spec, shown in every report", _TEXT),
        "vars": _about("variables with their default values; -e overrides them", {"type": "object", "propertyNames": _NAME}),
        "collect": _about("the tasks, in any order", {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/task"}}),
        "analyze": _about("how to judge what was collected", _object(_analyze())),
        "report": _about("what to deliver", {"type": "array", "items": _report()}),
        "expect": _about("what should be there, so that its absence is seen", _object(_expect())),
        "redact": _about("regular expressions of further text to keep out of every output", _TEXTS),
    }


def _analyze() -> dict[str, Schema]:
    thresholds = {name: _about(f"{text} (default {THRESHOLDS[name]:g}s)", _DURATION) for name, text in _THRESHOLDS.items()}
    return {
        "thresholds": _about("limits of lag and clocks", _object(thresholds)),
        "rules": _about("rules of your own (docs/rules.md)", {"type": "array", "items": {"type": "object"}}),
        "rule_files": _about("files with rules of your own, relative to the spec", _TEXTS),
    }


def _report() -> Schema:
    file = {
        "path": _about("the file, replaced as a whole", _TEXT),
        "format": _about("what to write (default text)", {"enum": list(FORMATS)}),
        "mode": _about("its permissions (default 0600; prometheus 0644)", {"type": "string", "pattern": "^0?[0-7]{3}$"}),
    }
    email = {
        "to": _about("recipients", _one_or_more("an address")),
        "from": _about("sender (default COLLECTOR_MAIL_FROM)", _TEXT),
        "when": _about(
            "always (the default), on a problem, or on a change since the run before", {"enum": ["always", "problem", "change"]}
        ),
        "subject_prefix": _about("first words of the subject (default [collector])", {"type": "string"}),
    }
    ping = {
        "url": _about("URL of a dead man's switch, called when a run starts and ends", {"type": "string", "pattern": "^https?://"}),
        "method": _about("HTTP method (default POST)", {"enum": ["GET", "POST"]}),
        "fail_on": _about(
            "verdicts that call it with /fail (default none)", _one_or_more("a verdict", {"enum": [str(verdict) for verdict in Verdict]})
        ),
    }
    outputs = {
        "file": _about("write it into a file", _object(file, required=["path"])),
        "email": _about("mail it", _object(email, required=["to"])),
        "ping": _about("tell a dead man's switch that the collector ran", _object(ping, required=["url"])),
    }
    return {
        "anyOf": [
            {"title": f"one of {', '.join(FORMATS)}", "enum": list(FORMATS)},
            {"title": "file, email or ping with its settings", "maxProperties": 1, "minProperties": 1, **_object(outputs)},
        ]
    }


def _expect() -> dict[str, Schema]:
    nodes = {
        "anyOf": [
            {"title": "how many", "type": "integer", "minimum": 0},
            {"title": "a list of names", **_TEXTS},
        ]
    }
    return {
        "nodes": _about("nodes that must be there", nodes),
        "instances": _about("allocations of the job that must run", {"type": "integer", "minimum": 0}),
        "services": _about("services that must have instances in Consul", _TEXTS),
    }


def _task(kinds: Mapping[str, Kind]) -> Schema:
    properties = {**_task_keys(kinds), **{name: _kind(kind) for name, kind in kinds.items()}}
    return {
        "title": "Task",
        "description": "One kind of collection, with when and how often to do it.",
        **_object(properties),
        "oneOf": [{"required": [name]} for name in kinds],
    }


def _task_keys(kinds: Mapping[str, Kind]) -> dict[str, Schema]:
    return {
        "name": _about("what the task is for; default its kind", _TEXT),
        "when": _about("do it only if this is true; of a list, if all of it is true", _CONDITION),
        "register": _about("name under which other tasks see the result", _NAME),
        "loop": _about("do it for each element, which is called `item`", {"type": ["string", "array"], "minLength": 1}),
        "vars": _about("variables of this task", {"type": "object", "propertyNames": _NAME}),
        "tags": _about(
            "words for -t and --skip-tags",
            _one_or_more("a word"),
        ),
        "timeout": _about("time that one item may take, with all rungs (default 10s; 20s for what all else waits for)", _SOME_TIME),
        "retries": _about("how often to try again, where that can help", {"type": "integer", "minimum": 0, "maximum": 20}),
        "delay": _about("pause before another try", _DURATION),
        "until": _about("try again until this is true; `result` is the result", _CONDITION),
        "ignore_errors": _about("a failure of this task is no gap in the report", {"type": "boolean"}),
        "no_log": _about("keep what this task collects out of every output", {"type": "boolean"}),
        "try": _about(
            "the ladder: ways to ask, called rungs; the first that answers wins", {"type": "array", "minItems": 1, "items": _rung(kinds)}
        ),
    }


def _rung(kinds: Mapping[str, Kind]) -> Schema:
    names = sorted({name for kind in kinds.values() for name in kind.rungs})
    return {
        "anyOf": [
            {"title": "the name of a rung", "enum": names},
            {"title": "a rung with its value", "maxProperties": 1, "minProperties": 1, **_object({name: {} for name in names})},
        ]
    }


def _kind(kind: Kind) -> Schema:
    arguments = {name: _about(_meaning(argument), _argument(argument)) for name, argument in kind.arguments.items()}
    required = [name for name, argument in kind.arguments.items() if argument.required and argument.item is None]
    one_of = {"oneOf": [{"required": [name]} for name in kind.one_of]} if kind.one_of else {}
    return {"title": kind.name, "description": kind.summary, **_object(arguments, required), **one_of}


def _meaning(argument: Argument) -> str:
    """What an argument is, and where it comes from if the spec leaves it out."""
    if argument.item:
        return f"{argument.help}; left out, it is the item's `{argument.item}`"
    return f"{argument.help} (default {argument.default})" if argument.default else argument.help


def _argument(argument: Argument) -> Schema:
    if argument.type == "string" and not argument.choices:
        return argument.schema()
    return {"anyOf": [{"title": argument.words, **argument.schema()}, _EXPRESSION]}


def _one_or_more(what: str, schema: Schema = _TEXT) -> Schema:
    return {"anyOf": [{"title": what, **schema}, {"title": "a list of them", "type": "array", "minItems": 1, "items": schema}]}


def _object(properties: Mapping[str, Schema], required: list[str] | None = None) -> Schema:
    schema: Schema = {"type": "object", "additionalProperties": False, "properties": dict(properties)}
    return schema | ({"required": required} if required else {})


def task_keys() -> frozenset[str]:
    """Keys that a task may have beside that of its kind."""
    return frozenset(_task_keys({}))


def _about(text: str, schema: Schema) -> Schema:
    return {"description": text, **schema}
