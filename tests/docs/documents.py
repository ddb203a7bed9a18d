"""Reads README and docs/ for these tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
UPDATE = "write it anew with `make test ARGS='tests/docs --update-goldens'`, and read the diff"
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELL = {"", "sh", "console"}


@dataclass(frozen=True, slots=True)
class Call:
    """A command in a document. `line` is the part before a comment, a pipe or a redirection."""

    document: str
    line: str

    def __str__(self) -> str:
        return f"{self.document}: {self.line}"


def text(name: str = "") -> str:
    """Return the text of one document, or of all."""
    return "\n".join(path.read_text("utf-8") for path in DOCUMENTS if not name or path.name == name)


def calls(program: str) -> list[Call]:
    """Return every call of a program in the documents' shell blocks, whatever its path."""
    found = re.compile(rf"(?:^|&& |; |<\(|^(?:[A-Z_]+=\S+ )+)(?:[\w./-]*/)?({program}(?: [^#|>)&;]*|$))")
    return [Call(path.name, match[1].strip()) for path in DOCUMENTS for line in _lines(path) for match in found.finditer(line)]


def _lines(path: Path) -> Iterator[str]:
    """Return the command lines: in console blocks those after a prompt; continued lines are joined."""
    for language, block in FENCE.findall(path.read_text("utf-8")):
        if language in SHELL:
            whole = block.replace("\\\n", " ").splitlines()
            prompted = [line for line in whole if line.startswith("$ ")]
            yield from (line.removeprefix("$ ") for line in prompted or whole)
