"""Finds the files that ship with the collector: schemas, templates, specs, recorded incidents and rules.

In a wheel they are package data beside this file; in a checkout or an editable install they stand at the root of the repository.
`__file__` is used rather than importlib.resources: wheels are always unpacked, and its import costs as much as reading every schema.
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
    """The file of that name. Only names that are listed are opened, so that a name can never be a way out of the directory."""
    known = _names(directory, suffix)
    if name not in known:
        hint = did_you_mean(name, known) or f"there are: {', '.join(known) or 'none'}"
        raise UsageError(f"{directory.name}: there is no {name!r} ({hint})")
    return directory / f"{name}{suffix}"


@cache
def schema(name: str) -> dict[str, JSON]:
    """The JSON schema of that name (`spec`, `kinds/nomad_nodes`), read once; do not change it. Raises `UsageError` for an unknown name."""
    document: dict[str, JSON] = json.loads(_find(_directory("schemas"), name, _SCHEMA).read_text("utf-8"))
    return document


def schema_names() -> tuple[str, ...]:
    """Names of all schemas, sorted."""
    return _names(_directory("schemas"), _SCHEMA)


def incident(name: str) -> Path:
    """The recorded incident of that name. Raises `UsageError` for an unknown name."""
    return _find(_directory("incidents"), name, _INCIDENT)


def incidents() -> tuple[str, ...]:
    """Names of the recorded incidents, sorted."""
    return _names(_directory("incidents"), _INCIDENT)


def spec_path(name: str) -> Path:
    """The spec of that name that ships with the collector (`navidrome`). Raises `UsageError` for an unknown name."""
    return _find(_directory("specs"), name, _SPEC)


def template_dir() -> Path:
    """The directory of the report templates."""
    return _directory("templates")


def rule_files() -> list[Path]:
    """The files of the rules, which are part of the package, sorted."""
    return sorted(path for path in (_PACKAGE / "rules").glob("*.yml") if path != joins_file())


def joins_file() -> Path:
    """The file of the joins that rules name, beside them."""
    return _PACKAGE / "rules" / "joins.yml"
