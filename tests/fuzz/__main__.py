"""`python -m tests.fuzz [SECONDS [TARGET...]]`: fuzz each target for this long (default 10) and print a table; exits with 1 on findings."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.targets import ROOT, TARGETS, seeds

SECONDS = "10"
EXECUTED = re.compile(r"number_of_executed_units: (\d+)")


def main() -> int:
    """Fuzz, report, and keep findings in .cache/fuzz."""
    seconds, *names = sys.argv[1:] or [SECONDS]
    kept = ROOT / ".cache" / "fuzz"
    kept.mkdir(parents=True, exist_ok=True)
    sys.stdout.write("| what reads | inputs tried | found |\n| --- | --- | --- |\n")
    found = [_fuzz(name, seconds, kept) for name in names or TARGETS]
    return int(any(found))


def _fuzz(name: str, seconds: str, kept: Path) -> bool:
    """Fuzz one target; return whether anything was found."""
    with tempfile.TemporaryDirectory(dir=kept) as place:
        corpus = Path(place) / name
        corpus.mkdir()
        for number, seed in enumerate(seeds(name)):
            (corpus / str(number)).write_bytes(seed)
        command = [sys.executable, "-m", "tests.fuzz.one", name, seconds, str(corpus)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
        tried = EXECUTED.search(done.stderr)
        for artifact in Path(place).glob(f"{name}-*"):
            artifact.rename(kept / artifact.name)
    sys.stdout.write(f"| {name} | {int(tried[1]) if tried else 0:,} | {'nothing' if not done.returncode else 'see below'} |\n")
    sys.stdout.flush()
    if done.returncode:
        (kept / f"{name}.log").write_text(done.stdout + done.stderr, "utf-8")
        sys.stderr.write(f"{name}: {kept / f'{name}.log'}\n{done.stderr[-2000:]}\n")
    return bool(done.returncode)


if __name__ == "__main__":
    sys.exit(main())
