"""`python -m tests.bench [--runs N] [--nodes N,N] [startup|three|growth ...]`: measure, and put the figures into docs/benchmarks.md."""

from __future__ import annotations

import argparse
import compileall
import sys
from pathlib import Path

import collector
from tests.bench import document
from tests.bench.growth import grown
from tests.bench.startup import starts
from tests.bench.three import three

NODES = (10, 100, 1000, 5000)
LATENCY = 0.02
SECTIONS = ("startup", "three", "growth")


def main() -> None:
    """Measure the requested sections; by default all."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", choices=[*SECTIONS, []], metavar="SECTION", help=f"of {', '.join(SECTIONS)}; all without any"
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each, of which the median counts (default 5)")
    parser.add_argument("--nodes", default=",".join(map(str, NODES)), help="sizes of the fleets")
    given = parser.parse_args()
    sections = given.sections or list(SECTIONS)
    # As in an installation: without bytecode, edited modules would be compiled in every run.
    compileall.compile_dir(Path(collector.__file__).parent, quiet=2)
    document.put("machine", document.machine(given.runs))
    begun = starts(4 * given.runs) if {"startup", "three"} & set(sections) else []
    if "startup" in sections:
        _show("startup", document.start_table(begun))
    if "three" in sections:
        _show("three", document.three_table(three(given.runs), begun[-1].wall))
    if "growth" in sections:
        sizes = []
        for nodes in given.nodes.split(","):
            sizes.append(grown(int(nodes), LATENCY, given.runs))
            _show("growth", document.growth_table(sizes))


def _show(section: str, text: str) -> None:
    document.put(section, text)
    sys.stdout.write(f"{section}\n{text}\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
