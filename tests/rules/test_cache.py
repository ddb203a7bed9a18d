"""Rule files are parsed once, and cached until they change."""

from __future__ import annotations

import sys

import pytest

from collector import yamlio
from collector.errors import SpecError
from collector.resources import joins_file, rule_files
from collector.rulebook.cache import read_cached

TEXT = "- code: a\n\n- code: b\n"


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "own.yml"
    path.write_text(TEXT)
    return path


@pytest.fixture
def never_again(monkeypatch):
    def forbid():
        monkeypatch.setattr(yamlio, "load", lambda *_: pytest.fail("the YAML was read a second time"))

    return forbid


@pytest.mark.parametrize("file", [*rule_files(), joins_file()], ids=lambda file: file.stem)
def test_the_cache_equals_the_yaml(file):
    document = yamlio.read(file)
    read = read_cached(file)
    assert read.data == document.data
    assert read.lines == [document.mark(f"$[{index}]").line for index in range(len(read.lines))]


def test_a_second_run_reads_no_yaml(path, never_again):
    first = read_cached(path)
    assert first == ([{"code": "a"}, {"code": "b"}], [1, 3])
    never_again()
    assert read_cached(path) == first


@pytest.mark.parametrize("damage", [b"", b"no bytecode at all", b"\0" * 16])
def test_a_changed_or_damaged_file_is_parsed_again(path, damage):
    read_cached(path)
    (there,) = (path.parent / "__pycache__").iterdir()
    there.write_bytes(damage)
    assert read_cached(path).data == [{"code": "a"}, {"code": "b"}]
    path.write_text(TEXT + "- code: c\n")
    assert read_cached(path).lines == [1, 3, 4]


def test_without_write_permission_nothing_is_cached(path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert read_cached(path).lines == [1, 3]
    assert not (path.parent / "__pycache__").exists()


def test_invalid_yaml_is_reported_and_not_cached(path):
    path.write_text("- [")
    for _ in range(2):
        with pytest.raises(SpecError, match=r"own\.yml"):
            read_cached(path)
