"""docs/benchmarks.md: the figures, each with the command that produces it."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.bench.child import ROOT
from tests.bench.growth import Size
from tests.bench.startup import Start
from tests.bench.three import Three

PATH = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: {} -->", "<!-- end -->"


def put(section: str, text: str, path: Path = PATH) -> None:
    """Replace one measured section, keeping the hand-written text around it."""
    begin = BEGIN.format(section)
    content = path.read_text("utf-8")
    if begin not in content:
        raise SystemExit(f"{path.name} has no section {begin}")
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(END)}", re.DOTALL)
    path.write_text(pattern.sub(lambda _: f"{begin}\n{text.strip()}\n{END}", content, count=1), "utf-8")


def machine(runs: int) -> str:
    """Describe the machine."""
    cores, load = os.cpu_count(), os.getloadavg()[0]
    return (
        f"Measured on {cores} cores ({platform.machine()}, {platform.system()}), Python {platform.python_version()}, "
        f"load average {load:.1f} when it began; medians of {runs} runs of whole processes."
    )


def start_table(starts: Iterable[Start]) -> str:
    """Format the start-up times."""
    rows = [(start.name, f"{start.wall * 1000:.0f} ms", f"{start.cpu * 1000:.0f} ms", f"{start.ratio:.2f}") for start in starts]
    return _table(("command", "wall", "processor", "to the bare import"), rows)


def three_table(measured: Sequence[Three], start: float) -> str:
    """Format the times on three nodes, with the parts of their lower bound."""
    rows = [
        (
            one.incident,
            f"{one.latency * 1000:.0f} ms",
            f"{one.collector:.2f} s",
            f"{one.bound(start):.2f} s",
            f"{one.collector / one.bound(start):.2f}",
            f"{one.collector / (one.offline + one.chain * one.latency):.2f}",
            f"{one.script:.2f} s",
            f"{one.script / one.collector:.1f}",
        )
        for one in measured
    ]
    head = ("incident", "added", "collector", "bound", "to the bound", "to offline + chain", "script", "script / collector")
    facts = "; ".join(
        f"{one.incident}: {one.calls} calls, chain {one.chain}, `analyze BUNDLE` {one.offline:.2f} s" for one in measured if not one.latency
    )
    return f"{_table(head, rows)}\n\n{facts}. The first request leaves after {start:.2f} s."


def growth_table(sizes: Sequence[Size]) -> str:
    """Format the times on fleets."""
    rows = [
        (
            f"{size.nodes:,}",
            f"{size.wall:.1f} s",
            f"{size.cpu:.1f} s",
            f"{size.peak:.0f} MB",
            f"{size.calls:,}",
            f"{size.of_healthy}",
            f"{size.commands}",
            f"{size.most} / {size.most_of_one}",
            f"{size.stages['analyze'] / size.nodes * 1000:.2f} ms",
        )
        for size in sizes
    ]
    head = ("nodes", "wall", "processor", "memory", "calls", "of a healthy node", "commands", "at once / one server", "analysis a node")
    return f"{_table(head, rows)}\n\n{_stages(sizes)}"


def _stages(sizes: Sequence[Size]) -> str:
    """Format the processor seconds of the stages after collecting."""
    names = [name for name in sizes[0].stages if not name.startswith("bytes ")]
    rows = [(f"{size.nodes:,}", *(f"{size.stages[name]:.2f}" for name in names)) for size in sizes]
    return _table(("nodes", *names), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
