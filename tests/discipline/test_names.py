"""Python 3.12 confuses a comprehension's variable with a module-level name if a function uses both (seen with 3.12.1; PEP 709)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "collector"


def defined(tree: ast.Module) -> set[str]:
    """Return names of a module's functions, classes, imports and constants."""
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    names |= {name.asname or name.name for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) for name in node.names}
    return names | {
        target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)
    }


def shadowing(tree: ast.Module) -> Iterator[str]:
    """Return comprehension variables that shadow a module-level name."""
    targets = [part for node in ast.walk(tree) if isinstance(node, ast.comprehension) for part in ast.walk(node.target)]
    names = defined(tree)
    yield from (f"{part.id}, line {part.lineno}" for part in targets if isinstance(part, ast.Name) and part.id in names)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_comprehension_shadows_nothing(path: Path) -> None:
    assert list(shadowing(ast.parse(path.read_text("utf-8")))) == []
