from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("run", "build", "dev", "min", "fuzz")
PINNED = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^\s;]+)(?: ; [^\\]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def _pins(lock):
    return {match["name"]: match["version"] for match in PINNED.finditer(_text(lock))}


def _text(lock):
    return (ROOT / "requirements" / f"{lock}.txt").read_text()


def _names(requirements):
    return {re.match(r"[\w-]+", requirement)[0].lower() for requirement in requirements if isinstance(requirement, str)}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_pinned_and_hashed_packages_and_nothing_else(lock):
    assert PINNED.sub("", _text(lock)) == ""


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_registry(lock):
    assert "://" not in _text(lock)
    assert "index" not in _text(lock)


def test_every_dependency_is_locked():
    assert _names(PROJECT["project"]["dependencies"]) <= _pins("run").keys()
    assert _names(PROJECT["dependency-groups"]["build"]) <= _pins("build").keys()
    assert _names(PROJECT["dependency-groups"]["dev"]) <= _pins("dev").keys()
    assert _names(PROJECT["dependency-groups"]["fuzz"]) <= _pins("fuzz").keys()


def test_tests_run_with_the_versions_that_users_get():
    dev = _pins("dev")
    assert {name: dev[name] for name in _pins("run")} == _pins("run")
    assert {name: dev[name] for name in _pins("build")} == _pins("build")


def test_every_dependency_is_explained():
    rows = re.findall(r"^\| (`.+?`) \|", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    explained = {name.lower() for row in rows for name in re.findall(r"`([\w-]+)`", row)}
    assert explained == _pins("run").keys() | _names(PROJECT["dependency-groups"]["dev"]) | {"hatchling", "atheris"}


def test_the_lowest_versions_are_those_of_the_ranges():
    lowest = _pins("min")
    for requirement in PROJECT["project"]["dependencies"]:
        name, floor = re.match(r"([\w-]+)[>=]=([\d.]+)", requirement).groups()
        assert lowest[name.lower()].removesuffix(".0").startswith(floor.removesuffix(".0")), requirement
