"""The git commit of a spec."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from collector.settings import Settings
from collector.sources.git import git_commit


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if not shutil.which("git"):
        pytest.skip("needs git")
    git(tmp_path, "init", "-q")
    (tmp_path / "spec.yml").write_text("version: 1\n")
    git(tmp_path, "add", "spec.yml")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "spec")
    return tmp_path


def git(directory: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(directory), *arguments], check=True, capture_output=True, text=True).stdout.strip()


def commit_of(path: Path, search: str | None = None) -> str | None:
    return git_commit(path, Settings.from_environment({"PATH": search if search is not None else os.environ["PATH"]}))


def test_the_commit_is_the_one_that_last_changed_the_file(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "other", "--allow-empty")
    assert commit_of(repository / "spec.yml") == first


def test_a_changed_file_is_dirty_and_its_neighbour_is_not(repository: Path) -> None:
    (repository / "other.yml").write_text("new\n")
    assert not str(commit_of(repository / "spec.yml")).endswith("-dirty")
    (repository / "spec.yml").write_text("version: 2\n")
    assert str(commit_of(repository / "spec.yml")).endswith("-dirty")
    assert commit_of(repository / "other.yml") is None


def test_a_files_name_is_no_pattern(repository: Path) -> None:
    (repository / "spec[.]yml").write_text("new\n")
    assert commit_of(repository / "spec[.]yml") is None


def test_outside_git_or_without_it_there_is_no_commit(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert commit_of(elsewhere / "spec.yml") is None
    assert commit_of(elsewhere / "no such directory" / "spec.yml") is None
    assert commit_of(repository / "spec.yml", search=str(elsewhere)) is None


def test_a_repository_cannot_start_a_program(repository: Path) -> None:
    hook = repository / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {repository}/started\n")
    hook.chmod(0o700)
    git(repository, "config", "core.fsmonitor", str(hook))
    assert commit_of(repository / "spec.yml")
    assert not (repository / "started").exists()


def test_a_repository_cannot_start_a_filter_or_a_checker_of_signatures(repository: Path) -> None:
    evil = repository / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {repository}/started\ncat\n")
    evil.chmod(0o700)
    signed = git(repository, "cat-file", "commit", "HEAD").replace(
        "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n", 1
    )
    (repository / "commit").write_text(signed + "\n")
    commit = git(repository, "hash-object", "-t", "commit", "-w", str(repository / "commit"))
    git(repository, "update-ref", "HEAD", commit)
    for key, value in (("log.showSignature", "true"), ("gpg.program", str(evil)), ("filter.f.clean", str(evil))):
        git(repository, "config", key, value)
    (repository / ".git" / "info" / "attributes").write_text("spec.yml filter=f\n")
    (repository / "spec.yml").touch()
    assert commit_of(repository / "spec.yml") == commit
    assert not (repository / "started").exists()
    (repository / "spec.yml").write_text("version: 2\n")
    assert commit_of(repository / "spec.yml") == f"{commit}-dirty"
    assert not (repository / "started").exists()


def test_a_repository_cannot_start_what_fetches(repository: Path) -> None:
    evil = repository / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {repository}/started\n")
    evil.chmod(0o700)
    tree = git(repository, "rev-parse", "HEAD^{tree}")
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "there"),
        ("remote.there.url", "ssh://there.example/x"),
        ("remote.there.promisor", "true"),
        ("core.sshCommand", str(evil)),
    ):
        git(repository, "config", key, value)
    (repository / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    assert commit_of(repository / "spec.yml") is None
    assert not (repository / "started").exists()


@pytest.mark.parametrize("hangs", ["log", "rev-parse", "hash-object"])
def test_a_git_that_hangs_is_given_up_and_calls_no_file_changed(
    hangs: str, repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.sources.git.GIT_SECONDS", 1.0)
    slow, real = tmp_path_factory.mktemp("bin"), shutil.which("git")
    (slow / "git").write_text(f'#!/bin/sh\ncase " $* " in *" {hangs} "*) exec sleep 60;; esac\nexec {real} "$@"\n')
    (slow / "git").chmod(0o700)
    began = time.monotonic()
    assert commit_of(repository / "spec.yml", search=f"{slow}{os.pathsep}{os.environ['PATH']}") is None
    assert time.monotonic() - began < 5
