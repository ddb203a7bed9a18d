"""`python -m tests.hostile`: do every fault to every system, measure, and write the table of docs/reliability.md."""

from __future__ import annotations

import re
import sys
from pathlib import Path

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


def main() -> None:
    """Measure and write."""
    rows = ["| fault | in the answers of | exit code | seconds | what the report said |", "| --- | --- | ---: | ---: | --- |"]
    for fault in FAULTS:
        for place, name in PLACES.items():
            rows.append(_row(fault.name, name, _spoiled(fault, place)))
    for command, script in COMMANDS.items():
        rows.append(_row(f"a command {command}", "the task", _commanded(script)))
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(before + BEGIN + "\n" + "\n".join(rows) + "\n\n" + END + rest.partition(END)[2], "utf-8")


def _spoiled(fault: Fault, place: str) -> Run:
    return diagnose(HEALTHY, Spoiler(SYSTEMS[place], fault.behave), command=NO_EXEC, deadline=SLOW if fault.slow else "10s")


def _commanded(script: str) -> Run:
    litefs, agents = of(LITEFS), of(CONSUL, host=OWN_AGENTS)
    return diagnose(CRASH, Spoiler(lambda ask: litefs(ask) or agents(ask), refused), command=script, deadline="3s")


def _row(fault: str, place: str, run: Run) -> str:
    check_sound(run)
    sys.stderr.write(f"{fault} in {place}: {run.code} after {run.seconds:.1f} s\n")
    return f"| {fault} | {place} | {run.code} | {run.seconds:.1f} | {_cell(_said(run))} |"


def _said(run: Run) -> str:
    """What a reader is told of it: why an item gave nothing, else the headline."""
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
    short = short if len(short) <= LONGEST else short[: LONGEST - 1].rstrip() + "…"
    return short.replace("|", "\\|").replace("<", "&lt;").replace("{{", "{ {").replace("`", "'")


if __name__ == "__main__":
    main()
