"""`python -m tests.fuzz.one TARGET SECONDS CORPUS`: fuzz one target. Exits with 0, or with libFuzzer's code if an exception escapes."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["collector"]):
    from tests.fuzz.targets import TARGETS

HANGS = 10
"""Seconds for one input."""
MEMORY = 1024
"""MiB."""


def main() -> None:
    """Run libFuzzer, which ends the process."""
    name, seconds, corpus = sys.argv[1:]
    options = [f"-max_total_time={seconds}", f"-timeout={HANGS}", f"-rss_limit_mb={MEMORY}", "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={corpus}-", corpus], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
