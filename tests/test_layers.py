"""Enforces docs/architecture.md's table: what a module may import, and who may access the outside."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Collection
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "collector"
EVERYTHING = "everything"
OUTSIDE = {"requests", "urllib3", "nomad", "consul", "socket", "socketserver", "ssl", "http", "smtplib", "subprocess"}
REACH_OUTSIDE = {"sources", "deliver", "replay"}
NOT_AT_START = {"nomad", "consul", "requests", "jinja2", "jsonschema", "yaml", "rich", "wcwidth", "prometheus_client", "shtab", "asyncio"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.name not in {"__init__.py", "__main__.py"})


def place(path: Path) -> str:
    """Return the module's row: its name, or that of its package directly below collector/."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def table() -> dict[str, set[str]]:
    """Return each row's allowed imports, including its own: the page's first table."""
    page, _, _ = (ROOT / "docs" / "architecture.md").read_text().partition("\n## ")
    rows = re.findall(r"^\| (`.*?) \| .* \| (.*?) \|$", page, re.MULTILINE)
    law = {}
    for places, may in rows:
        names = {re.sub(r"(\.py|/.*)$", "", name) for name in re.findall(r"`([^`]+)`", places)}
        allowed = {EVERYTHING} if may == EVERYTHING else set(re.findall(r"\w+", may)) - {"standard", "library"}
        law |= dict.fromkeys(names, allowed | names)
    return law


def imports(path: Path) -> set[str]:
    """Return the dotted names of all imports of a module, at any level."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def places_imported(path: Path) -> set[str]:
    """Return the rows that a module imports from; the version does not count."""
    dotted = (name.split(".") for name in imports(path))
    return {parts[1] for parts in dotted if parts[0] == "collector" and parts[1] != "__version__"}


def id_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_the_table_lists_every_module_and_no_other():
    here = {place(path) for path in MODULES}
    assert here - table().keys() == set(), "in collector/, not in docs/architecture.md"
    assert table().keys() - here - {"rules", "templates"} == set(), "in docs/architecture.md, not in collector/"


@pytest.mark.parametrize("path", MODULES, ids=id_of)
def test_imports_point_downwards_only(path):
    allowed = table().get(place(path), set())
    assert EVERYTHING in allowed or places_imported(path) <= allowed


@pytest.mark.parametrize("path", [path for path in MODULES if place(path) not in REACH_OUTSIDE], ids=id_of)
def test_only_sources_deliver_and_replay_reach_outside(path):
    assert {name.split(".")[0] for name in imports(path)} & OUTSIDE == set()


def test_the_table_has_no_cycle():
    law = {name: allowed - {name} for name, allowed in table().items() if EVERYTHING not in allowed}
    while law:
        bottom = {name for name, allowed in law.items() if not (allowed & law.keys()) - _row(name)}
        assert bottom, f"these import each other: {sorted(law)}"
        law = {name: allowed for name, allowed in law.items() if name not in bottom}


def test_no_module_is_in_an_import_cycle():
    """Import cycles are forbidden within a package too."""
    known = {_dotted(path): path for path in PACKAGE.rglob("*.py")}
    needs = {name: {_module(one, known) for one in imports(path)} - {name, None} for name, path in known.items()}
    TopologicalSorter(needs).prepare()


def rooms() -> list[str]:
    """Return the subpackages of observe/ from the bottom up, as docs/architecture.md lists them."""
    floors = re.findall(r"^\d\. (`.*?): ", (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE)
    return [re.sub(r"(\.py|/)$", "", name) for floor in floors for name in re.findall(r"`([^`]+)`", floor)]


@pytest.mark.parametrize("path", sorted((PACKAGE / "observe").glob("*/*.py")), ids=id_of)
def test_a_subpackage_of_observe_imports_only_from_earlier_ones(path):
    order = rooms()
    dotted = [name.split(".") for name in imports(path) if name.startswith("collector.observe.")]
    assert {parts[2] for parts in dotted} <= set(order[: order.index(path.parent.name) + 1])


def test_the_list_has_every_subpackage_of_observe():
    here = {path.name.removesuffix(".py") for path in (PACKAGE / "observe").iterdir() if not path.name.startswith("_")}
    assert here == set(rooms())


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _module(name: str, known: Collection[str]) -> str | None:
    """Return the module of this package that an imported name is, or belongs to."""
    return name if name in known else name.rpartition(".")[0] if name.rpartition(".")[0] in known else None


def _row(name: str) -> set[str]:
    """Return names in the same row, which may import each other."""
    law = table()
    return {other for other in law if law[other] == law[name]}


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_the_command_line_starts_without_what_only_a_run_needs(argument):
    code = f"import sys; from collector.cli import main; main([{argument!r}]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(done.stderr.split()) & NOT_AT_START == set()


SLOW_TO_START = {"dataclasses", "inspect"}
"""A dataclass takes as long to make as nine named tuples, and `dataclasses` itself as long as ten of them (docs/benchmarks.md)."""


def test_values_needed_before_the_first_request_are_no_dataclasses():
    ours = "collector.cli, collector.commands.diagnose, collector.commands.collecting, collector.sources.nomad"
    assert _loaded_by(ours) & SLOW_TO_START <= _loaded_by("nomad, consul, yaml")


def _loaded_by(modules: str) -> set[str]:
    code = f"import sys, {modules}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())
