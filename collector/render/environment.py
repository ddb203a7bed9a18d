"""The sandbox for templates: where they are found, what they may call, and how output is escaped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from collector.errors import SettingsError
from collector.model import JSON
from collector.render import layout, machine, units
from collector.resources import template_dir

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.runtime import Context
    from jinja2.sandbox import ImmutableSandboxedEnvironment

OURS = "collector"
"""The prefix with which a user's template includes or extends ours: `{% extends "collector/report.html.j2" %}`."""


def fill(template: str, values: Mapping[str, JSON], template_dirs: Sequence[Path]) -> str:
    """Render `template` with plain data; one of the same name in `template_dirs` takes precedence.

    Raises:
        SettingsError: the user's own template is invalid; with its name, line and reason.
    """
    with _explaining(template, template_dirs):
        return load(template, template_dirs).render(values)


def load(template: str, template_dirs: Sequence[Path]) -> Template:
    """Load and compile `template`; raises as `fill` does."""
    with _explaining(template, template_dirs):
        return _environment(tuple(template_dirs)).get_template(template)


@contextmanager
def _explaining(template: str, template_dirs: Sequence[Path]) -> Iterator[None]:
    """Convert errors in a user's template to `SettingsError`; an error in ours is a bug and is passed on."""
    from jinja2 import TemplateError, TemplateSyntaxError  # noqa: PLC0415 - not needed by a run that prints no report

    try:
        yield
    except TemplateError as error:
        if not template_dirs:
            raise
        place = f"{error.filename or error.name}:{error.lineno}" if isinstance(error, TemplateSyntaxError) else template
        raise SettingsError(f"template {place} (looked for in {', '.join(map(str, template_dirs))}): {error}") from error


@cache
def _environment(template_dirs: tuple[Path, ...]) -> ImmutableSandboxedEnvironment:
    from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined, select_autoescape  # noqa: PLC0415 - as above
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415 - as above

    from collector.render.cache import TemplateCache  # noqa: PLC0415 - as above

    ours = FileSystemLoader(template_dir())
    environment = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([FileSystemLoader(list(template_dirs)), ours, PrefixLoader({OURS: ours})]),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html.j2", "xml.j2")),  # Jinja2's defaults do not include .j2
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=None if template_dirs else TemplateCache(__file__),  # the directory of a user's template may not be writable
    )
    environment.filters |= _filters()
    return environment


def _filters() -> dict[str, object]:
    from jinja2 import pass_context  # noqa: PLC0415 - as above

    return {
        "hang": pass_context(_hang),
        "paint": pass_context(_paint),
        "table": pass_context(_table),
        "pretty_json": _pretty_json,
        "duration": units.duration,
        "clock": units.clock,
        "time_of_day": units.time_of_day,
        "cut": layout.cut,
        "markdown": machine.markdown_text,
        "code_block": machine.code_block,
        "label": machine.label_value,
        "one_line": machine.one_line,
    }


def _hang(context: Context, text: str, first: str = "", rest: str | None = None) -> str:
    return layout.hang(text, first, rest, width=context["width"])


def _paint(context: Context, text: str, style: str | None) -> str:
    return layout.paint(text, style, colour=context["colour"])


def _table(context: Context, nodes: Mapping[str, JSON]) -> str:
    rows = [row["cells"] for row in nodes["rows"]]
    return layout.table(nodes["columns"], rows, width=context["width"], colour=context["colour"])


def _pretty_json(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
