"""`python -m tests.hostile`: applies every fault to every system, measures, and writes the table of docs/reliability.md."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.hostile.cases import CRASH, HEALTHY, NO_EXEC, SLOW
from tests.hostile.faults import FAULTS, Fault
from tests.hostile.places import CONSUL, LITEFS, SYSTEMS, of
from tests.hostile.proxy import Spoiler
from tests.hostile.run import Run, check_sound, diagnose
from tests.hostile.test_exec import COMMANDS, OWN_AGENTS, refused

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- faults: written by `python -m tests.hostile` -->\n", "<!-- end of faults -->\n"
PLACES = {"nomad": "Nomad", "consul": "Consul", "litefs": "LiteFS"}
LONGEST = 90


class Row(NamedTuple):
    """One run: the fault, its target, and the outcome."""

    fault: str
    place: str
    code: int
    seconds: float
    said: str


def main() -> None:
    """Measure and write."""
    rows = [_row(fault.name, name, _spoiled(fault, place)) for place, name in PLACES.items() for fault in FAULTS]
    rows += [_row(f"a command {command}", "the task", _commanded(script)) for command, script in COMMANDS.items()]
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(before + BEGIN + "\n" + "\n".join(table(rows)) + "\n\n" + END + rest.partition(END)[2], "utf-8")


def table(rows: Iterable[Row]) -> list[str]:
    """Return the table's lines: faults with the same outcome are merged, with their longest time and what the first one's report said."""
    alike: dict[tuple[str, int, str], list[Row]] = {}
    for row in rows:
        alike.setdefault((row.place, row.code, row.said.partition(": ")[0]), []).append(row)
    lines = ["| in the answers of | fault | exit code | seconds, at most | what the report said |", "| --- | --- | ---: | ---: | --- |"]
    for (place, code, _), group in alike.items():
        faults = "; ".join(row.fault for row in group)
        also = ", and the like" if len({row.said for row in group}) > 1 else ""
        lines.append(f"| {place} | {faults} | {code} | {max(row.seconds for row in group):.1f} | {group[0].said}{also} |")
    return lines


def _spoiled(fault: Fault, place: str) -> Run:
    return diagnose(HEALTHY, Spoiler(SYSTEMS[place], fault.behave), command=NO_EXEC, deadline=SLOW if fault.slow else "10s")


def _commanded(script: str) -> Run:
    litefs, agents = of(LITEFS), of(CONSUL, host=OWN_AGENTS)
    return diagnose(CRASH, Spoiler(lambda ask: litefs(ask) or agents(ask), refused), command=script, deadline="3s")


def _row(fault: str, place: str, run: Run) -> Row:
    check_sound(run)
    sys.stderr.write(f"{fault} in {place}: {run.code} after {run.seconds:.1f} s\n")
    return Row(fault, place, run.code, run.seconds, _cell(_said(run)))


def _said(run: Run) -> str:
    """Return what a reader sees: why an item gave nothing, else the headline."""
    report = run.report
    lost = [item for item in report["items"] if item["status"] not in {"ok", "skipped"}]
    if not lost:
        return str(report["headline"])
    item = lost[0]
    tried = {attempt["rung"]: attempt for attempt in reversed(item["attempts"])}
    told = tried.get("exec") or next(iter(tried.values()), item)
    return f"{told['status']}: {told['reason'] or item['reason']}"


def _cell(text: str) -> str:
    short = re.sub(r"GET \S+: ", "", re.sub(r"\s+", " ", text))
    short = re.sub(r"the proxy \S+:\d+", "the proxy", short)  # its port differs in each run
    short = short if len(short) <= LONGEST else short[: LONGEST - 1].rstrip() + "…"
    return short.replace("|", "\\|").replace("<", "&lt;").replace("{{", "{ {").replace("`", "'")


if __name__ == "__main__":
    main()
