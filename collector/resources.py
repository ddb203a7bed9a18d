"""Locates the files shipped with the collector: schemas, templates, specs, recorded incidents and rules.

In a wheel they are package data beside this file; in a checkout or an editable install they are at the root of the repository. Uses
`__file__` instead of importlib.resources, whose import takes as long as reading every schema; wheels are always unpacked.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from collector.errors import UsageError
from collector.model import JSON
from collector.suggest import did_you_mean

_PACKAGE = Path(__file__).parent
_SCHEMA, _INCIDENT, _SPEC = ".schema.json", ".jsonl.gz", ".yml"


def _directory(name: str) -> Path:
    packaged = _PACKAGE / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


@cache
def _names(directory: Path, suffix: str) -> tuple[str, ...]:
    return tuple(sorted(path.relative_to(directory).as_posix().removesuffix(suffix) for path in directory.rglob(f"*{suffix}")))


def _find(directory: Path, name: str, suffix: str) -> Path:
    """Return the file of that name. Only listed names are opened, so a name cannot escape the directory."""
    known = _names(directory, suffix)
    if name not in known:
        hint = did_you_mean(name, known) or f"there are: {', '.join(known) or 'none'}"
        raise UsageError(f"{directory.name}: there is no {name!r} ({hint})")
    return directory / f"{name}{suffix}"


@cache
def schema(name: str) -> dict[str, JSON]:
    """Return the JSON schema of that name (`spec`, `kinds/nomad_nodes`), cached: do not modify. Raises `UsageError` for an unknown name."""
    document: dict[str, JSON] = json.loads(_find(_directory("schemas"), name, _SCHEMA).read_text("utf-8"))
    return document


def schema_names() -> tuple[str, ...]:
    """Return the names of all schemas, sorted."""
    return _names(_directory("schemas"), _SCHEMA)


def incident(name: str) -> Path:
    """Return the path of a recorded incident. Raises `UsageError` for an unknown name."""
    return _find(_directory("incidents"), name, _INCIDENT)


def incidents() -> tuple[str, ...]:
    """Return the names of the recorded incidents, sorted."""
    return _names(_directory("incidents"), _INCIDENT)


def spec_path(name: str) -> Path:
    """Return the path of a shipped spec (`navidrome`). Raises `UsageError` for an unknown name."""
    return _find(_directory("specs"), name, _SPEC)


def template_dir() -> Path:
    """Return the directory of the report templates."""
    return _directory("templates")


def rule_files() -> list[Path]:
    """Return the shipped rule files, sorted."""
    return sorted(path for path in (_PACKAGE / "rules").glob("*.yml") if path != joins_file())


def joins_file() -> Path:
    """Return the file with the joins that rules name."""
    return _PACKAGE / "rules" / "joins.yml"
