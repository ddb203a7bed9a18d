"""However much a server sends: memory stays bounded, and what is not kept is not read to its end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from collector.resources import spec_path
from tests.hostile.faults import FAULTS
from tests.hostile.places import SYSTEMS
from tests.hostile.proxy import Spoiler
from tests.hostile.run import cluster

BIG = (
    "1 GiB without end",
    "gzip bomb of 1 GiB",
    "gzip with 1 GiB behind it",
    "60 MiB of empty lists",
    "60 MiB of keys",
    "60 MiB of text that takes four bytes a letter",
    "deep objects",
    "100,000 brackets",
    "one header of 1 MiB",
    "64 KiB more in each text",
)
MOST_MIB = 300
"""Several answers of 64 MiB (a service's health has no pages) may be held at once beside the 100 MiB that the process takes."""
MEASURED = """\
import re, sys
from collector.cli import main
code = main(sys.argv[1:])
peak = re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())
sys.stderr.write(f"\\n{int(peak[1]) // 1024}\\n")
raise SystemExit(code)
"""
STATUS = Path("/proc/self/status")


@pytest.mark.skipif(not STATUS.exists(), reason="the peak of a process's memory is read from Linux's /proc")
@pytest.mark.parametrize("name", BIG)
def test_memory_is_bounded(name: str) -> None:
    fault = next(fault for fault in FAULTS if fault.name == name)
    with cluster("app-crash", Spoiler(SYSTEMS["everything"], fault.behave)) as (_, environ):
        words = [sys.executable, "-c", MEASURED, "diagnose", str(spec_path("navidrome")), "-o", "json"]
        ran = subprocess.run(words, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode in {1, 2, 3}, ran.stderr
    assert int(ran.stderr.split()[-1]) < MOST_MIB
