"""Links and paths in documents exist: files, headings, and paths that are only mentioned."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.documents import DOCUMENTS, FENCE, ROOT

TREES = ("collector", "docs", "tests", "specs", "schemas", "deploy", "incidents", "requirements", "templates", "bin")
NAMED = re.compile(rf"(?<![\w/.@:-])((?:{'|'.join(TREES)})/[\w./@*-]*[\w/*])")
PLACEHOLDER = re.compile(r"/[A-Z]{2,}|/mine\.|^collector/[\w.]+\.j2$")
SOURCES = [*(ROOT / "collector").rglob("*.py"), *(ROOT / "collector").rglob("*.yml"), ROOT / "Makefile"]


def headings(path: Path) -> set[str]:
    """Return a document's anchors, as forges generate them."""
    titles = re.findall(r"^#+ (.*)$", FENCE.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(path: Path) -> list[str]:
    """Return links that lead nowhere."""
    return [
        link
        for link, file, anchor in re.findall(r"\]\(((?!https?:)([^)#\s]*)(?:#([^)\s]*))?)\)", path.read_text("utf-8"))
        if not (target := path.parent / file if file else path).exists() or (anchor and anchor not in headings(target))
    ]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    assert broken(path) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_document_can_be_reached_from_the_readme(path: Path) -> None:
    reached, new = set(), {ROOT / "README.md"}
    while new:
        reached |= new
        links = {(one.parent / link).resolve() for one in new for link in re.findall(r"\]\(([^)#\s:]+\.md)", one.read_text("utf-8"))}
        new = {link for link in links if link.exists()} - reached
    assert path in reached


@pytest.mark.parametrize("path", [*DOCUMENTS, *sorted(SOURCES)], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_is_named_is_there(path: Path) -> None:
    named = {name for name in NAMED.findall(path.read_text("utf-8")) if not PLACEHOLDER.search(name)}
    assert sorted(name for name in named if not {*ROOT.glob(name), *ROOT.glob(f"{name}.schema.json")}) == []
