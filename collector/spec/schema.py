"""The spec language as a JSON schema: the single definition of its keys, their meaning and types.

The loader checks specs against it (structure.py); editors use the committed copy, schemas/spec.schema.json.
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
    """Return the schema of a spec whose tasks may be of these kinds."""
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
        "vars": _about("variables and their default values; -e overrides them", {"type": "object", "propertyNames": _NAME}),
        "collect": _about("the tasks, in any order", {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/task"}}),
        "analyze": _about("how to judge what was collected", _object(_analyze())),
        "report": _about("where the report goes", {"type": "array", "items": _report()}),
        "expect": _about("what must exist, so that its absence is noticed", _object(_expect())),
        "redact": _about("regular expressions for more text to keep out of every output", _TEXTS),
    }


def _analyze() -> dict[str, Schema]:
    thresholds = {name: _about(f"{text} (default {THRESHOLDS[name]:g}s)", _DURATION) for name, text in _THRESHOLDS.items()}
    return {
        "thresholds": _about("limits for lag and clocks", _object(thresholds)),
        "rules": _about("your own rules (docs/rules.md)", {"type": "array", "items": {"type": "object"}}),
        "rule_files": _about("files with your own rules, relative to the spec", _TEXTS),
    }


def _report() -> Schema:
    file = {
        "path": _about("the file; it is replaced atomically", _TEXT),
        "format": _about("output format (default text)", {"enum": list(FORMATS)}),
        "mode": _about("file permissions (default 0600; prometheus 0644)", {"type": "string", "pattern": "^0?[0-7]{3}$"}),
    }
    email = {
        "to": _about("recipients", _one_or_more("an address")),
        "from": _about("sender (default COLLECTOR_MAIL_FROM)", _TEXT),
        "when": _about(
            "always (the default), on a problem, or on a change since the previous run", {"enum": ["always", "problem", "change"]}
        ),
        "subject_prefix": _about("prefix of the subject (default [collector])", {"type": "string"}),
    }
    ping = {
        "url": _about("URL of a dead man's switch, called when a run starts and ends", {"type": "string", "pattern": "^https?://"}),
        "method": _about("HTTP method (default POST)", {"enum": ["GET", "POST"]}),
        "fail_on": _about(
            "verdicts that are reported as /fail (default none)", _one_or_more("a verdict", {"enum": [str(verdict) for verdict in Verdict]})
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
        "nodes": _about("nodes that must exist", nodes),
        "instances": _about("allocations of the job that must run", {"type": "integer", "minimum": 0}),
        "services": _about("services that must have instances in Consul", _TEXTS),
    }


def _task(kinds: Mapping[str, Kind]) -> Schema:
    properties = {**_task_keys(kinds), **{name: _kind(kind) for name, kind in kinds.items()}}
    return {
        "title": "Task",
        "description": "One kind of collection, and when and how to run it.",
        **_object(properties),
        "oneOf": [{"required": [name]} for name in kinds],
    }


def _task_keys(kinds: Mapping[str, Kind]) -> dict[str, Schema]:
    return {
        "name": _about("what the task is for (default: its kind)", _TEXT),
        "when": _about("run the task only if this is true; for a list, if all of its elements are", _CONDITION),
        "register": _about("name under which other tasks see the result", _NAME),
        "loop": _about("run the task once per element, available as `item`", {"type": ["string", "array"], "minLength": 1}),
        "vars": _about("variables for this task only", {"type": "object", "propertyNames": _NAME}),
        "tags": _about(
            "labels for -t and --skip-tags",
            _one_or_more("a word"),
        ),
        "timeout": _about(
            "time limit for one item, all rungs together (default 10s; 20s for the lists that everything else waits for)", _SOME_TIME
        ),
        "retries": _about("how often to retry where that can help", {"type": "integer", "minimum": 0, "maximum": 20}),
        "delay": _about("pause before a retry", _DURATION),
        "until": _about("retry until this is true; `result` is the item's result", _CONDITION),
        "ignore_errors": _about("a failure of this task does not count as a gap", {"type": "boolean"}),
        "no_log": _about("keep what this task collects out of every output", {"type": "boolean"}),
        "try": _about(
            "the ladder: several ways to ask (rungs), tried in order; the first that answers wins",
            {"type": "array", "minItems": 1, "items": _rung(kinds)},
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
    """Return an argument's description and default."""
    if argument.item:
        return f"{argument.help}; default: the item's `{argument.item}`"
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
    """Return the keys that a task may have besides its kind."""
    return frozenset(_task_keys({}))


def _about(text: str, schema: Schema) -> Schema:
    return {"description": text, **schema}
