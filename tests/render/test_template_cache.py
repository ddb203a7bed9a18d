"""Compiled templates are cached beside ours, if that is possible."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jinja2.bccache import bc_magic

from collector.render import cache, environment


@pytest.fixture
def templates(tmp_path, monkeypatch):
    """Return a directory in place of ours."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for module in (cache, environment):
        monkeypatch.setattr(module, "template_dir", lambda: tmp_path)
    (tmp_path / "one.j2").write_text("{{ a }}\n")
    return tmp_path


@pytest.fixture
def text():
    """What a process of its own would print."""

    def text(dirs=()):
        environment._environment.cache_clear()
        try:
            return environment.load("one.j2", dirs).render(a="x")
        finally:
            environment._environment.cache_clear()

    return text


def cached(templates: Path) -> list[Path]:
    return sorted((templates / "__pycache__").glob("*.cache"))


def test_a_second_run_compiles_no_template(templates, text, monkeypatch):
    assert text() == "x\n"
    assert len(cached(templates)) == 1
    monkeypatch.setattr("jinja2.Environment.compile", lambda *_, **__: pytest.fail("compiled a second time"))
    assert text() == "x\n"


@pytest.mark.parametrize("damage", [b"", b"j2 no bytecode at all", bc_magic, bc_magic + b"?", bc_magic + b"(.N", bc_magic + b"\xff" * 99])
def test_a_changed_or_damaged_template_is_compiled_again(templates, text, damage):
    text()
    cached(templates)[0].write_bytes(damage)
    assert text() == "x\n"
    (templates / "one.j2").write_text("{{ a }}{{ a }}\n")
    assert text() == "xx\n"


def test_another_jinja_or_another_way_to_compile_has_a_cache_of_its_own(templates, tmp_path):
    compiler = tmp_path / "compiler.py"
    compiler.write_text("")
    before = cache.TemplateCache(str(compiler)).pattern
    compiler.touch()
    assert cache.TemplateCache(str(compiler)).pattern != before


@pytest.mark.parametrize("how", ["not wished", "not possible"])
def test_without_write_permission_nothing_is_cached(templates, text, monkeypatch, how):
    if how == "not wished":
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
    else:
        (templates / "__pycache__").write_text("a file where the directory should be")
    assert text() == "x\n"
    assert cached(templates) == []


def test_a_users_own_templates_are_not_kept(templates, text, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    assert text((own,)) == "x\n"
    assert cached(templates) == []
