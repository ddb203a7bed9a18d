"""The effect of large answers on the process: none before the first, and none if the C library lacks the call."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from collector.sources import memory


@pytest.fixture(autouse=True)
def _anew():
    memory._keep_large_blocks_apart.cache_clear()
    yield
    memory._keep_large_blocks_apart.cache_clear()


@pytest.fixture
def calls(monkeypatch):
    found = []
    monkeypatch.setattr("ctypes.CDLL", lambda _name: SimpleNamespace(mallopt=lambda *words: found.append(words)))
    return found


def test_small_answers_change_nothing(calls):
    memory.make_room_for(b"x" * (memory.LARGE - 1))
    assert calls == []


def test_the_first_large_answer_changes_it_once(calls):
    for _ in range(3):
        memory.make_room_for(b"x" * memory.LARGE)
    assert calls == [(memory.M_MMAP_THRESHOLD, memory.APART)]


def test_a_c_library_without_the_call_is_left_alone(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda _name: SimpleNamespace())
    memory.make_room_for(b"x" * memory.LARGE)


def test_this_systems_own_takes_it():
    code = "from collector.sources.memory import *; make_room_for(b'x' * LARGE); print(len(b'x' * (8 << 20)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "8388608\n"
