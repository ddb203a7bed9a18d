import os
import stat
from pathlib import Path

import pytest

from collector.files import write_atomic


def test_a_file_holds_the_new_text_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "report"
    path.write_bytes(b"old text that is longer")
    path.chmod(0o644)
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_mode_overrides_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        write_atomic(tmp_path / "metrics.prom", b"", 0o644)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "metrics.prom").stat().st_mode) == 0o644


def test_a_reader_of_the_old_file_reads_it_to_its_end(tmp_path):
    path = tmp_path / "report"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        write_atomic(path, b"new")
        assert reader.read() == b"old"


def test_a_link_stays_and_its_file_is_replaced(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_atomic(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_special_file_is_written_to_and_not_replaced():
    before = Path(os.devnull).stat().st_rdev
    write_atomic(Path(os.devnull), b"report")
    assert Path(os.devnull).stat().st_rdev == before


def test_a_long_name_fits(tmp_path):
    write_atomic(tmp_path / ("x" * 255), b"new")
    assert (tmp_path / ("x" * 255)).read_bytes() == b"new"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "report"
    path.write_bytes(b"old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, b"new")
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("report", b"old")]
