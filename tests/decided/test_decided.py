"""Incidents that others than the rules' authors wrote down, with the answer that they decided before any rule was tried on them.

At first sight 228 of 249 were answered as decided (docs/accuracy.md). A case's keys, beside those of tests/analysis/bundles.py: `first` are
the acceptable first root causes (CODE@NODE, none where nothing is wrong), `also` further ones (any of each list), `never` what must not be
accused, `verdict` the acceptable ones; `drop` takes results away, `logs` adds those of further tasks; `open` says why the answer still
differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.analyze import analyze
from collector.model import Bundle, Report, Result, Status, Target
from tests.analysis.bundles import NOW, bundle, ident

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ANSWER = ("says", "first", "also", "never", "verdict", "open", "drop", "logs")


def cases() -> Iterator[Any]:
    """Every case, those whose answer still differs marked so."""
    for path in sorted(Path(__file__).parent.glob("*.yml")):
        for number, case in enumerate(yaml.load(path.read_text("utf-8"), LOADER)["cases"], 1):
            differs = [pytest.mark.xfail(reason=case["open"], strict=True)] if "open" in case else []
            yield pytest.param(case, id=f"{path.stem} {number}: {case['says']}", marks=differs)


@pytest.mark.parametrize("case", list(cases()))
def test_the_answer_is_the_one_that_was_decided_before(case: dict[str, Any]) -> None:
    report = analyze(_bundle(case))
    roots = [f"{root.code}@{root.node or ''}" for root in report.root_causes]
    assert (roots[0] in case["first"]) if case["first"] else not _critical(report), roots
    for some in case.get("also", ()):
        assert set(some) & set(roots), roots
    for one in case.get("never", ()):
        assert one not in {*roots, *(root.partition("@")[0] for root in roots)}, roots
    assert str(report.verdict) in case.get("verdict", [str(report.verdict)]), report.headline


def _critical(report: Report) -> list[str]:
    return [root.code for root in report.root_causes if root.severity == "critical"]


def _bundle(case: dict[str, Any]) -> Bundle:
    made = bundle({key: value for key, value in case.items() if key not in ANSWER})
    kept = [result for result in made.results if result.id not in case.get("drop", ())]
    return made._replace(results=(*kept, *(_log(said) for said in case.get("logs", ()))))


def _log(said: dict[str, Any]) -> Result:
    alloc, stream = said.get("alloc") or ident(said["node"]), said.get("stream", "stderr")
    target = Target(node=said["node"], alloc=alloc, task=said["task"])
    data = {"alloc": alloc, "node": said["node"], "task": said["task"], "stream": stream, "lines": said["lines"]}
    data |= {"wanted": 20, "bytes": 1, "cut": False}
    item = f"{stream} of {said['task']}@{said['node']}"
    return Result(item, "log", "nomad_logs", target, Status.OK, "api", data=data, date=NOW)
